// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"runtime"
	"time"
)

const (
	ms    = time.Millisecond
	meals = 5
)

// This takes 20 ms, and does not wait.
func compute() {
	for start := time.Now(); time.Since(start) < 20*ms; {
	}
}

// Wrong: the other goroutine changes the deadline meanwhile.
func watchDeadline(deadline *time.Time, barked chan<- struct{}) {
	for deadline.After(time.Now()) {
		time.Sleep(time.Until(*deadline))
	}
	close(barked)
}

func resetDeadline() {
	deadline := time.Now().Add(100 * ms)
	barked := make(chan struct{})
	go watchDeadline(&deadline, barked)
	for i := 0; i < meals; i++ {
		compute()
		deadline = time.Now().Add(100 * ms)
		runtime.Gosched()
	}
	<-barked
}

// Right: the dog has its own timer, and is told when to start it again.
func watchBowl(bowl <-chan struct{}, barked chan<- struct{}) {
	defer close(barked)
	for {
		select {
		case <-bowl:
		case <-time.After(100 * ms):
			return
		}
	}
}

func fillBowl() {
	bowl, barked := make(chan struct{}), make(chan struct{})
	go watchBowl(bowl, barked)
	for i := 0; i < meals; i++ {
		compute()
		bowl <- struct{}{}
	}
	<-barked
}

func main() {
	threads := flag.Int("threads", 1, "")
	fixed := flag.Bool("fixed", false, "")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	if *fixed {
		fillBowl()
	} else {
		resetDeadline()
	}
	fmt.Println("woof")
}
