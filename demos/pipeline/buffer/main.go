// SPDX-License-Identifier: BSL-1.0

package main

import (
	"encoding/json"
	"flag"
	"fmt"
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
	out := make(chan int, 1) // room for the value that no task receives
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

func buffer(nums []int) {
	in := gen(nums...)
	c1, c2 := sq(in), sq(in)
	out := merge(c1, c2)
	fmt.Println(<-out)

	time.Sleep(50 * time.Millisecond) // every task that can end has ended by now
	fmt.Println("left", runtime.NumGoroutine()-1)
}

func main() {
	in := flag.String("in", "2,3", "numbers, with commas between")
	flag.Parse()
	var nums []int
	if err := json.Unmarshal([]byte("["+*in+"]"), &nums); err != nil {
		panic(err)
	}
	buffer(nums)
}
