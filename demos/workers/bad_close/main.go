// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"time"
)

func worker(t string, ch chan<- string) {
	for i := 0; i < 3; i++ {
		time.Sleep(time.Duration(rand.Intn(200_000)) * time.Microsecond)
		ch <- fmt.Sprint(t, " ", i, " complete")
	}
	close(ch)
}

func main() {
	fmt.Println("Starting...")
	ch := make(chan string)
	for _, t := range []string{"sort data", "parse files", "generate output"} {
		go worker(t, ch)
	}
	for line := range ch {
		fmt.Println(line)
	}
	time.Sleep(1000 * time.Millisecond) // time for the other jobs to fail
}
