#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
#   test.sh table PROGRAM     for each cost and design, oracle.txt has the time of the last burn with 16 cores and
#                             the time when all are home with one; each book is burnt once; on one core one works
#   test.sh cores PROGRAM     of eight gophers as many work at the same time as there are cores, 1 to 8
#   test.sh draw PROGRAM DESIGN OPTIONS...  in each picture no cart is lost, and no more gophers than
#                             allowed are at work, at a pile, at a fire; at the end all books are burnt, all carts empty
#   test.sh terminal PROGRAM  in a terminal each picture is drawn over the previous one
#   test.sh twin PROGRAM      for a program in real time: it is no quicker than in virtual time, and not much slower
set -eu
mode=$1 program=$2
shift 2
case $mode in
table)
    cut -d ' ' -f 1 gophers/oracle.txt | uniq | while read -r cost; do
        "$program" --cost "$cost" | awk -v cost="$cost" '
            NR == FNR { if ($1 == cost) { wanted[$2] = $3 " " $4; ++left }; next }
            FNR == 1 { next }
            { bad = $5 != 100 || $4 > $2 || $4 > $3 || $4 < 1 }
            $2 == 16 { last_burn[$1] = $6 }
            $2 == 1 { --left; bad = bad || last_burn[$1] " " $7 != wanted[$1] }
            bad { print "costs " cost ", wanted " wanted[$1] ": " $0; wrong = 1 }
            END { exit wrong || left }' gophers/oracle.txt -
    done
    ;;
cores)
    "$program" --design 8 --cores 1,2,3,4,5,6,7,8 | awk '
        NR > 1 && ($2 != ++n || $4 != n || $5 != 100) { print; wrong = 1 }
        END { exit wrong || n != 8 }'
    ;;
draw)
    HEDDLE_CLOCK=virtual "$program" --books 30 --carts 5 --cores 3 --draw --design "$@" |
        awk '
        function fail(why) { print why ": " $0; wrong = 1; exit 1 }
        function count(what, where) { return gsub(what, "&", where) }
        /gophers work$/ {
            if (working > 3 || working != seen) fail(seen " at work before")
            working = $3
            seen = roads = 0
            ++pictures
            next
        }
        /fire$|dump$/ {
            split($0, part, "|")
            split(part[1], pile, " +")
            if (count("L", part[1]) > 1 || count("U", part[3]) > 1) fail("two at one end")
            seen += count("[LgU]", $0)
            carts = pile[3] + pile[4] + count("[Lz]", part[1]) + count("#", part[2]) + count("[Uz]", part[3])
            sub(/^[Uz ]*/, "", part[3])
            split(part[3], fire, " +")
            carts += fire[1] + fire[2]
            there[++roads] = fire[3]
            next
        }
        /^ *\|/ {
            carts += count("o", $0)
            seen += count("g", $0)
            if (carts != 5) fail(carts " carts")
        }
        END {
            if (wrong) exit 1
            for (i = 1; i <= roads; ++i) sum += there[i]
            if (pictures < 30 || sum != 30 || seen) { print pictures " pictures, " sum " burnt"; exit 1 }
        }'
    ;;
terminal)
    command -v script >/dev/null || { echo "skipped: needs script"; exit 77; }
    HEDDLE_CLOCK=virtual TERM=xterm script -qec "'$program' --design 2d --draw --books 2 --cores 2" /dev/null </dev/null |
        tr '\033' '@' | awk '
        /@\[5A/ { ++over }
        /gophers work/ { ++pictures }
        /gophers work/ && pictures > 1 && !/^@\[5Aat / { print "not over the one before: " $0; wrong = 1 }
        END { print pictures " pictures"; exit wrong || pictures < 9 || over != pictures - 1 }'
    ;;
twin)
    # The unit is 5 ms; the time is less than 300 ms above the least possible time.
    for design in 1 2m 3 4 8d; do
        "$program" --design $design --books 10 --unit 5 --cores 3 | awk -v design=$design '
            BEGIN { split("1 39 2m 20 3 21 4 12 8d 14", pair); for (i = 1; i < 11; i += 2) least[pair[i]] = pair[i + 1] }
            NR > 1 && !($5 == 10 && $4 <= 3 && $6 >= least[design] && $6 < least[design] + 60) { print; wrong = 1 }
            END { exit wrong || NR != 2 }'
    done
    ;;
esac
