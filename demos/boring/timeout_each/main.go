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
			time.Sleep(time.Duration(rand.Intn(150)) * time.Millisecond)
		}
	}()
	return c
}

func main() {
	joe := boring("Joe")
	for {
		start := time.Now()
		select {
		case s := <-joe:
			fmt.Println(s, "after", time.Since(start).Milliseconds(), "ms")
		case <-time.After(100 * time.Millisecond):
			fmt.Println("You're too slow:", time.Since(start).Milliseconds(), "ms")
			return
		}
	}
}
