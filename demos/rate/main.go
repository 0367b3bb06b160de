// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"time"
)

func tick(limiter chan<- struct{}) {
	for range time.Tick(200 * time.Millisecond) {
		limiter <- struct{}{}
	}
}

func main() {
	burst := flag.Int("burst", 0, "")
	flag.Parse()
	requests := make(chan int, 5)
	for i := 1; i <= 5; i++ {
		requests <- i
	}
	close(requests)

	limiter := make(chan struct{}, *burst)
	for i := 0; i < *burst; i++ {
		limiter <- struct{}{}
	}
	start := time.Now()
	go tick(limiter)
	for r := range requests {
		<-limiter
		fmt.Println("request", r, "at", time.Since(start).Milliseconds(), "ms")
	}
}
