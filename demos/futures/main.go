// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

func async(running *sync.WaitGroup, value int, latency time.Duration) <-chan int {
	c := make(chan int, 1)
	running.Add(1)
	go func() {
		defer running.Done()
		time.Sleep(latency)
		fmt.Println(value, "is there")
		c <- value
	}()
	return c
}

func main() {
	const ms = time.Millisecond
	var running sync.WaitGroup
	start := time.Now()
	a := async(&running, 1, 300*ms)
	b := async(&running, 2, 100*ms)
	c := async(&running, 3, 200*ms)
	sum := <-a + <-b + <-c
	fmt.Println("their sum is", sum, "after", time.Since(start).Milliseconds(), "ms")

	_ = async(&running, 4, 100*ms) // nobody receives this value
	running.Wait()
	fmt.Println("nobody waits to send it")
}
