#!/usr/bin/env bash
# The binary interface of plugins, as it was recorded: what the library exports, and what a plugin's descriptor holds.
#
#   abi.sh check BUILD    compares a build with the record; any difference is an error
#   abi.sh record BUILD   makes the record anew: after an addition, for which FX_ABI_MINOR was raised
#
# Descriptions differ from version to version of abidw, so only one of them is used: Debian 12's, on amd64.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
headers=$here/../../core/include
command=$1 build=$2
readonly tool_version=2.2

if ! abidw --version 2>/dev/null | grep -q " $tool_version\\." || [ "$(uname -m)" != x86_64 ]; then
    echo "the ABI is not compared: that needs abidw $tool_version (Debian 12's abigail-tools) on amd64" >&2
    exit
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# What is recorded, and the file in the build that has it.
files=("library:core/.libs/libflow-exporter.so.1" "plugin:tests/plugin/.libs/output-sum.so")

for entry in "${files[@]}"; do
    name=${entry%%:*} file=$build/${entry#*:}
    if [ "$command" = record ]; then
        abidw --headers-dir "$headers" --drop-private-types --no-corpus-path --no-show-locs --no-comp-dir-path "$file" \
            --out-file "$folder/$name.abi"
        xz -9 <"$folder/$name.abi" >"$here/$name.abi.xz"
    else
        xz -dc "$here/$name.abi.xz" >"$folder/$name.abi"
        abidiff --headers-dir2 "$headers" --drop-private-types "$folder/$name.abi" "$file" || {
            echo "The ABI of the $name has changed. If members were added and FX_ABI_MINOR was raised, record it:" \
                "tests/abi/abi.sh record build" >&2
            exit 1
        }
    fi
done
