// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"sync"
	"time"
)

type readOp struct {
	key  int
	resp chan int
}
type writeOp struct {
	key, value int
	resp       chan struct{}
}

func own(reads <-chan readOp, writes <-chan writeOp) {
	state := map[int]int{}
	for {
		select {
		case r := <-reads:
			r.resp <- state[r.key]
		case w := <-writes:
			state[w.key] = w.value
			w.resp <- struct{}{}
		}
	}
}

func pause() { time.Sleep(time.Duration(rand.Intn(5000)) * time.Microsecond) }

func reader(id int, reads chan<- readOp, log io.Writer) {
	resp := make(chan int)
	for i := 0; i < 10; i++ {
		pause()
		key := rand.Intn(10)
		fmt.Fprintln(log, "reader", id, "asks for", key)
		reads <- readOp{key, resp}
		value := <-resp
		fmt.Fprintln(log, "reader", id, "gets", value)
	}
}

func writer(id int, writes chan<- writeOp, log io.Writer) {
	resp := make(chan struct{})
	for value := 1; value <= 10; value++ {
		pause()
		fmt.Fprintln(log, "writer", id, "sets", value)
		writes <- writeOp{id, value, resp} // no other task writes to this key
		<-resp
		fmt.Fprintln(log, "writer", id, "has set", value)
	}
}

func stateful(log io.Writer) {
	reads, writes := make(chan readOp), make(chan writeOp)
	go own(reads, writes)
	var users sync.WaitGroup
	users.Add(110)
	for id := 0; id < 100; id++ {
		go func(id int) {
			defer users.Done()
			reader(id, reads, log)
		}(id)
	}
	for id := 0; id < 10; id++ {
		go func(id int) {
			defer users.Done()
			writer(id, writes, log)
		}(id)
	}
	users.Wait()
	fmt.Println("1000 reads, 100 writes, and no lock")
}

func main() {
	log := flag.Bool("log", false, "")
	flag.Parse()
	if *log {
		stateful(os.Stdout)
	} else {
		stateful(io.Discard)
	}
}
