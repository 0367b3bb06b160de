// SPDX-License-Identifier: BSL-1.0

package main

import (
	"container/heap"
	"flag"
	"math/rand"
	"time"
)

type request struct {
	fn func() int // the work
	c  chan int   // the result goes here
}

type worker struct {
	requests chan request
	index    int // in the heap
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

type pool []*worker

func (p pool) Len() int           { return len(p) }
func (p pool) Less(i, j int) bool { return p[i].pending < p[j].pending }

func (p pool) Swap(i, j int) {
	p[i], p[j] = p[j], p[i]
	p[i].index, p[j].index = i, j
}

func (p *pool) Push(x any) {
	w := x.(*worker)
	w.index = len(*p)
	*p = append(*p, w)
}

func (p *pool) Pop() any {
	last := len(*p) - 1
	w := (*p)[last]
	*p = (*p)[:last]
	return w
}

type balancer struct {
	workers []*worker
	pool    pool
	done    chan *worker
}

func newBalancer(count int) *balancer {
	b := &balancer{done: make(chan *worker)}
	for i := 0; i < count; i++ {
		w := &worker{requests: make(chan request)}
		b.workers = append(b.workers, w)
		heap.Push(&b.pool, w)
		go work(w, w.requests, b.done)
	}
	return b
}

func (b *balancer) balance(work <-chan request) {
	for {
		select {
		case req := <-work:
			b.dispatch(req)
		case w := <-b.done:
			b.completed(w)
		}
	}
}

func (b *balancer) dispatch(req request) {
	w := heap.Pop(&b.pool).(*worker)
	w.requests <- req // waits while w waits to say that it is done
	w.pending++
	heap.Push(&b.pool, w)
}

func (b *balancer) completed(w *worker) {
	heap.Remove(&b.pool, w.index)
	w.pending--
	heap.Push(&b.pool, w)
}

func run(requesters, workers int) {
	work := make(chan request)
	b := newBalancer(workers)
	for id := 0; id < requesters; id++ {
		go requester(id, workers, work)
	}
	b.balance(work)
}

func main() {
	requesters := flag.Int("requesters", 4, "")
	workers := flag.Int("workers", 2, "")
	flag.Parse()
	run(*requesters, *workers)
}
