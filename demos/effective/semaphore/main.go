// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"sync"
	"time"
)

type load struct {
	sync.Mutex
	now, most int
}

func process(atOnce *load) {
	atOnce.Lock()
	atOnce.now++
	if atOnce.most < atOnce.now {
		atOnce.most = atOnce.now
	}
	atOnce.Unlock()
	time.Sleep(100 * time.Millisecond)
	atOnce.Lock()
	atOnce.now--
	atOnce.Unlock()
}

func handle(atOnce *load, sem <-chan struct{}) {
	process(atOnce)
	<-sem // this makes room for the next request
}

func serve(queue <-chan int, limit int, atOnce *load) {
	sem := make(chan struct{}, limit)
	var requests sync.WaitGroup
	for range queue {
		sem <- struct{}{} // this waits while the semaphore is full
		requests.Add(1)
		go func() {
			defer requests.Done()
			handle(atOnce, sem)
		}()
	}
	requests.Wait()
}

func main() {
	limit := flag.Int("limit", 3, "")
	flag.Parse()
	queue := make(chan int, 10)
	for r := 0; r < 10; r++ {
		queue <- r
	}
	close(queue)
	var atOnce load
	start := time.Now()
	serve(queue, *limit, &atOnce)
	fmt.Println("10 requests, at most", atOnce.most, "at once, took",
		time.Since(start).Milliseconds(), "ms")
}
