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

func ask(r replica, ch chan<- int) {
	time.Sleep(r.latency)
	select {
	case ch <- r.number:
	default:
	}
}

func query(replicas []replica, ch chan int, asked *sync.WaitGroup) int {
	asked.Add(len(replicas))
	for _, r := range replicas {
		go func(r replica) {
			defer asked.Done()
			ask(r, ch)
		}(r)
	}
	return <-ch
}

func main() {
	const ms = time.Millisecond
	replicas := []replica{{1, 300 * ms}, {2, 100 * ms}, {3, 200 * ms}}
	ch := make(chan int, 1)
	var asked sync.WaitGroup
	start := time.Now()
	first := query(replicas, ch, &asked)
	fmt.Println("replica", first, "answers at", time.Since(start).Milliseconds(), "ms")

	asked.Wait() // late replicas end too
	fmt.Printf("nobody is left at %d ms, but %d answer\n",
		time.Since(start).Milliseconds(), len(ch))
}
