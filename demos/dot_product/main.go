// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"syscall"
)

type part struct {
	sum    int64
	thread int
}

func multiply(a, b []int64, allHere *sync.WaitGroup) part {
	if allHere != nil {
		allHere.Done()
		allHere.Wait() // returns only if all chunks run at the same time
	}
	var p part
	p.thread = syscall.Gettid()
	for i := range a {
		p.sum += a[i] * b[i]
	}
	return p
}

func dotProduct(a, b []int64, chunks int, meet bool) {
	var allHere *sync.WaitGroup
	if meet {
		allHere = new(sync.WaitGroup)
		allHere.Add(chunks)
	}
	parts := make(chan part, chunks)
	for i := 0; i < chunks; i++ {
		from, to := len(a)*i/chunks, len(a)*(i+1)/chunks
		go func() { parts <- multiply(a[from:to], b[from:to], allHere) }() // fork
	}
	var sum int64
	threads := map[int]bool{}
	for i := 0; i < chunks; i++ {
		p := <-parts // join
		sum += p.sum
		threads[p.thread] = true
	}
	fmt.Println(sum)
	main := "free"
	if threads[syscall.Gettid()] {
		main = "too"
	}
	fmt.Fprintln(os.Stderr, chunks, "chunks on", len(threads), "threads, main's", main)
}

func main() {
	n := flag.Int("n", 1000000, "")
	chunks := flag.Int("chunks", 4, "")
	meet := flag.Bool("meet", false, "")
	flag.Parse()
	a, b := make([]int64, *n), make([]int64, *n)
	for i := range a {
		a[i] = int64(i)
		b[i] = int64(*n - i)
	}
	dotProduct(a, b, *chunks, *meet)
}
