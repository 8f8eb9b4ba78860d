#!/usr/bin/env bash
# Makes a bare Debian in a folder, and follows the README's first page in it as a new user would: see ./dev help.
#
# The new system takes over what belongs to this machine and not to Debian: certificate authorities, proxies, and where
# apt, Maven, npm and pip get their packages. All mounts are in a namespace of their own, so they end with the last
# process in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly home=/root/flow-exporter # the clone's place inside
again= releases=() started=0 total_started=$SECONDS

say() { printf '== %s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
root_of() { echo "$PWD/build/fresh-$1"; }
size_of() { as_root du -sh --one-file-system "$@" | cut -f1; }

# took WHAT: prints the time since the last step ended.
took() {
    printf '== %s: %d s\n' "$1" $((SECONDS - started)) >&2
    started=$SECONDS
}

# ---- the system -------------------------------------------------------------------------------------------------

# The places from which this machine gets Debian, for another release. Prints nothing if this machine is no Debian.
sources() {
    local release=$1 here codename uri component
    here=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(CODENAME) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        while read -r codename uri component; do
            case $codename in
            "$here" | "$here-updates" | "$here-security") echo "deb $uri $release${codename#"$here"} $component" ;;
            esac
        done | sort -u
}

# apt's settings for the network, as options for mmdebstrap, which keeps them in the new system.
apt_options() {
    apt-config dump | grep -E '^Acquire::((http|https|ftp)::|Retries |Check-|ForceIPv|Proxy-Auto-Detect |Max-FutureTime )' |
        grep -v ' "";$' | sed 's/^/--aptopt=/'
}

make_system() {
    local release=$1 root=$2 options=() from
    mapfile -t options < <(apt_options)
    options+=(--dpkgopt=force-unsafe-io) # a system that a crash leaves unfinished is no loss
    from=$(sources "$release")
    case $from in *https:*) options+=(--include=ca-certificates) ;; esac
    as_root rm -rf --one-file-system "$root"
    mkdir -p build
    if [ -n "$from" ]; then
        as_root setpriv --pdeathsig TERM mmdebstrap --quiet --variant=minbase "${options[@]}" "$release" "$root" - <<<"$from"
    else
        as_root setpriv --pdeathsig TERM mmdebstrap --quiet --variant=minbase "${options[@]}" "$release" "$root"
    fi
}

# ---- what belongs to this machine -------------------------------------------------------------------------------

# copy FILE ROOT [PLACE]: copies the file if it exists.
copy() {
    if [ -f "$1" ]; then as_root install -D -m 600 "$1" "$2${3:-$1}"; fi
}

take_over() {
    local root=$1 file name
    as_root mkdir -p "$root/usr/local/share/ca-certificates"
    if [ -d /usr/local/share/ca-certificates ]; then
        as_root cp -rL /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates"
    fi
    for file in /etc/apt/auth.conf /etc/apt/auth.conf.d/*.conf /etc/pip.conf; do copy "$file" "$root"; done
    for file in .m2/settings.xml .m2/settings-security.xml .mavenrc .npmrc .config/pip/pip.conf .pip/pip.conf; do
        copy "$HOME/$file" "$root" "/root/$file"
    done
    if command -v npm >/dev/null; then copy "$(npm config get globalconfig)" "$root" /etc/npmrc; fi
    for name in $(ca_variables); do # a bundle that no package of Debian makes
        case ${!name} in /etc/ssl/certs/*) ;; *) copy "${!name}" "$root" ;; esac
    done
    printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(hostname)" | as_root tee "$root/etc/hosts" >/dev/null
    as_root cp -L /etc/resolv.conf "$root/etc/resolv.conf"
}

ca_variables() { compgen -e | grep -xE 'NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(CURL|REQUESTS)_CA_BUNDLE|PIP_CERT|GIT_SSL_CAINFO' || true; }

# Prints NAME=VALUE for each network setting in the environment.
environment() {
    local name
    for name in $(compgen -e | grep -ixE '(https?|ftp|no|all)_proxy|npm_config_(registry|cafile|.*proxy)|MAVEN_(OPTS|ARGS)|PIP_(.*INDEX.*|CERT|TRUSTED_HOST)') \
        $(ca_variables); do
        echo "$name=${!name}"
    done
}

# ---- the clone, and the commands in it --------------------------------------------------------------------------

# The clone has what is committed here. In a clone from an earlier run only changed files are touched: the rest need not
# be built anew.
put_clone() {
    local place=$1$home bundle
    [ -z "$(git status --porcelain)" ] || say 'what is not committed is left out'
    bundle=$(mktemp)
    local status=0 # set -e does not hold here, because main takes the status
    git bundle create --quiet "$bundle" HEAD &&
        { [ -d "$place/.git" ] || as_root git init --quiet "$place"; } &&
        as_root git -C "$place" fetch --quiet "$bundle" HEAD &&
        as_root git -C "$place" reset --quiet --hard FETCH_HEAD || status=$?
    rm -f "$bundle"
    return $status
}

# inside ROOT COMMAND...: runs the command in namespaces of its own. Its standard input is a pipe that only this script
# holds open. When this script ends, even by SIGKILL and with sudo between them, the pipe ends, and with the pipe all
# processes inside.
inside() {
    local root=$1 settings=() status=0 folder lifeline reading
    shift
    mapfile -t settings < <(environment)
    as_root mkdir -p "build/fresh-archives/${root##*fresh-}/partial"
    folder=$(mktemp -d)
    mkfifo "$folder/lifeline"
    exec {lifeline}<>"$folder/lifeline" {reading}<"$folder/lifeline"
    rm -rf "$folder"
    as_root env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
        ${CI:+CI="$CI"} "${settings[@]}" \
        unshare --mount --pid --fork --kill-child --propagation private \
        bash tests/fresh/inside.sh "$root" "$PWD/build/fresh-archives/${root##*fresh-}" "$home" "$@" <&"$reading" {reading}<&- {lifeline}>&- &
    local started_here=$!
    # shellcheck disable=SC2064
    trap "exec {lifeline}>&-; wait; exit 130" INT TERM
    wait $started_here || status=$?
    trap - INT TERM
    exec {lifeline}>&- {reading}<&-
    return $status
}

run_release() {
    local release=$1 root status=0
    shift
    root=$(root_of "$release")
    started=$SECONDS
    if [ -n "$again" ] && [ -d "$root$home" ]; then
        say "$release as it was left in $root"
    else
        say "a bare Debian $release in $root"
        make_system "$release" "$root" || return
        take_over "$root" || return
        took "$release, bare, $(size_of "$root")"
    fi
    put_clone "$root" || return
    if [ $# != 0 ]; then
        inside "$root" ./dev "$@" || status=$?
        took "$release: ./dev $*: status $status"
    else
        inside "$root" tests/fresh/demo.sh || status=$?
        took "$release: ./dev run, to the first flows on the page: status $status"
        inside "$root" ./dev test || status=$?
        took "$release: ./dev test: status $status"
    fi
    say "$release: $(size_of "$root") in $root, of which $(size_of "$root$home") are the clone;" \
        "$(as_root chroot "$root" dpkg-query -f '.\n' -W | wc -l) packages"
    return $status
}

main() {
    local release status=0
    while [ $# != 0 ]; do
        case $1 in
        --again) again=1 ;;
        --remove) as_root rm -rf --one-file-system build/fresh-*; return ;;
        bookworm | trixie) releases+=("$1") ;;
        *) break ;;
        esac
        shift
    done
    [ ${#releases[@]} != 0 ] || releases=(bookworm trixie)
    for release in "${releases[@]}"; do run_release "$release" "$@" || status=$?; done
    say "in all $((SECONDS - total_started)) s"
    return $status
}
# A script that sources this file gets its functions: the tests of packages do, and the maker of a base image.
[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"
