// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"runtime"
	"time"
)

func async(value int, latency time.Duration) <-chan int {
	c := make(chan int, 1)
	go func() {
		time.Sleep(latency)
		fmt.Println(value, "is there")
		c <- value
	}()
	return c
}

func main() {
	const ms = time.Millisecond
	start := time.Now()
	a, b, c := async(1, 300*ms), async(2, 100*ms), async(3, 200*ms)
	sum := <-a + <-b + <-c
	fmt.Println("their sum is", sum, "after", time.Since(start).Milliseconds(), "ms")

	_ = async(4, 100*ms) // forgotten
	for runtime.NumGoroutine() > 1 {
		time.Sleep(10 * ms)
	}
	fmt.Println("nobody waits to send it")
}
