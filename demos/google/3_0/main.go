// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"math/rand"
	"sync"
	"time"
)

func search(kind, query string) string {
	time.Sleep(time.Duration(rand.Int63n(int64(100 * time.Millisecond))))
	return kind + " result for " + query
}

func first(kind, query string, replicas int, asked *sync.WaitGroup) string {
	c := make(chan string, replicas)
	asked.Add(replicas)
	for i := 0; i < replicas; i++ {
		go func() {
			defer asked.Done()
			result := search(kind, query)
			c <- result
		}()
	}
	return <-c
}

func ask(kind, query string, c chan<- string, asked *sync.WaitGroup) {
	result := first(kind, query, 2, asked)
	c <- result
}

func google(query string, asked *sync.WaitGroup) []string {
	c := make(chan string, 3) // room for late results
	for _, kind := range []string{"web", "image", "video"} {
		asked.Add(1)
		go func(kind string) {
			defer asked.Done()
			ask(kind, query, c, asked)
		}(kind)
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
	var asked sync.WaitGroup
	for i := 0; i < runs; i++ {
		start := time.Now()
		results := google("golang", &asked)
		for _, r := range results {
			fmt.Println(r)
		}
		fmt.Println("elapsed", time.Since(start).Microseconds(), "us")
	}
	asked.Wait() // late servers too
}

func main() {
	runs := flag.Int("runs", 1, "")
	flag.Parse()
	searches(*runs)
}
