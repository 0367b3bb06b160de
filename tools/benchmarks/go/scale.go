// SPDX-License-Identifier: BSL-1.0

package main

import (
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// k goroutines take turns.
func scaleTasks(n, k int) result {
	var all sync.WaitGroup
	var taken int64
	all.Add(k)
	start := time.Now()
	for i := 0; i < k; i++ {
		go func() {
			for j := 0; j < n/k; j++ {
				runtime.Gosched()
			}
			atomic.AddInt64(&taken, int64(n/k))
			all.Done()
		}()
	}
	all.Wait()
	return result{ops: n, amount: since(start), check: int(taken)}
}

// k unbuffered channels, a pair of goroutines on each.
func scaleChannels(n, k int) result {
	var all sync.WaitGroup
	var sum int64
	all.Add(k)
	start := time.Now()
	for i := 0; i < k; i++ {
		c := make(chan int)
		go func() {
			for j := 0; j < n/k; j++ {
				c <- 1
			}
		}()
		go func() {
			s := 0
			for j := 0; j < n/k; j++ {
				s += <-c
			}
			atomic.AddInt64(&sum, int64(s))
			all.Done()
		}()
	}
	all.Wait()
	return result{ops: n, amount: since(start), check: int(sum)}
}

// A select over k channels, of which one sender takes one at a time. Only reflect.Select
// takes a number of channels that is not written in the source.
func scaleArms(n, k int) result {
	channels := make([]chan int, k)
	cases := make([]reflect.SelectCase, k)
	for i := range channels {
		channels[i] = make(chan int)
		cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(channels[i])}
	}
	right := 0
	start := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			at := i * 2654435761 % k
			channels[at] <- at + 1
		}
	}()
	for i := 0; i < n; i++ {
		if index, v, _ := reflect.Select(cases); int(v.Int()) == index+1 {
			right++
		}
	}
	return result{ops: n, amount: since(start), check: right}
}

// k goroutines sleep at once, n naps in all.
func scaleTimers(n, k int) result {
	var all sync.WaitGroup
	var inTime int64
	each := n / k
	before := cpuTime()
	all.Add(k)
	for i := 0; i < k; i++ {
		go func(first int) {
			for j := 0; j < each; j++ {
				d := nap(first+j, 1000/each)
				start := time.Now()
				time.Sleep(d)
				if time.Since(start) >= d {
					atomic.AddInt64(&inTime, 1)
				}
			}
			all.Done()
		}(i * each)
	}
	all.Wait()
	return result{ops: n, amount: cpuTime() - before, check: int(inTime)}
}

// k receivers wait at one channel, n values come one by one.
func scaleWaiters(n, k int) result {
	c := make(chan int)
	var waiting, received int64
	for i := 0; i < k; i++ {
		go func() {
			atomic.AddInt64(&waiting, 1)
			for range c {
				atomic.AddInt64(&received, 1)
			}
		}()
	}
	for atomic.LoadInt64(&waiting) < int64(k) {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	for i := 0; i < n; i++ {
		c <- 1
		runtime.Gosched() // the receiver waits again, behind the others
	}
	amount := since(start)
	for atomic.LoadInt64(&received) < int64(n) {
		runtime.Gosched()
	}
	return result{ops: n, amount: amount, check: int(received)}
}
