// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"runtime"
	"time"
)

type replica struct {
	number  int
	latency time.Duration
}

func ask(r replica, ch chan<- int) {
	time.Sleep(r.latency)
	select {
	case ch <- r.number:
	default:
	}
}

func query(replicas []replica, ch chan int) int {
	for _, r := range replicas {
		go ask(r, ch)
	}
	return <-ch
}

func main() {
	const ms = time.Millisecond
	replicas := []replica{{1, 300 * ms}, {2, 100 * ms}, {3, 200 * ms}}
	ch := make(chan int, 1)
	start := time.Now()
	first := query(replicas, ch)
	fmt.Println("replica", first, "answers at", time.Since(start).Milliseconds(), "ms")

	time.Sleep(200 * ms)
	for runtime.NumGoroutine() > 1 { // all replicas end, or this never does
		runtime.Gosched()
	}
	fmt.Printf("nobody is left at %d ms, but %d answer\n",
		time.Since(start).Milliseconds(), len(ch))
}
