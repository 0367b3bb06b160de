// SPDX-License-Identifier: BSL-1.0

package main

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

func spawnJoinAll(n, _ int) result {
	var ran int64
	var all sync.WaitGroup
	start := time.Now()
	all.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			atomic.AddInt64(&ran, 1)
			all.Done()
		}()
	}
	all.Wait()
	return result{ops: n, amount: since(start), check: int(ran)}
}

func spawnJoinEach(n, _ int) result {
	ran := 0
	var one sync.WaitGroup
	start := time.Now()
	for i := 0; i < n; i++ {
		one.Add(1)
		go func() {
			ran++
			one.Done()
		}()
		one.Wait()
	}
	return result{ops: n, amount: since(start), check: ran}
}

func parked(n, _ int) result {
	c := make(chan int)
	var started, woken int64
	yieldUntil := func(count *int64) {
		for atomic.LoadInt64(count) < int64(n) {
			runtime.Gosched()
		}
	}
	runtime.GC()
	debug.FreeOSMemory()
	before := residentBytes()
	for i := 0; i < n; i++ {
		go func() {
			atomic.AddInt64(&started, 1)
			<-c
			atomic.AddInt64(&woken, 1)
		}()
	}
	yieldUntil(&started)
	runtime.Gosched()
	bytes := residentBytes() - before
	waiting := int(atomic.LoadInt64(&started) - atomic.LoadInt64(&woken))
	close(c)
	yieldUntil(&woken)
	return result{ops: n, amount: bytes, check: waiting}
}

func daisy(n, _ int) result {
	start := time.Now()
	leftmost := make(chan int)
	left := leftmost
	for i := 0; i < n; i++ {
		right := make(chan int)
		go func(left, right chan int) { left <- 1 + <-right }(left, right)
		left = right
	}
	go func(c chan int) { c <- 1 }(left)
	value := <-leftmost
	return result{ops: n, amount: since(start), check: value}
}

// Adds up the leaves of a tree, ten children each.
func byChannel(out chan<- int, first, leaves int) {
	if leaves == 1 {
		out <- first
		return
	}
	c := make(chan int)
	for i := 0; i < 10; i++ {
		go byChannel(c, first+i*(leaves/10), leaves/10)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-c
	}
	out <- sum
}

func skynetChannels(n, _ int) result {
	start := time.Now()
	c := make(chan int)
	go byChannel(c, 0, n)
	sum := <-c
	return result{ops: n, amount: since(start), check: sum}
}

func byJoin(first, leaves int) int {
	if leaves == 1 {
		return first
	}
	var children sync.WaitGroup
	var sums [10]int
	children.Add(10)
	for i := 0; i < 10; i++ {
		go func(i int) {
			sums[i] = byJoin(first+i*(leaves/10), leaves/10)
			children.Done()
		}(i)
	}
	children.Wait()
	sum := 0
	for _, s := range sums {
		sum += s
	}
	return sum
}

func skynetJoin(n, _ int) result {
	start := time.Now()
	sum := byJoin(0, n)
	return result{ops: n, amount: since(start), check: sum}
}
