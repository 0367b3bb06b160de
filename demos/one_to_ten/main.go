// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"sync"
)

func sendNumbers(out chan<- int) {
	for n := 1; n <= 10; n++ {
		out <- n
	}
	close(out)
}

func printNumbers(in <-chan int) {
	for n := range in {
		fmt.Println(n)
	}
}

func oneToTen(readers int) {
	numbers := make(chan int)
	var wg sync.WaitGroup
	wg.Add(1 + readers)
	go func() {
		defer wg.Done()
		sendNumbers(numbers)
	}()
	for i := 0; i < readers; i++ {
		go func() {
			defer wg.Done()
			printNumbers(numbers)
		}()
	}
	wg.Wait()
}

func main() {
	readers := flag.Int("readers", 1, "")
	flag.Parse()
	oneToTen(*readers)
}
