// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"runtime"
)

func startCopying(input <-chan int, output chan<- int) {
	go func() {
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
	startCopying(input, output) // does not wait

	pass(input, 0, 5)
	print(output, 5)
	fmt.Println("input is empty:", runtime.NumGoroutine()-1, "daemon")

	pass(input, 5, 10)
	close(input) // what was sent before is still copied
	print(output, 5)
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
	fmt.Println("input is closed:", runtime.NumGoroutine()-1, "daemons")

	select {
	case <-output:
	default:
		fmt.Println("output is open") // somebody else may send to it
	}
}
