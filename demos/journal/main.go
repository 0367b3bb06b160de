// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

var start = time.Now()

func say(what string) {
	fmt.Println(what, "at", time.Since(start).Milliseconds(), "ms")
}

func list(entries []string) string {
	all := ""
	for _, each := range entries {
		all += " " + each
	}
	return all
}

// However many the entries are, the disk takes 60 ms.
func save(entries []string) {
	say("the disk saves" + list(entries))
	time.Sleep(60 * ms)
}

type batcher struct {
	mu    sync.Mutex
	items int
	after time.Duration
	open  *batch // it takes entries
}

type batch struct {
	entries []string
	saved   chan struct{}
}

// Returns when the batch of this entry is saved.
func (b *batcher) add(entry string) {
	b.mu.Lock()
	if b.open == nil {
		fresh := &batch{saved: make(chan struct{})}
		b.open = fresh
		time.AfterFunc(b.after, func() { b.flush(fresh) })
	}
	mine := b.open
	mine.entries = append(mine.entries, entry)
	complete := len(mine.entries) == b.items
	b.mu.Unlock()
	if complete {
		go b.flush(mine)
	}
	<-mine.saved
}

func (b *batcher) flush(which *batch) {
	b.mu.Lock()
	if b.open != which { // it was complete before its time
		b.mu.Unlock()
		return
	}
	b.open = nil
	b.mu.Unlock()
	save(which.entries)
	close(which.saved)
}

// A batch is complete when it has three entries, or 150 ms after its first.
func batches() {
	journal := &batcher{items: 3, after: 150 * ms}
	var clients []chan struct{}
	for _, entry := range []string{"a", "b", "c", "d"} {
		done := make(chan struct{})
		clients = append(clients, done)
		go func(entry string) {
			journal.add(entry)
			close(done)
		}(entry)
		time.Sleep(20 * ms)
	}
	for _, done := range clients {
		<-done
		say("a client goes on")
	}
}

// An entry is made when there is room for it, so it is as new as can be.
func makeEntries(out chan<- string, room <-chan struct{}) {
	for i := 1; i <= 6; i++ {
		<-room
		say(fmt.Sprint("entry ", i, " is made"))
		out <- fmt.Sprint(i)
	}
	close(out)
}

// Waits for an entry, and takes those that there are.
func receiveMany(in <-chan string) (some []string) {
	first, more := <-in
	for more {
		some = append(some, first)
		select {
		case first, more = <-in:
		default:
			more = false
		}
	}
	return some
}

// The disk takes all entries that there are.
func takeAll() {
	entries, room := make(chan string, 2), make(chan struct{}, 2)
	room <- struct{}{}
	room <- struct{}{}
	go makeEntries(entries, room)
	time.Sleep(10 * ms)
	for some := receiveMany(entries); some != nil; some = receiveMany(entries) {
		say("the disk saves" + list(some))
		for range some {
			room <- struct{}{}
		}
		time.Sleep(60 * ms)
	}
}

func main() {
	batches()
	takeAll()
}
