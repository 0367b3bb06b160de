// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"sync"
	"time"
)

func worker(t string, ch chan<- string) {
	for i := 0; i < 3; i++ {
		time.Sleep(time.Duration(rand.Intn(200_000)) * time.Microsecond)
		ch <- fmt.Sprint(t, " ", i, " complete")
	}
}

func main() {
	fmt.Println("Starting...")
	sorted, parsed, generated := make(chan string), make(chan string), make(chan string)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(3)
	start := func(t string, ch chan<- string) {
		defer wg.Done()
		worker(t, ch)
	}
	go start("sort data", sorted)
	go start("parse files", parsed)
	go start("generate output", generated)
	go func() {
		wg.Wait()
		quit <- struct{}{}
	}()

	var line string
	for {
		select {
		case line = <-sorted:
		case line = <-parsed:
		case line = <-generated:
		case <-quit:
			return
		}
		fmt.Println(line)
	}
}
