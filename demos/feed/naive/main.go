// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"runtime"
	"time"
)

type subscription struct {
	updates chan string
	closed  bool
}

func subscribe() *subscription {
	s := &subscription{updates: make(chan string)}
	go s.loop()
	return s
}

func (s *subscription) close() { s.closed = true }

func (s *subscription) loop() {
	for n := 1; !s.closed; n++ {
		s.updates <- fmt.Sprint("item ", n) // bug: waits for ever if main is gone
		time.Sleep(500 * time.Millisecond)  // bug: goes on after the close
	}
	close(s.updates)
}

func main() {
	start := time.Now()
	sleepy := subscribe()
	fmt.Println(<-sleepy.updates)
	time.Sleep(100 * time.Millisecond)
	sleepy.close()
	fmt.Println("closed after", time.Since(start).Milliseconds(), "ms")
	for item := range sleepy.updates {
		fmt.Println(item)
	}
	fmt.Println("has ended after", time.Since(start).Milliseconds(), "ms")

	stuck := subscribe()
	fmt.Println(<-stuck.updates)
	time.Sleep(600 * time.Millisecond) // the loop has the next item
	stuck.close()
	time.Sleep(time.Second)
	fmt.Println("left", runtime.NumGoroutine()-1)
}
