// SPDX-License-Identifier: BSL-1.0

package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// Keeps the largest of its arguments.
func raise(most *int64, to int64) {
	for {
		old := atomic.LoadInt64(most)
		if to <= old || atomic.CompareAndSwapInt64(most, old, to) {
			return
		}
	}
}

// n goroutines sleep up to k milliseconds: processor time, and how late the latest is.
func sleepAll(n, k int) result {
	var all sync.WaitGroup
	var inTime, latest int64
	before := cpuTime()
	all.Add(n)
	for i := 0; i < n; i++ {
		go func(d time.Duration) {
			start := time.Now()
			time.Sleep(d)
			if late := time.Since(start) - d; late >= 0 {
				atomic.AddInt64(&inTime, 1)
				raise(&latest, int64(late))
			}
			all.Done()
		}(nap(i, k))
	}
	all.Wait()
	return result{n, cpuTime() - before, int(inTime), int(latest)}
}

// n goroutines in select{receive, done}, then done is closed.
func cancel(n int, oneChannel bool) result {
	var all sync.WaitGroup
	var waiting, cancelled int64
	done := make(chan struct{})
	c := make(chan int)
	all.Add(n)
	for i := 0; i < n; i++ {
		go func(c chan int) {
			atomic.AddInt64(&waiting, 1)
			select {
			case <-c:
			case <-done:
				atomic.AddInt64(&cancelled, 1)
			}
			all.Done()
		}(c)
		if !oneChannel {
			c = make(chan int)
		}
	}
	for atomic.LoadInt64(&waiting) < int64(n) {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // the last of them go to sleep
	start := time.Now()
	close(done)
	all.Wait()
	return result{ops: n, amount: since(start), check: int(cancelled)}
}

func cancelOwn(n, _ int) result    { return cancel(n, false) }
func cancelShared(n, _ int) result { return cancel(n, true) }
