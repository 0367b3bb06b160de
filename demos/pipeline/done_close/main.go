// SPDX-License-Identifier: BSL-1.0

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
)

func gen(stages *sync.WaitGroup, done <-chan struct{}, nums ...int) <-chan int {
	out := make(chan int)
	stages.Add(1)
	go func() {
		defer stages.Done()
		defer close(out)
		for _, n := range nums {
			select {
			case out <- n:
			case <-done:
				return
			}
		}
	}()
	return out
}

func sq(stages *sync.WaitGroup, done <-chan struct{}, in <-chan int) <-chan int {
	out := make(chan int)
	stages.Add(1)
	go func() {
		defer stages.Done()
		defer close(out)
		for n := range in {
			select {
			case out <- n * n:
			case <-done:
				return
			}
		}
	}()
	return out
}

func merge(stages *sync.WaitGroup, done <-chan struct{}, cs ...<-chan int) <-chan int {
	out := make(chan int)
	output := func(c <-chan int, wg *sync.WaitGroup) {
		defer wg.Done()
		for n := range c {
			select {
			case out <- n:
			case <-done:
				return
			}
		}
	}
	stages.Add(1)
	go func() {
		defer stages.Done()
		defer close(out)
		var wg sync.WaitGroup
		for _, c := range cs {
			wg.Add(1)
			go output(c, &wg)
		}
		wg.Wait()
	}()
	return out
}

func firstSquare(stages *sync.WaitGroup, nums []int, fail bool) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintln(os.Stderr, "left by an exception:", r)
		}
	}()
	done := make(chan struct{})
	defer close(done) // on every way out of this function
	in := gen(stages, done, nums...)
	c1, c2 := sq(stages, done, in), sq(stages, done, in)
	out := merge(stages, done, c1, c2)
	fmt.Println(<-out)
	if fail {
		panic("thrown")
	}
}

func main() {
	in := flag.String("in", "2,3", "numbers, with commas between")
	fail := flag.Bool("throw", false, "")
	flag.Parse()
	var nums []int
	if err := json.Unmarshal([]byte("["+*in+"]"), &nums); err != nil {
		panic(err)
	}
	var stages sync.WaitGroup
	firstSquare(&stages, nums, *fail)
	stages.Wait()
}
