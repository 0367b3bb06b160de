// SPDX-License-Identifier: BSL-1.0

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

func generate(stages *sync.WaitGroup, done <-chan struct{}, out chan<- int) {
	defer stages.Done()
	defer close(out)
	for i := 2; ; i++ {
		select {
		case out <- i:
		case <-done:
			return
		}
	}
}

func filter(stages *sync.WaitGroup, done <-chan struct{}, in <-chan int, out chan<- int, prime int) {
	defer stages.Done()
	defer close(out)
	for i := range in {
		if i%prime != 0 {
			select {
			case out <- i:
			case <-done:
				return
			}
		}
	}
}

func sieve(n int) []int {
	done := make(chan struct{})
	ch := make(chan int)
	var stages sync.WaitGroup
	stages.Add(1)
	go generate(&stages, done, ch)
	var primes []int
	for i := 0; i < n; i++ {
		prime := <-ch
		primes = append(primes, prime)
		next := make(chan int)
		stages.Add(1)
		go filter(&stages, done, ch, next, prime)
		ch = next
	}
	close(done)
	stages.Wait()
	return primes
}

func threads() int {
	all, _ := os.ReadDir("/proc/self/task")
	return len(all)
}

func measure(n, askedFor int) {
	start := time.Now()
	primes := sieve(n)
	fmt.Println(askedFor, "threads asked for:", len(primes), "primes in",
		time.Since(start).Milliseconds(), "ms,", threads(), "threads there")
}

func main() {
	n := flag.Int("n", 10, "")
	list := flag.String("threads", "", "numbers, with commas between")
	flag.Parse()
	var askedFor []int
	if err := json.Unmarshal([]byte("["+*list+"]"), &askedFor); err != nil {
		panic(err)
	}
	for _, t := range askedFor {
		runtime.GOMAXPROCS(t)
		measure(*n, t)
	}
	if len(askedFor) == 0 {
		for _, prime := range sieve(*n) {
			fmt.Println(prime)
		}
	}
}
