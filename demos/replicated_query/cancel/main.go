// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
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

func query(replicas []replica, ch chan int, asked *sync.WaitGroup) int {
	done := make(chan struct{})
	defer close(done) // when this returns
	asked.Add(len(replicas))
	for _, r := range replicas {
		go func(r replica) {
			defer asked.Done()
			ask(r, done, ch)
		}(r)
	}
	return <-ch
}

func main() {
	const ms = time.Millisecond
	replicas := []replica{{1, 300 * ms}, {2, 100 * ms}, {3, 200 * ms}}
	ch := make(chan int)
	var asked sync.WaitGroup
	start := time.Now()
	first := query(replicas, ch, &asked)
	fmt.Println("replica", first, "answers at", time.Since(start).Milliseconds(), "ms")

	asked.Wait()
	fmt.Println("nobody is left at", time.Since(start).Milliseconds(), "ms")
}
