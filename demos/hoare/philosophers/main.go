// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"math/rand"
	"sync"
	"time"
)

// A fork is a channel with room for one; while it lies on the table, the channel is empty.
type forks [5]chan struct{}

func sleep(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }

func philosopher(i int, fork forks, room chan struct{}) {
	left, right := fork[i], fork[(i+1)%5]
	for meal := 0; meal < 3; meal++ {
		room <- struct{}{}
		left <- struct{}{}
		sleep(10)
		right <- struct{}{}
		fmt.Println("philosopher", i, "eats")
		sleep(rand.Intn(10))
		fmt.Println("philosopher", i, "has eaten")
		<-left
		<-right
		<-room
		sleep(rand.Intn(10)) // the philosopher thinks
	}
}

func main() {
	places := flag.Int("room", 4, "")
	flag.Parse()
	var fork forks
	for i := range fork {
		fork[i] = make(chan struct{}, 1)
	}
	room := make(chan struct{}, *places)
	var philosophers sync.WaitGroup
	philosophers.Add(5)
	for i := range fork {
		go func(i int) {
			defer philosophers.Done()
			philosopher(i, fork, room)
		}(i)
	}
	philosophers.Wait()
}
