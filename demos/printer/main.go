// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

type printer struct {
	lock      sync.Mutex
	morePaper *sync.Cond
	paper     int           // guarded by lock
	low       chan struct{} // it has room for one
}

func since(start time.Time) string {
	return fmt.Sprint(" at ", time.Since(start).Milliseconds(), " ms")
}

func (p *printer) notifyLow() {
	select {
	case p.low <- struct{}{}:
	default:
	}
}

func (p *printer) job(pages int, start time.Time) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for p.paper < pages {
		p.notifyLow()
		p.morePaper.Wait() // the lock is free meanwhile
	}
	p.paper -= pages
	fmt.Println(pages, "pages are printed"+since(start))
}

// This brings two sheets when it is told to; however often it was told while it was away, that counts as once.
func (p *printer) clerk(start time.Time) {
	for range p.low {
		time.Sleep(100 * ms)
		p.lock.Lock()
		p.paper += 2
		fmt.Println("the clerk brings two sheets" + since(start))
		p.morePaper.Broadcast()
		p.lock.Unlock()
	}
}

func main() {
	p := &printer{paper: 3, low: make(chan struct{}, 1)}
	p.morePaper = sync.NewCond(&p.lock)
	start := time.Now()
	go p.clerk(start)
	var jobs sync.WaitGroup
	for _, pages := range []int{2, 5, 1} {
		jobs.Add(1)
		go func(pages int) {
			defer jobs.Done()
			p.job(pages, start)
		}(pages)
		time.Sleep(40 * ms)
	}
	jobs.Wait()
}
