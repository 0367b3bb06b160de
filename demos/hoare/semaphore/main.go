// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"sync"
	"time"
)

type ends struct {
	p, v chan struct{}
}

func semaphore(x ends, value int) {
	for {
		var p chan struct{} // it is nil, and nil is never ready
		if value > 0 {
			p = x.p
		}
		select {
		case <-p:
			value--
		case <-x.v:
			value++
		}
	}
}

type load struct {
	sync.Mutex
	now, most int
}

func (inside *load) enter() {
	inside.Lock()
	defer inside.Unlock()
	inside.now++
	if inside.most < inside.now {
		inside.most = inside.now
	}
}

func (inside *load) leave() {
	inside.Lock()
	defer inside.Unlock()
	inside.now--
}

func user(x ends, inside *load) {
	for i := 0; i < 3; i++ {
		x.p <- struct{}{}
		inside.enter()
		time.Sleep(10 * time.Millisecond)
		inside.leave()
		x.v <- struct{}{}
	}
}

func main() {
	value := flag.Int("value", 1, "")
	flag.Parse()
	x := ends{make(chan struct{}), make(chan struct{})}
	go semaphore(x, *value)
	var inside load
	var users sync.WaitGroup
	start := time.Now()
	for i := 0; i < 4; i++ {
		users.Add(1)
		go func() {
			defer users.Done()
			user(x, &inside)
		}()
	}
	users.Wait()
	fmt.Println("12 visits, at most", inside.most, "at once, took",
		time.Since(start).Milliseconds(), "ms")
}
