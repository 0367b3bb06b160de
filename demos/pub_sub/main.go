// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

// This passes events on, and keeps those that out does not take yet, however many they are.
func queue(in <-chan int, out chan<- int) {
	var waiting []int
	for in != nil || len(waiting) > 0 {
		var to chan<- int // it is nil if no event waits
		first := 0
		if len(waiting) > 0 {
			to = out
			first = waiting[0]
		}
		select {
		case event, more := <-in:
			if more {
				waiting = append(waiting, event)
			} else {
				in = nil // it is closed
			}
		case to <- first:
			waiting = waiting[1:]
		}
	}
	close(out)
}

func server(events <-chan int, subscribers []chan<- int, policy string) {
	if policy == "queue" {
		for i, each := range subscribers {
			before := make(chan int)
			go queue(before, each)
			subscribers[i] = before
		}
	}
	for event := range events {
		for _, each := range subscribers {
			if policy == "drop" {
				select {
				case each <- event:
				default:
				}
			} else {
				each <- event
			}
		}
	}
	for _, each := range subscribers {
		close(each)
	}
}

func subscriber(name string, in <-chan int, work time.Duration) {
	seen := ""
	start := time.Now()
	for event := range in {
		seen += fmt.Sprint(" ", event)
		time.Sleep(work)
	}
	fmt.Printf("%s has seen%s after %d ms\n", name, seen, time.Since(start).Milliseconds())
}

func main() {
	policy := flag.String("policy", "wait", "wait, drop or queue")
	flag.Parse()
	events, toQuick, toSlow := make(chan int), make(chan int), make(chan int)
	var subscribers sync.WaitGroup
	subscribers.Add(2)
	start := time.Now()
	go func() {
		defer subscribers.Done()
		subscriber("quick", toQuick, 0)
	}()
	go func() {
		defer subscribers.Done()
		subscriber("slow", toSlow, 140*ms)
	}()
	go server(events, []chan<- int{toQuick, toSlow}, *policy)
	for event := 0; event < 10; event++ {
		time.Sleep(40 * ms)
		events <- event
	}
	fmt.Println("published after", time.Since(start).Milliseconds(), "ms")
	close(events)
	subscribers.Wait()
}
