// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

type message struct {
	tag  int
	text string
}

type connection struct {
	requests, replies chan message
}

type protocolMux struct {
	service connection
	mu      sync.Mutex // guards the rest
	tags    int
	pending map[int]chan string
}

func newMux(c connection) *protocolMux {
	m := &protocolMux{service: c, pending: map[int]chan string{}}
	go m.receiveAll()
	return m
}

func (mux *protocolMux) call(text string) string {
	reply := make(chan string)
	mux.mu.Lock()
	mux.tags++
	tag := mux.tags
	mux.pending[tag] = reply
	mux.mu.Unlock()
	mux.service.requests <- message{tag, text}
	return <-reply
}

func (mux *protocolMux) receiveAll() {
	for m := range mux.service.replies {
		mux.mu.Lock()
		reply := mux.pending[m.tag]
		delete(mux.pending, m.tag)
		mux.mu.Unlock()
		reply <- m.text
	}
}

// This stands for a server; the earlier a request comes, the later is its reply.
func answer(m message, replies chan<- message) {
	time.Sleep(time.Duration(6-m.tag) * 20 * ms)
	replies <- message{m.tag, "answer to " + m.text}
}

func serve(c connection) {
	for m := range c.requests {
		go answer(m, c.replies)
	}
}

func caller(mux *protocolMux, text string) {
	start := time.Now()
	reply := mux.call(text)
	fmt.Println(text, "has the", reply, "after", time.Since(start).Milliseconds(), "ms")
}

func main() {
	c := connection{make(chan message), make(chan message)}
	go serve(c)
	mux := newMux(c)
	var calls sync.WaitGroup
	for _, text := range []string{"a", "b", "c", "d", "e"} {
		calls.Add(1)
		go func(text string) {
			defer calls.Done()
			caller(mux, text)
		}(text)
		time.Sleep(1 * ms) // so that the calls have tags in this order
	}
	calls.Wait()
}
