#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Of the 500 messages none is lost, and each buffer that was made was dropped or is in the free list, which
# holds CAPACITY buffers at most. Without a list each message needs a new buffer; a list with room for all that
# can be in use, which is one for each client and one for the server, drops none, and no more are made.
# Usage: test.sh CAPACITY PROGRAM
set -eu
"$2" --capacity "$1" | awk -v capacity="$1" '
!/^500 messages in [0-9]+ buffers, [0-9]+ dropped, [0-9]+ in the free list$/ { bad = 1 }
{ made = $4; dropped = $6; free = $8; print }
made < 1 || made != dropped + free || free > capacity { bad = 1 }
capacity == 0 && made != 500 { bad = 1 }
capacity >= 6 && (dropped || made > 6) { bad = 1 }
END { exit bad || NR != 1 }'
