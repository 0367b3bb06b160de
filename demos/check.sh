#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Runs a demo and checks its output and exit code.
#   check.sh exact FILE COMMAND...   prints FILE
#   check.sh set FILE COMMAND...     prints the lines of FILE, in any order
#   check.sh late FILE COMMAND...    prints FILE, but a number before "ms" may be larger by less than 300
#   check.sh line REGEX COMMAND...   prints one line, and REGEX (extended) matches all of it
#   check.sh first REGEX COMMAND...  REGEX (extended) matches all of the first line it prints
#   check.sh joined REGEX COMMAND... the lines it prints, joined by blanks, are matched by REGEX
#   check.sh usage COMMAND...        prints only its usage, on stderr, and exits 2 (the others: 0)
#   check.sh refuses PROGRAM WORDS...  the same with each of WORDS, split at blanks, as its arguments
#   check.sh run COMMAND...          exits 0 (for scripts that do their own checks)
#   check.sh stderr CHECK...         the check is one of stderr, not of stdout
#   check.sh both CHECK...           the check is one of stdout and stderr together
#   check.sh seeds CHECK...          the check holds in virtual time, in each of 20 seeded schedules
set -u

if [ "$1" = seeds ]; then
    shift
    for seed in $(seq 20); do
        HEDDLE_CLOCK=virtual HEDDLE_SEED=$seed sh "$0" "$@" || {
            echo "with HEDDLE_CLOCK=virtual HEDDLE_SEED=$seed"
            exit 1
        }
    done
    exit
fi
if [ "$1" = refuses ]; then
    program=$2
    shift 2
    for words in "$@"; do
        sh "$0" usage "$program" $words || exit 1
    done
    exit
fi

# Compares stdin with the file $1, as the verb `late` above requires.
late() {
    awk '
        NR == FNR { expected[lines = NR] = $0; next }
        {
            words = split(expected[++seen], word)
            bad = words != NF
            for (i = 1; i <= NF; ++i)
                if ($i != word[i] && !(word[i + 1] ~ /^ms/ && $i >= word[i] && $i < word[i] + 300))
                    bad = 1
            if (bad) { print "expected: " expected[seen]; wrong = 1 }
        }
        END { exit wrong || seen != lines }' "$1" -
}

stream=stdout
case $1 in
stderr | both)
    stream=$1
    shift
    ;;
esac
verb=$1
shift
[ "$verb" = run ] && exec "$@"
if [ "$verb" != usage ]; then
    expected=$1
    shift
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

case $stream in
stdout) "$@" >"$dir/out" 2>"$dir/err" </dev/null ;;
stderr) "$@" >"$dir/err" 2>"$dir/out" </dev/null ;;
both) "$@" >"$dir/out" 2>&1 </dev/null ;;
esac
status=$?
case $verb in
exact) diff -u "$expected" "$dir/out" ;;
set) sort "$expected" >"$dir/want" && sort "$dir/out" | diff -u "$dir/want" - ;;
late) late "$expected" <"$dir/out" ;;
line) [ "$(wc -l <"$dir/out")" = 1 ] && grep -Eqx -e "$expected" "$dir/out" ;;
first) head -n 1 "$dir/out" | grep -Eqx -e "$expected" ;;
joined) paste -sd ' ' "$dir/out" | grep -Eqx -e "$expected" ;;
usage) [ ! -s "$dir/out" ] && grep -q '^usage: ' "$dir/err" ;;
*) false ;;
esac
good=$?
[ "$verb" = usage ] && wanted=2 || wanted=0
[ $good = 0 ] && [ $status = $wanted ] && exit 0

echo "$verb: $*: exit $status (expected $wanted), its output:"
cat "$dir"/out "$dir"/err 2>/dev/null
exit 1
