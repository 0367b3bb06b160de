// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
)

type calls struct {
	n      chan int
	result chan int64
}

func fac(west, east calls) {
	for n := range west.n {
		if n == 0 {
			west.result <- 1
			continue
		}
		east.n <- n - 1
		r := <-east.result
		west.result <- int64(n) * r
	}
	close(east.n)
}

func user(limit int) {
	var chain sync.WaitGroup
	depth := make([]calls, limit+2)
	for i := range depth {
		depth[i] = calls{make(chan int), make(chan int64)}
	}
	chain.Add(limit + 1)
	for i := 0; i <= limit; i++ {
		go func(i int) {
			defer chain.Done()
			fac(depth[i], depth[i+1])
		}(i)
	}
	fmt.Println(runtime.NumGoroutine()-1, "tasks")
	for n := 0; n <= limit; n++ {
		depth[0].n <- n
		fmt.Printf("%d! is %d\n", n, <-depth[0].result)
	}
	close(depth[0].n)
	chain.Wait()
}

func main() {
	limit := flag.Int("n", 10, "")
	flag.Parse()
	user(*limit)
}
