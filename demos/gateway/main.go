// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"time"
)

const ms = time.Millisecond

// A limiter lets one call through in each interval, and up to `burst` at once after a pause.
type limiter struct {
	interval time.Duration
	burst    int
	arrival  time.Time // when the next would come if all came evenly
}

// Returns how long the next call has to wait.
func (l *limiter) delay() time.Duration {
	return time.Until(l.arrival.Add(-time.Duration(l.burst-1) * l.interval))
}

func (l *limiter) take() {
	if now := time.Now(); l.arrival.Before(now) {
		l.arrival = now
	}
	l.arrival = l.arrival.Add(l.interval)
}

func (l *limiter) tryAcquire() bool {
	if l.delay() > 0 {
		return false
	}
	l.take()
	return true
}

func (l *limiter) acquire() {
	time.Sleep(l.delay())
	l.take()
}

func serve(requests <-chan string, done chan<- struct{}) {
	clients := map[string]*limiter{}
	server := &limiter{interval: 50 * ms, burst: 1}
	start := time.Now()
	for client := range requests {
		if clients[client] == nil {
			clients[client] = &limiter{interval: 600 * ms, burst: 2}
		}
		how := "is refused"
		if clients[client].tryAcquire() {
			server.acquire()
			how = "is served"
		}
		fmt.Println(client, how, "at", time.Since(start).Milliseconds(), "ms")
	}
	close(done)
}

func main() {
	requests, done := make(chan string, 10), make(chan struct{})
	go serve(requests, done)
	for _, client := range []string{"ann", "ann", "ann", "bob", "bob", "cid"} {
		requests <- client
	}
	time.Sleep(700 * ms)
	requests <- "ann" // one more is allowed by now, and no other
	requests <- "ann"
	close(requests)
	<-done
}
