// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"time"
)

const ms = time.Millisecond

// A promise is a channel with room for one value; it is broken if it is closed without one. Nobody waits for the value
// when unwanted is closed.
type promise struct {
	value    chan int
	unwanted chan struct{}
}

// This takes 30 ms for each letter; it finds nobody whose name is a question mark.
func lookUp(name string, number promise) {
	defer close(number.value)
	select {
	case <-number.unwanted:
		fmt.Println("  nobody waits for the number of", name)
	case <-time.After(time.Duration(len(name)) * 30 * ms):
		if name != "?" {
			number.value <- len(name)
		}
	}
}

func call(name string) {
	start := time.Now()
	p := promise{make(chan int, 1), make(chan struct{})}
	go lookUp(name, p)
	defer close(p.unwanted)
	how := ""
	select {
	case number, kept := <-p.value:
		if kept {
			how = fmt.Sprint("number ", number)
		} else {
			how = "no number"
		}
	case <-time.After(120 * ms):
		how = "it takes too long"
	}
	fmt.Printf("%s: %s, after %d ms\n", name, how, time.Since(start).Milliseconds())
}

func main() {
	for _, name := range []string{"al", "?", "barbara", "bo"} {
		call(name)
	}
}
