// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

type request struct {
	n     int
	takes time.Duration
	reply chan<- int
}

type counter struct {
	requests chan request
	stopping chan struct{}
	ended    chan struct{}
}

func (c *counter) start() { go c.loop() }

// Refuses the callers that wait; the request that is being served is finished.
func (c *counter) stop() {
	close(c.stopping)
	<-c.ended
}

// Waits for the sum; the result is false if the counter has stopped.
func (c *counter) call(n int, takes time.Duration) (int, bool) {
	reply := make(chan int, 1)
	select {
	case c.requests <- request{n, takes, reply}:
		return <-reply, true
	case <-c.stopping:
		return 0, false
	}
}

// Does not wait for the sum.
func (c *counter) cast(n int, takes time.Duration) {
	select {
	case c.requests <- request{n, takes, nil}:
	case <-c.stopping:
	}
}

func (c *counter) loop() {
	defer close(c.ended)
	sum := 0 // no other task can see it
	for {
		select {
		case r := <-c.requests:
			time.Sleep(r.takes)
			sum += r.n
			if r.reply != nil {
				r.reply <- sum
			}
		case <-c.stopping:
			return
		}
	}
}

func startAndStop() {
	c := counter{make(chan request), make(chan struct{}), make(chan struct{})}
	c.start()
	var replies, answered, refused int64 // callers are on any thread
	var wg sync.WaitGroup
	caller := func(takes time.Duration) {
		defer wg.Done()
		if sum, ok := c.call(1, takes); ok {
			atomic.AddInt64(&answered, 1)
			atomic.AddInt64(&replies, int64(sum))
		} else {
			atomic.AddInt64(&refused, 1)
		}
	}

	wg.Add(1000)
	for i := 0; i < 1000; i++ {
		go caller(0)
	}
	wg.Wait()
	fmt.Println(answered, "calls, their replies add up to", replies)
	c.cast(500, 0)
	sum, _ := c.call(0, 0)
	fmt.Println("after a cast:", sum)

	answered = 0
	start := time.Now()
	wg.Add(10)
	for i := 0; i < 10; i++ {
		go caller(100 * time.Millisecond)
	}
	time.Sleep(350 * time.Millisecond)
	c.stop()
	fmt.Print("stopped after ", time.Since(start).Milliseconds(), " ms: ")
	wg.Wait()
	fmt.Println(answered, "answered,", refused, "refused")
	if _, ok := c.call(1, 0); !ok {
		fmt.Println("a call after that is refused")
	}
}

func main() {
	startAndStop()
}
