// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"math/rand"
	"time"
)

type request struct {
	fn func() int // the work
	c  chan int   // the result goes here
}

type worker struct {
	requests chan request
	pending  int
}

func randomBelow(limit time.Duration) time.Duration {
	return time.Duration(rand.Int63n(int64(limit)))
}

func requester(id, workers int, work chan<- request) {
	c := make(chan int)
	fn := func() int {
		time.Sleep(randomBelow(time.Duration(workers) * time.Millisecond))
		return id
	}
	for {
		time.Sleep(randomBelow(time.Duration(workers) * 2 * time.Millisecond))
		work <- request{fn, c}
		if <-c != id {
			panic("the answer to the request of another")
		}
	}
}

func work(w *worker, requests <-chan request, done chan<- *worker) {
	for req := range requests {
		result := req.fn()
		req.c <- result
		done <- w
	}
}

type balancer struct {
	workers []*worker
	next    int
	done    chan *worker
}

func newBalancer(count, requesters int) *balancer {
	b := &balancer{done: make(chan *worker)}
	for i := 0; i < count; i++ {
		w := &worker{requests: make(chan request, requesters)}
		b.workers = append(b.workers, w)
		go work(w, w.requests, b.done)
	}
	return b
}

func (b *balancer) balance(work <-chan request, events int) {
	for i := 0; i < events; i++ {
		select {
		case req := <-work:
			b.dispatch(req)
		case w := <-b.done:
			b.completed(w)
		}
		b.print()
	}
}

func (b *balancer) dispatch(req request) {
	w := b.workers[b.next%len(b.workers)]
	b.next++
	w.requests <- req // never waits: there is room for all
	w.pending++
}

func (b *balancer) completed(w *worker) { w.pending-- }

func (b *balancer) print() {
	sum, squares := 0.0, 0.0
	for _, w := range b.workers {
		fmt.Print(w.pending, " ")
		sum += float64(w.pending)
		squares += float64(w.pending * w.pending)
	}
	n := float64(len(b.workers))
	mean := sum / n
	fmt.Printf("mean %.2f variance %.2f\n", mean, squares/n-mean*mean)
}

func run(requesters, workers, events int) {
	work := make(chan request)
	b := newBalancer(workers, requesters)
	for id := 0; id < requesters; id++ {
		go requester(id, workers, work)
	}
	b.balance(work, events)
}

func main() {
	requesters := flag.Int("requesters", 100, "")
	workers := flag.Int("workers", 10, "")
	events := flag.Int("events", 200, "")
	flag.Parse()
	run(*requesters, *workers, *events)
}
