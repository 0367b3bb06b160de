// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"runtime"
	"sync"
)

func startCopying(input <-chan int, output chan<- int, daemons *sync.WaitGroup) {
	daemons.Add(1)
	go func() {
		defer daemons.Done()
		for val := range input {
			output <- val
		}
	}()
}

func pass(to chan<- int, from, end int) {
	for i := from; i < end; i++ {
		to <- i
	}
}

func print(from <-chan int, count int) {
	for i := 0; i < count; i++ {
		fmt.Print(<-from, " ")
	}
}

func main() {
	input, output := make(chan int, 5), make(chan int)
	var daemons sync.WaitGroup
	startCopying(input, output, &daemons) // returns at once

	pass(input, 0, 5)
	print(output, 5)
	fmt.Println("input is empty:", runtime.NumGoroutine()-1, "daemon")

	pass(input, 5, 10)
	close(input) // the values sent before are still copied
	print(output, 5)
	daemons.Wait()
	fmt.Println("input is closed: no daemon")

	select {
	case <-output:
	default:
		fmt.Println("output is open") // another goroutine may send to it
	}
}
