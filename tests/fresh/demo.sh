#!/usr/bin/env bash
# Runs ./dev run until its page shows flows, then presses Ctrl-C. Needs bash alone: ./dev run must install what the page
# needs.
set -euo pipefail
readonly seconds=1800
log=$(mktemp)

say() { printf '== %s\n' "$*" >&2; }

# has_flows PORT: true if the page has a counter with a value.
has_flows() (
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    page=$(cat <&3)
    grep -qE '^flow_receive_bytes_total\{.*\} [1-9]' <<<"$page"
)

set -m # in a group of its own, as on a terminal
./dev run >"$log" 2>&1 &
readonly demo=$!
trap 'kill -TERM -- -$demo 2>/dev/null' EXIT
until port=$(sed -nE 's|^ *metrics +http://localhost:([0-9]+)/metrics$|\1|p' "$log") && [ -n "$port" ] && has_flows "$port" 2>/dev/null; do
    if ! kill -0 $demo 2>/dev/null || [ $SECONDS -gt $seconds ]; then
        tail -n 50 "$log" >&2
        say './dev run has shown no flows'
        exit 1
    fi
    sleep 0.5
done
say "flows on the page after $SECONDS s"
kill -INT -- -$demo
status=0
wait $demo || status=$?
trap - EXIT
[ $status = 0 ] || { tail -n 50 "$log" >&2; say "./dev run ended with $status"; exit 1; }
