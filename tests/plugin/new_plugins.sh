#!/usr/bin/env bash
# Tests the folders that `flow-exporter new-plugin` makes, with only an installed program and its headers. Argument: the
# folder of the installation (DESTDIR of `make install`).
set -euo pipefail
root=$1
export PATH=$root/usr/local/bin:$PATH LD_LIBRARY_PATH=$root/usr/local/lib
export PKG_CONFIG_PATH=$root/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
export FLOW_EXPORTER_PLUGIN_DIR=$root/usr/local/lib/flow-exporter
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

works() { grep -q "$1-mine works" || { echo "$1: $2" >&2; return 1; }; }

for kind in input resolver output; do
    flow-exporter new-plugin $kind $kind-mine >/dev/null
    cd $kind-mine
    make check CFLAGS='-O2 -Werror' 2>&1 | tee make.log | works $kind make || { cat make.log >&2; exit 1; }
    # The README has the table of the options. The rest of the program's answer is the same for all plugins.
    flow-exporter --plugin-dir . plugin $kind-mine --markdown | awk '/^\|/ {print; seen = 1; next} seen {exit}' >options
    grep '^|' README.md | diff options - || exit 1
    make install DESTDIR="$folder/installed" PLUGIN_DIR=/plugins >/dev/null
    [ "$(ls "$folder/installed/plugins")" = $kind-mine.so ] || { echo "$kind: make install" >&2; exit 1; }
    rm -rf "$folder/installed"
    make clean >/dev/null
    meson setup meson >meson.log 2>&1 && meson test -C meson >>meson.log 2>&1 || { cat meson.log >&2; exit 1; }
    works $kind meson <meson/meson-logs/testlog.txt
    cmake -B cmake >cmake.log 2>&1 && cmake --build cmake >>cmake.log 2>&1 && ctest -V --test-dir cmake >>cmake.log 2>&1 ||
        { cat cmake.log >&2; exit 1; }
    works $kind cmake <cmake.log
    cd ..
done

# Refused arguments change nothing.
refuses() {
    local status=$1 said=$2
    shift 2
    local got=0
    flow-exporter new-plugin "$@" 2>said || got=$?
    [ $got = "$status" ] && grep -q "$said" said || { echo "new-plugin $*: $got, $(cat said)" >&2; exit 1; }
}
refuses 64 'needs a kind' output
refuses 64 "not 'sink'" sink mine
refuses 64 'begins with its kind' output ../mine
refuses 64 'begins with its kind' output test
refuses 64 'begins with its kind' output output-
refuses 64 'begins with its kind' input output-show
refuses 70 'File exists' output output-mine
