// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"
)

func whisper(left chan<- int, right <-chan int) {
	heard := <-right
	left <- 1 + heard
}

func peakMemory() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Maxrss * 1024
}

func daisyChain(n int) {
	start := time.Now()
	before := peakMemory()
	leftmost := make(chan int)
	right := leftmost
	for i := 0; i < n; i++ {
		left := right
		right = make(chan int)
		go whisper(left, right)
	}
	right <- 1
	fmt.Println(<-leftmost)
	fmt.Fprintln(os.Stderr, "took", time.Since(start).Milliseconds(),
		"ms,", (peakMemory()-before)/int64(n), "bytes for each task")
}

func main() {
	n := flag.Int("n", 10000, "")
	flag.Parse()
	daisyChain(*n)
}
