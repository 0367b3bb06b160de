// SPDX-License-Identifier: BSL-1.0

package main

import "fmt"

func fibonacci(c chan<- int, quit <-chan int) {
	x, y := 0, 1
	for {
		select {
		case c <- x:
			x, y = y, x+y
		case <-quit:
			fmt.Println("quit")
			return
		}
	}
}

func print(c <-chan int, quit chan<- int) {
	for i := 0; i < 10; i++ {
		fmt.Println(<-c)
	}
	quit <- 0
}

func main() {
	c, quit := make(chan int), make(chan int)
	go print(c, quit)
	fibonacci(c, quit)
}
