// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"time"
)

func boring(msg string) <-chan string {
	c := make(chan string)
	go func() {
		for i := 0; ; i++ {
			c <- fmt.Sprint(msg, " ", i)
			time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
		}
	}()
	return c
}

func main() {
	joe := boring("Joe")
	start := time.Now()
	timeout := time.After(500 * time.Millisecond)
	for {
		select {
		case s := <-joe:
			fmt.Println(s, "at", time.Since(start).Milliseconds(), "ms")
		case <-timeout:
			fmt.Println("You talk too much:", time.Since(start).Milliseconds(), "ms")
			return
		}
	}
}
