// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

func gen(nums ...int) <-chan int {
	out := make(chan int, len(nums))
	for _, n := range nums {
		out <- n // there is room for all
	}
	close(out)
	return out
}

func sq(in <-chan int) <-chan int {
	out := make(chan int)
	go func() {
		for n := range in {
			out <- n * n
		}
		close(out)
	}()
	return out
}

func merge(cs ...<-chan int) <-chan int {
	var wg sync.WaitGroup
	out := make(chan int)
	output := func(c <-chan int) {
		for n := range c {
			out <- n
		}
		wg.Done()
	}
	for _, c := range cs {
		wg.Add(1)
		go output(c)
	}
	go func() {
		wg.Wait()
		close(out)
	}()
	return out
}

func main() {
	in := gen(2, 3)
	c1, c2 := sq(in), sq(in)
	out := merge(c1, c2)
	fmt.Println(<-out) // 4 or 9; no task receives the other

	time.Sleep(50 * time.Millisecond) // every task that can end has ended by now
	fmt.Println("left", runtime.NumGoroutine()-1)
	stacks := make([]byte, 1<<16)
	os.Stdout.Write(stacks[:runtime.Stack(stacks, true)])
}
