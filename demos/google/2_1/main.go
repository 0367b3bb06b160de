// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"math/rand"
	"runtime"
	"time"
)

func search(kind, query string) string {
	time.Sleep(time.Duration(rand.Int63n(int64(100 * time.Millisecond))))
	return kind + " result for " + query
}

func ask(kind, query string, c chan<- string) {
	result := search(kind, query)
	c <- result
}

func google(query string) []string {
	c := make(chan string, 3) // room for late results
	for _, kind := range []string{"web", "image", "video"} {
		go ask(kind, query, c)
	}

	var results []string
	timeout := time.After(80 * time.Millisecond)
	for i := 0; i < 3; i++ {
		select {
		case r := <-c:
			results = append(results, r)
		case <-timeout:
			fmt.Println("timed out")
			return results
		}
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
	time.Sleep(100 * time.Millisecond)
	for runtime.NumGoroutine() > 1 { // nobody is left behind, or this never ends
		runtime.Gosched()
	}
}

func main() {
	runs := flag.Int("runs", 1, "")
	flag.Parse()
	searches(*runs)
}
