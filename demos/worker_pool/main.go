// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"sync"
)

func worker(id int, jobs <-chan int, results chan<- int) {
	for j := range jobs {
		fmt.Println("Worker", id, "processing job", j)
		results <- j * 2
	}
}

func startWorkers(workers int, jobs <-chan int, results chan<- int, pool *sync.WaitGroup) {
	pool.Add(workers)
	for w := 1; w <= workers; w++ {
		go func(w int) {
			defer pool.Done()
			worker(w, jobs, results)
		}(w)
	}
}

func workerPool(workers, count int, late bool) {
	jobs, results := make(chan int, count), make(chan int, count)
	var pool sync.WaitGroup
	if !late {
		startWorkers(workers, jobs, results, &pool)
	}
	for j := 1; j <= count; j++ {
		jobs <- j // there is room for all
	}
	close(jobs) // the jobs in the buffer stay
	if late {
		startWorkers(workers, jobs, results, &pool)
	}
	for a := 1; a <= count; a++ {
		r := <-results
		fmt.Println("Result:", r)
	}

	pool.Wait()
}

func main() {
	workers := flag.Int("w", 3, "")
	jobs := flag.Int("j", 5, "")
	late := flag.Bool("late", false, "")
	flag.Parse()
	workerPool(*workers, *jobs, *late)
}
