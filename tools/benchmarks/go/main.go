// SPDX-License-Identifier: BSL-1.0

// The workloads in Go, written as Go programmers would.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type result struct {
	ops, amount, check int // amount: nanoseconds, or bytes
}

func since(start time.Time) int { return int(time.Since(start)) }

func pingPong(n, _ int) result {
	ping, pong := make(chan int), make(chan int)
	sum := 0
	start := time.Now()
	go func() {
		for v := range ping {
			pong <- v + 1
		}
	}()
	for i := 0; i < n; i++ {
		ping <- i
		sum += <-pong
	}
	close(ping)
	return result{n, since(start), sum}
}

func stream(n, capacity int) result {
	c := make(chan int, capacity)
	sum := 0
	start := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			c <- i
		}
		close(c)
	}()
	for v := range c {
		sum += v
	}
	return result{n, since(start), sum}
}

func receive2(c *[64]chan int, n int) (sum int) {
	for i := 0; i < n; i++ {
		select {
		case v := <-c[0]:
			sum += v * 1
		case v := <-c[1]:
			sum += v * 2
		}
	}
	return sum
}

func receive8(c *[64]chan int, n int) (sum int) {
	for i := 0; i < n; i++ {
		select {
		case v := <-c[0]:
			sum += v * 1
		case v := <-c[1]:
			sum += v * 2
		case v := <-c[2]:
			sum += v * 3
		case v := <-c[3]:
			sum += v * 4
		case v := <-c[4]:
			sum += v * 5
		case v := <-c[5]:
			sum += v * 6
		case v := <-c[6]:
			sum += v * 7
		case v := <-c[7]:
			sum += v * 8
		}
	}
	return sum
}

func selectAny(n, k int) result {
	receive := map[int]func(*[64]chan int, int) int{2: receive2, 8: receive8, 64: receive64}[k]
	var channels [64]chan int
	each := n / k
	start := time.Now()
	for i := 0; i < k; i++ {
		channels[i] = make(chan int)
		go func(c chan int, v int) {
			for j := 0; j < each; j++ {
				c <- v
			}
		}(channels[i], i+1)
	}
	sum := receive(&channels, each*k)
	return result{each * k, since(start), sum}
}

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
	return result{n, since(start), int(ran)}
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
	return result{n, since(start), ran}
}

func residentBytes() int {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var total, resident int
	fmt.Sscan(string(statm), &total, &resident)
	return resident * os.Getpagesize()
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
	return result{n, bytes, waiting}
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
	return result{n, since(start), value}
}

func main() {
	workloads := map[string]func(n, k int) result{
		"ping_pong":       pingPong,
		"stream":          stream,
		"select":          selectAny,
		"spawn_join_all":  spawnJoinAll,
		"spawn_join_each": spawnJoinEach,
		"parked":          parked,
		"daisy":           daisy,
	}
	if len(os.Args) < 3 || workloads[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench_go WORKLOAD N [K]")
		os.Exit(2)
	}
	n, _ := strconv.Atoi(os.Args[2])
	k := 0
	if len(os.Args) > 3 {
		k, _ = strconv.Atoi(os.Args[3])
	}
	r := workloads[os.Args[1]](n, k)
	fmt.Println(r.ops, r.amount, r.check)
}
