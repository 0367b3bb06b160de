// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"time"
)

func randomPause() time.Duration { // up to 200 ms
	return time.Duration(1+rand.Intn(200_000)) * time.Microsecond
}

func worker(t string, ch chan<- string) {
	for i := 0; i < 3; i++ {
		time.Sleep(randomPause())
		ch <- fmt.Sprint(t, " ", i, " complete")
	}
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
}
