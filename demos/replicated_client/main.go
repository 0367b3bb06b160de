// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"time"
)

const ms = time.Millisecond

type result struct {
	server, reply int
}

type client struct {
	latencies []time.Duration
	sticky    bool
	prefer    int
}

func (c *client) call(argument int) (r result) {
	done := make(chan result, len(c.latencies)) // late replies stay in it
	for i := range c.latencies {
		go ask((c.prefer+i)%len(c.latencies), c.latencies, argument, done)
		select {
		case r = <-done:
			c.keep(r)
			return
		case <-time.After(100 * ms):
		}
	}
	r = <-done
	c.keep(r)
	return
}

func (c *client) keep(r result) {
	if c.sticky {
		c.prefer = r.server
	}
}

// This stands for a request to a server.
func ask(server int, latencies []time.Duration, argument int, done chan<- result) {
	time.Sleep(latencies[server])
	done <- result{server, argument * argument}
}

func main() {
	sticky := flag.Bool("sticky", false, "")
	flag.Parse()
	c := client{[]time.Duration{10000 * ms, 180 * ms, 30 * ms}, *sticky, 0}
	for n := 1; n <= 3; n++ {
		start := time.Now()
		r := c.call(n)
		fmt.Println("server", r.server, "replies", r.reply, "after",
			time.Since(start).Milliseconds(), "ms")
	}
}
