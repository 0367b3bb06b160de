#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Talks to the server through clients in other languages, as far as they are installed: redis-py, ioredis, go-redis.
# Usage: clients.sh PROGRAM
cd "$(dirname "$0")/clients" || exit 1
dir=$(mktemp -d) || exit 1
mkfifo "$dir/line"
"$1" --port 0 >"$dir/line" &
server=$!
trap 'kill -KILL $server 2>/dev/null; rm -rf "$dir"' EXIT
read -r words <"$dir/line"
port=${words##*:}
talked=0
talk() { timeout 50 "$@" "$port" && talked=1 || { echo "FAILED: $1"; exit 1; } }

if python3 -c 'import redis' 2>/dev/null; then
    talk python3 redis_py.py
else
    echo "skipped: redis-py (pip install redis)"
fi

NODE_PATH=${NODE_PATH-$(npm root -g 2>/dev/null)}
export NODE_PATH
if node -e 'require("ioredis")' 2>/dev/null; then
    talk node ioredis.js
else
    echo "skipped: ioredis (npm install -g ioredis)"
fi

# It is built from what is in the cache of modules.
export GOPROXY=off GOFLAGS=-mod=mod GOTOOLCHAIN=local GOSUMDB=off
version=$(ls -d "$(go env GOMODCACHE 2>/dev/null)"/github.com/redis/go-redis/v9@* 2>/dev/null | sed 's/.*@//' | sort -V | tail -1)
if [ "$version" ] && cp go_redis.go "$dir" &&
    printf 'module client\n\ngo 1.24\n\nrequire github.com/redis/go-redis/v9 %s\n' "$version" >"$dir/go.mod" &&
    (cd "$dir" && timeout 40 go build -o go_redis . 2>log); then
    talk "$dir/go_redis"
else
    echo "skipped: go-redis (go get github.com/redis/go-redis/v9)"
fi

kill -TERM $server
wait $server || { echo "FAILED: exit $?"; exit 1; }
[ $talked = 1 ] || exit 77
