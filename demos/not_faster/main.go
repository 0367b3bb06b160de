// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

type request struct {
	worker int
	served chan<- struct{}
}

type tally struct {
	operations, handedOver int
}

func resource(requests <-chan request, result chan<- tally) {
	var t tally
	last := 0
	for r := range requests {
		time.Sleep(1 * time.Millisecond)
		t.operations++
		if last != 0 && last != r.worker {
			t.handedOver++
		}
		last = r.worker
		r.served <- struct{}{}
	}
	result <- t
}

func worker(number, jobs int, requests chan<- request) {
	served := make(chan struct{})
	for i := 0; i < jobs; i++ {
		requests <- request{number, served}
		<-served
	}
}

func share(workers, jobs int) {
	start := time.Now()
	requests := make(chan request)
	result := make(chan tally)
	go resource(requests, result)
	var wg sync.WaitGroup
	for w := 1; w <= workers; w++ {
		w := w
		wg.Add(1)
		go func() {
			defer wg.Done()
			worker(w, jobs/workers, requests)
		}()
	}
	wg.Wait()
	took := time.Since(start)
	close(requests)
	t := <-result
	fmt.Printf("%d workers: %d operations in %d ms, handed over %d times\n",
		workers, t.operations, took.Milliseconds(), t.handedOver)
}

func notFaster() {
	for _, workers := range []int{1, 2, 4, 8} {
		share(workers, 120)
	}
}

func main() {
	notFaster()
}
