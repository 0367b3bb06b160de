// SPDX-License-Identifier: BSL-1.0

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Starts k goroutines, and returns the sum of their results.
func sumOf(k int, work func(i int) int) int {
	var all sync.WaitGroup
	sums := make([]int, k)
	all.Add(k)
	for i := 0; i < k; i++ {
		go func(i int) {
			sums[i] = work(i)
			all.Done()
		}(i)
	}
	all.Wait()
	sum := 0
	for _, s := range sums {
		sum += s
	}
	return sum
}

// Go has no broadcast: a value goes into a channel for each of k subscribers.
func broadcast(n, k int) result {
	start := time.Now()
	subscribers := make([]chan int, k)
	for i := range subscribers {
		subscribers[i] = make(chan int, 64)
	}
	go func() {
		for v := 0; v < n/k; v++ {
			for _, c := range subscribers {
				c <- v
			}
		}
		for _, c := range subscribers {
			close(c)
		}
	}()
	sum := sumOf(k, func(i int) int {
		sum := 0
		for v := range subscribers[i] {
			sum += v
		}
		return sum
	})
	return result{ops: n, amount: since(start), check: sum}
}

// Requests through a channel of capacity 1, each answered through a channel of its own.
func oneshot(n, _ int) result {
	type request struct {
		value int
		reply chan int
	}
	requests := make(chan request, 1)
	sum := 0
	start := time.Now()
	go func() {
		for r := range requests {
			r.reply <- r.value + 1
		}
	}()
	for i := 0; i < n; i++ {
		reply := make(chan int, 1)
		requests <- request{i, reply}
		sum += <-reply
	}
	close(requests)
	return result{ops: n, amount: since(start), check: sum}
}

// k readers and a writer share a lock, and yield while they hold it, now and then.
func sharedMutex(n, k int) result {
	var lock sync.RWMutex
	first, second := 0, 0
	each := n / (k + 1)
	start := time.Now()
	sum := sumOf(k+1, func(i int) int {
		if i == k {
			for j := 0; j < each; j++ {
				lock.Lock()
				first++
				if j%10 == 0 {
					runtime.Gosched()
				}
				second++
				lock.Unlock()
			}
			return each
		}
		same := 0
		for j := 0; j < each; j++ {
			lock.RLock()
			if j%10 == 0 {
				runtime.Gosched()
			}
			if first == second {
				same++
			}
			lock.RUnlock()
		}
		return same
	})
	return result{ops: n, amount: since(start), check: sum}
}

// k goroutines share half as many permits, and yield while they hold one. The semaphore of
// Go's library is a channel.
func semaphore(n, k int) result {
	slots := make(chan struct{}, k/2)
	var held atomic.Int64
	start := time.Now()
	sum := sumOf(k, func(int) int {
		right := 0
		for j := 0; j < n/k; j++ {
			slots <- struct{}{}
			if held.Add(1) <= int64(k/2) {
				right++
			}
			runtime.Gosched()
			held.Add(-1)
			<-slots
		}
		return right
	})
	return result{ops: n, amount: since(start), check: sum}
}
