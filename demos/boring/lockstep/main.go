// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"time"
)

func boring(msg string, pause time.Duration) <-chan string {
	c := make(chan string)
	go func() {
		for i := 0; ; i++ {
			c <- fmt.Sprint(msg, " ", i)
			time.Sleep(pause)
		}
	}()
	return c
}

func hear(from <-chan string, start time.Time) {
	s := <-from
	fmt.Println(s, "at", time.Since(start).Milliseconds(), "ms")
}

func main() {
	start := time.Now()
	joe, ann := boring("Joe", 200*time.Millisecond), boring("Ann", time.Millisecond)
	for i := 0; i < 4; i++ {
		hear(joe, start)
		hear(ann, start)
	}
}
