// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sort"
	"time"
)

const ms = time.Millisecond

type resource struct {
	url    string
	errors int
}

type state struct {
	url, status string
}

func stateMonitor(updates <-chan state) {
	statuses := map[string]string{}
	tick := time.Tick(500 * ms)
	for {
		select {
		case <-tick:
			fmt.Println("Current state:")
			var lines []string
			for url, status := range statuses {
				lines = append(lines, url+" "+status)
			}
			sort.Strings(lines)
			for _, line := range lines {
				fmt.Println(line)
			}
		case s := <-updates:
			statuses[s.url] = s.status
		}
	}
}

// This stands for an HTTP request.
func (r *resource) head() string {
	time.Sleep(50 * ms)
	if r.url != "http://c.example" {
		r.errors = 0
		return "200 OK"
	}
	r.errors++
	return fmt.Sprint("error ", r.errors)
}

func poller(in <-chan *resource, out chan<- *resource, status chan<- state) {
	for r := range in {
		s := r.head()
		status <- state{r.url, s}
		out <- r
	}
}

// The pause grows with the number of errors.
func (r *resource) sleepBefore(done chan<- *resource) {
	time.Sleep(300*ms + time.Duration(r.errors)*100*ms)
	done <- r
}

func pollAll() {
	pending, complete := make(chan *resource), make(chan *resource)
	status := make(chan state)
	go stateMonitor(status)
	for i := 0; i < 2; i++ {
		go poller(pending, complete, status)
	}
	for _, url := range []string{"http://a.example", "http://b.example", "http://c.example"} {
		go func(url string) { pending <- &resource{url: url} }(url)
	}
	for r := range complete {
		go r.sleepBefore(pending)
	}
}

func main() {
	go pollAll()
	time.Sleep(1600 * ms)
}
