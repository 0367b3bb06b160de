#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Presses return when seven ticks are left: the launch is aborted. Usage: abort.sh PROGRAM
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkfifo "$dir/typed" "$dir/said"
"$1" <"$dir/typed" >"$dir/said" &
exec 3>"$dir/typed" 4<"$dir/said"
while read -r line <&4 && [ "$line" != 7 ]; do :; done
echo >&3
rest=$(cat <&4)
wait $!
status=$?
case $rest in
*'Lift off!'*) ;;
*'Launch aborted!') [ $status = 0 ] && exit ;;
esac
printf 'exit %s, after 7:\n%s\n' $status "$rest"
exit 1
