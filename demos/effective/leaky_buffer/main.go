// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"time"
)

type buffer struct {
	message int
}

type lists struct {
	freeList, serverChan     chan *buffer
	made, processed, dropped atomic.Int32
}

func pause(limit time.Duration) { time.Sleep(time.Duration(rand.Int63n(int64(limit)))) }

func client(l *lists, clients *sync.WaitGroup) {
	defer clients.Done()
	for message := 0; message < 100; message++ {
		var b *buffer
		select {
		case b = <-l.freeList:
		default:
			b = new(buffer) // the list is empty
			l.made.Add(1)
		}
		pause(2 * time.Millisecond)
		b.message = message
		l.serverChan <- b
	}
}

func server(l *lists, serving chan<- struct{}) {
	for b := range l.serverChan {
		pause(1 * time.Millisecond)
		l.processed.Add(1)
		select {
		case l.freeList <- b:
		default:
			l.dropped.Add(1) // the list is full, so this buffer is garbage
		}
	}
	close(serving)
}

func main() {
	capacity := flag.Int("capacity", 3, "")
	flag.Parse()
	l := lists{freeList: make(chan *buffer, *capacity), serverChan: make(chan *buffer)}
	serving := make(chan struct{})
	go server(&l, serving)
	var clients sync.WaitGroup
	for i := 0; i < 5; i++ {
		clients.Add(1)
		go client(&l, &clients)
	}
	clients.Wait()
	close(l.serverChan)
	<-serving
	fmt.Println(l.processed.Load(), "messages in", l.made.Load(), "buffers,",
		l.dropped.Load(), "dropped,", len(l.freeList), "in the free list")
}
