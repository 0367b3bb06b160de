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

func ask(r replica, done <-chan struct{}, ch chan<- int) {
	select {
	case <-time.After(r.latency):
	case <-done:
		return
	}
	fmt.Println("replica", r.number, "has an answer")
	select {
	case ch <- r.number:
	case <-done:
	}
}

func query(replicas []replica, ch chan int) int {
	done := make(chan struct{})
	defer close(done) // when this returns
	for _, r := range replicas {
		go ask(r, done, ch)
	}
	return <-ch
}

func main() {
	const ms = time.Millisecond
	replicas := []replica{{1, 300 * ms}, {2, 100 * ms}, {3, 200 * ms}}
	ch := make(chan int)
	start := time.Now()
	first := query(replicas, ch)
	fmt.Println("replica", first, "answers at", time.Since(start).Milliseconds(), "ms")

	for runtime.NumGoroutine() > 1 { // all replicas end, or this never does
		runtime.Gosched()
	}
	fmt.Println("nobody is left at", time.Since(start).Milliseconds(), "ms")
}
