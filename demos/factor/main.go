// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"time"
)

const numbers = 100

func produce(in chan<- int) {
	for n := 1000; n < 1000+numbers; n++ {
		in <- n
	}
	close(in)
}

type factored struct {
	n       int
	factors []int
}

func worker(in <-chan int, out chan<- factored) {
	for n := range in {
		time.Sleep(10 * time.Millisecond) // this stands for work
		result := factored{n: n}
		rest := n
		for p := 2; p <= rest; p++ {
			for ; rest%p == 0; rest /= p {
				result.factors = append(result.factors, p)
			}
		}
		out <- result
	}
}

func consume(out <-chan factored) {
	for i := 0; i < numbers; i++ {
		result := <-out
		fmt.Print(result.n, ":")
		for _, p := range result.factors {
			fmt.Print(" ", p)
		}
		fmt.Println()
	}
}

func main() {
	workers := flag.Int("w", 10, "")
	flag.Parse()
	in, out := make(chan int), make(chan factored)
	start := time.Now()
	go produce(in)
	var pool sync.WaitGroup
	pool.Add(*workers)
	for i := 0; i < *workers; i++ {
		go func() {
			defer pool.Done()
			worker(in, out)
		}()
	}
	consume(out)
	pool.Wait()
	fmt.Fprintln(os.Stderr, numbers, "numbers took", time.Since(start).Milliseconds(), "ms")
}
