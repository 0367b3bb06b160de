// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

const ms = time.Millisecond

type fetched struct {
	items []string
	err   string
}

// Fetch number n finds one new item, and all older ones again; after 13 fetches the feed is gone.
func fetch(n int32, done chan<- fetched) {
	time.Sleep(50 * ms)
	var result fetched
	for i := int32(1); n <= 13 && i <= n; i++ {
		result.items = append(result.items, fmt.Sprint("item ", i))
	}
	if n > 13 {
		result.err = "no such feed"
	}
	done <- result
}

func loop(updates chan<- string, closing <-chan chan<- string, fetches *atomic.Int32) {
	var pending []string
	seen := map[string]bool{}
	var err string
	next := time.Now()
	var fetching chan fetched // it is nil if no fetch is under way
	for {
		var start <-chan time.Time
		if fetching == nil && len(pending) < 10 {
			start = time.After(time.Until(next))
		}
		var out chan<- string // it is nil if no item is pending
		var first string
		if len(pending) > 0 {
			out = updates
			first = pending[0]
		}
		select {
		case to := <-closing:
			to <- err
			close(updates)
			return
		case result := <-fetching:
			fetching = nil
			next = time.Now().Add(50 * ms)
			err = result.err
			for _, item := range result.items {
				if !seen[item] {
					seen[item] = true
					pending = append(pending, item)
				}
			}
		case <-start:
			fetching = make(chan fetched, 1) // nobody receives it after a close
			go fetch(fetches.Add(1), fetching)
		case out <- first:
			pending = pending[1:]
		}
	}
}

func main() {
	updates, err, closing := make(chan string), make(chan string), make(chan chan<- string)
	var fetches atomic.Int32
	start := time.Now()
	go loop(updates, closing, &fetches)
	for i := 1; i <= 4; i++ {
		if i == 4 {
			time.Sleep(1500 * ms)
			fmt.Println("paused:", fetches.Load(), "fetches, so that 10 items wait")
		}
		item := <-updates
		fmt.Println(item, "at", time.Since(start).Milliseconds(), "ms")
	}
	time.Sleep(125 * ms) // the loop is fetching
	closing <- err
	last := <-err
	fmt.Println("closed at", time.Since(start).Milliseconds(), "ms:", last)
	<-updates // it is closed
}
