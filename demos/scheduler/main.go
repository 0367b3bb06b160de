// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"os"
	"time"
)

const ms = time.Millisecond

// Server 2 is broken. The result says whether the task is done.
func call(server, job int) bool {
	time.Sleep(100 * ms)
	if server == 2 {
		return false
	}
	fmt.Println("task", job, "is done")
	return true
}

func runTasks(server int, work chan int, done chan<- struct{}) {
	for job := range work {
		if call(server, job) {
			done <- struct{}{}
			continue
		}
		work <- job // there is room for all
		fmt.Fprintln(os.Stderr, "server", server, "has failed")
		return
	}
}

func startServers(servers <-chan int, work chan int, done chan<- struct{}) {
	for server := range servers {
		go runTasks(server, work, done)
	}
}

func schedule(servers <-chan int, jobs int) {
	work := make(chan int, jobs)
	done := make(chan struct{})
	for job := 1; job <= jobs; job++ {
		work <- job
	}
	go startServers(servers, work, done)
	for job := 1; job <= jobs; job++ {
		<-done
	}
	close(work)
}

func join(servers chan<- int) {
	servers <- 1
	servers <- 2
	time.Sleep(250 * ms)
	servers <- 3
	close(servers)
}

func main() {
	servers := make(chan int)
	start := time.Now()
	go join(servers)
	schedule(servers, 10)
	fmt.Println("10 tasks took", time.Since(start).Milliseconds(), "ms")
}
