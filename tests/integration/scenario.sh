#!/bin/bash
# scenario.sh NAME: makes the demonstration in a folder of its own on a free port and plays the scenario, as ./start does; then everything that is stored must
# be whole. LAHETTID and LAHETTI name the programs, SOURCE the tree.
set -euo pipefail
dir=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || { kill -TERM "$server" && wait "$server"; } || true
	rm -rf "$dir"
}
trap finish EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$SOURCE"/packaging/demonstration "$dir" "$port"
coproc SERVER { exec "$LAHETTID" run --config "$dir/lahettid.conf" 2>>"$dir/server.log"; }
server=$SERVER_PID
read -r -t 60 line <&"${SERVER[0]}"
[[ $line == ready* ]]
"$SOURCE"/packaging/scenario-"$1" "$dir"
kill -TERM "$server"
wait "$server"
server=
"$LAHETTID" fsck --config "$dir/lahettid.conf"
