// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

type Work struct {
	x, y, z int
}

func worker(in <-chan Work, out chan<- Work) {
	for w := range in {
		w.z = w.x * w.y
		time.Sleep(time.Duration(w.z) * time.Millisecond)
		out <- w
	}
}

func sendLotsOfWork(in chan<- Work, jobs int) {
	for x := 1; x <= jobs; x++ {
		in <- Work{x, 5 - x%5, 0}
	}
	close(in)
}

func receiveLotsOfResults(out <-chan Work, jobs int) {
	for i := 0; i < jobs; i++ {
		w := <-out
		fmt.Println(w.x, "*", w.y, "=", w.z)
	}
}

func balance(workers, jobs int) {
	start := time.Now()
	in, out := make(chan Work), make(chan Work)
	for i := 0; i < workers; i++ {
		go worker(in, out)
	}
	go sendLotsOfWork(in, jobs)
	receiveLotsOfResults(out, jobs)
	fmt.Fprintln(os.Stderr, "took", time.Since(start).Milliseconds(), "ms")
}

func main() {
	workers := flag.Int("workers", 10, "")
	jobs := flag.Int("jobs", 20, "")
	flag.Parse()
	balance(*workers, *jobs)
}
