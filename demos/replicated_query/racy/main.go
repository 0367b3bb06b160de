// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"sync"
)

func ask(number int, ch chan<- int) {
	select {
	case ch <- number:
	default:
	}
}

func lateQuery(replicas int, ch chan int) bool {
	var others sync.WaitGroup
	for i := 0; i < replicas; i++ {
		others.Add(1)
		go func(i int) {
			defer others.Done()
			ask(i, ch)
		}(i)
	}
	others.Wait() // the reader is busy meanwhile
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func replicatedQuery(runs int) {
	unbuffered, buffered := 0, 0
	for i := 0; i < runs; i++ {
		if !lateQuery(3, make(chan int)) {
			unbuffered++ // no receiver waited, so all sends took the default
		}
		if !lateQuery(3, make(chan int, 1)) {
			buffered++
		}
	}
	fmt.Println("unbuffered:", unbuffered, "of", runs, "answers lost")
	fmt.Println("a buffer of 1:", buffered, "of", runs, "answers lost")
}

func main() {
	runs := flag.Int("runs", 50, "")
	flag.Parse()
	replicatedQuery(*runs)
}
