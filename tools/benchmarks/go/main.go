// SPDX-License-Identifier: BSL-1.0

// The workloads in Go, written as Go programmers would.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

type result struct {
	ops, amount, check int // amount: nanoseconds, or bytes
	also               int // a second figure, where there is one
}

func since(start time.Time) int { return int(time.Since(start)) }

// User and system time of this process.
func cpuTime() int {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return int(used.Utime.Nano() + used.Stime.Nano())
}

func residentBytes() int {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var total, resident int
	fmt.Sscan(string(statm), &total, &resident)
	return resident * os.Getpagesize()
}

// Returns the i-th of many times to sleep, scattered over 0 to most milliseconds, as in every peer.
func nap(i, most int) time.Duration {
	return time.Duration(i*2654435761%4294967296%(most*1000)) * time.Microsecond
}

var workloads = map[string]func(n, k int) result{
	"ping_pong":       pingPong,
	"stream":          stream,
	"mpmc":            mpmc,
	"select":          selectAny,
	"selector":        selectAny,
	"sieve":           sieve,
	"call":            call,
	"call_throw":      callThrow,
	"call_timeout":    callTimeout,
	"pipeline":        pipeline,
	"spawn_join_all":  spawnJoinAll,
	"spawn_join_each": spawnJoinEach,
	"parked":          parked,
	"daisy":           daisy,
	"skynet_channels": skynetChannels,
	"skynet_join":     skynetJoin,
	"sleep":           sleepAll,
	"cancel_own":      cancelOwn,
	"cancel_shared":   cancelShared,
	"echo":            serve,
	"broadcast":       broadcast,
	"oneshot":         oneshot,
	"shared_mutex":    sharedMutex,
	"semaphore":       semaphore,
	"scale_tasks":     scaleTasks,
	"scale_channels":  scaleChannels,
	"scale_arms":      scaleArms,
	"scale_selector":  scaleArms,
	"scale_timers":    scaleTimers,
	"scale_waiters":   scaleWaiters,
}

func main() {
	args := os.Args[1:]
	threads := 1
	if len(args) > 1 && args[0] == "--threads" {
		threads, _ = strconv.Atoi(args[1])
		args = args[2:]
	}
	if len(args) < 2 || workloads[args[0]] == nil || threads < 1 {
		fmt.Fprintln(os.Stderr, "usage: bench_go [--threads N] WORKLOAD N [K]")
		os.Exit(2)
	}
	n, _ := strconv.Atoi(args[1])
	k := 0
	if len(args) > 2 {
		k, _ = strconv.Atoi(args[2])
	}
	runtime.GOMAXPROCS(threads)
	r := workloads[args[0]](n, k)
	fmt.Println(r.ops, r.amount, r.check, r.also)
}
