// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"os"
	"sync"
	"time"
)

func worker(t string) {
	start := time.Now()
	for i := 0; i < 3; i++ {
		time.Sleep(time.Duration(rand.Intn(200_000)) * time.Microsecond)
		fmt.Println(t, i, "complete")
	}
	fmt.Fprintln(os.Stderr, t, "took", time.Since(start).Milliseconds(), "ms")
}

func main() {
	start := time.Now()
	fmt.Println("Starting...")
	var wg sync.WaitGroup
	for _, t := range []string{"sort data", "parse files", "generate output"} {
		t := t
		wg.Add(1)
		go func() {
			defer wg.Done() // however the worker ends
			worker(t)
		}()
	}
	wg.Wait()
	fmt.Fprintln(os.Stderr, "all took", time.Since(start).Milliseconds(), "ms")
}
