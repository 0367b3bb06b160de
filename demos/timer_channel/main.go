// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"time"
)

func timer(delta time.Duration, out chan<- time.Time) {
	time.Sleep(delta)
	out <- time.Now()
}

func waitForTimer(busy time.Duration) {
	timerChan := make(chan time.Time)
	start := time.Now()
	go timer(200*time.Millisecond, timerChan)
	time.Sleep(busy) // do something else; when ready, receive
	completedAt := <-timerChan
	fmt.Printf("busy for %d ms: completed at %d ms, received at %d ms\n",
		busy.Milliseconds(),
		completedAt.Sub(start).Milliseconds(),
		time.Since(start).Milliseconds())
}

func main() {
	waitForTimer(0)                      // the receiver waits for the timer
	waitForTimer(500 * time.Millisecond) // the timer waits for the receiver
}
