#!/usr/bin/env bash
# inside.sh ROOT ARCHIVES FOLDER COMMAND...: the first process of fresh.sh's namespaces. When it ends, all processes in
# them end. It ends when its standard input does.
set -euo pipefail
root=$1 archives=$2 folder=$3
shift 3

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
while read -r name major minor; do mknod -m 666 "$root/dev/$name" c "$major" "$minor"; done <<'END'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mkdir -p "$root/run/lock"
# All systems of one release that are made here share what apt has downloaded.
mount --bind "$archives" "$root/var/cache/apt/archives"

trap 'exit 130' INT TERM
{ read -r _ || true; kill -TERM $$; } <&0 &
chroot "$root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@" </dev/null &
status=0
wait $! || status=$?
exit $status
