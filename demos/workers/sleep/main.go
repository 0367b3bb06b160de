// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"os"
	"time"
)

func worker(t string) {
	for i := 0; i < 3; i++ {
		time.Sleep(time.Duration(rand.Intn(200_000)) * time.Microsecond)
		fmt.Println(t, i, "complete")
	}
}

func main() {
	start := time.Now()
	fmt.Println("Starting...")
	for _, t := range []string{"sort data", "parse files", "generate output"} {
		go worker(t)
	}
	time.Sleep(1000 * time.Millisecond) // longer than three pauses
	fmt.Fprintln(os.Stderr, "took", time.Since(start).Milliseconds(), "ms")
}
