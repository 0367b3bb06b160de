#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The program has no lock and no atomic: its tasks share by communicating.
! grep -nEi 'mutex|semaphore|atomic|_lock|lock_|lock\(' load_balancer/simple/main.cpp
