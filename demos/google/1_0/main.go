// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"math/rand"
	"time"
)

func search(kind, query string) string {
	time.Sleep(time.Duration(rand.Int63n(int64(100 * time.Millisecond))))
	return kind + " result for " + query
}

func google(query string) []string {
	var results []string
	for _, kind := range []string{"web", "image", "video"} {
		results = append(results, search(kind, query))
	}
	return results
}

func searches(runs int) {
	for i := 0; i < runs; i++ {
		start := time.Now()
		results := google("golang")
		for _, r := range results {
			fmt.Println(r)
		}
		fmt.Println("elapsed", time.Since(start).Microseconds(), "us")
	}
}

func main() {
	runs := flag.Int("runs", 1, "")
	flag.Parse()
	searches(*runs)
}
