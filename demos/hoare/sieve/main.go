// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
)

func oddNumbers(out chan<- int, limit int) {
	for n := 3; n < limit; n += 2 {
		out <- n
	}
	close(out)
}

func sieve(in <-chan int, out, print chan<- int) {
	if p, more := <-in; more {
		print <- p
		multiple := p
		for m := range in {
			for m > multiple {
				multiple += p
			}
			if m < multiple {
				out <- m
			}
		}
	}
	close(out)
}

// The numbers that pass all tasks of the sieve are printed, too: the limit is chosen so that they are primes.
func passOn(in <-chan int, print chan<- int) {
	for m := range in {
		print <- m
	}
	close(print)
}

func main() {
	limit := flag.Int("below", 10000, "")
	flag.Parse()
	print, in := make(chan int), make(chan int)
	go oddNumbers(in, *limit)
	for i := 0; i < 100; i++ {
		out := make(chan int)
		go sieve(in, out, print)
		in = out
	}
	go passOn(in, print)
	if *limit > 2 {
		fmt.Println("2")
	}
	for p := range print {
		fmt.Println(p)
	}
}
