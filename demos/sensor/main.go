// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

// A reader has a buffer that drops its oldest value, or the newest, if it is full.
type reader struct {
	values  chan int
	newest  bool
	dropped int
}

func newReader(capacity int, newest bool) *reader {
	return &reader{values: make(chan int, capacity), newest: newest}
}

func (r *reader) send(v int) {
	for {
		select {
		case r.values <- v:
			return
		default:
		}
		if r.newest {
			r.dropped++
			return
		}
		select {
		case <-r.values:
			r.dropped++
		default:
		}
	}
}

func measure(gauge, log, alarms *reader) {
	for reading := 1; reading <= 10; reading++ {
		gauge.send(reading)
		log.send(reading)
		if reading > 5 {
			alarms.send(reading)
		}
	}
	close(gauge.values)
	close(log.values)
	close(alarms.values)
}

func show(name string, in *reader) {
	fmt.Print(name, ":")
	for reading := range in.values {
		fmt.Print(" ", reading)
	}
	fmt.Println(",", in.dropped, "dropped")
}

// Packets wait in a radio as long as there are fewer than 300 bytes in it.
type radio struct {
	mu      sync.Mutex
	changed *sync.Cond
	packets []string
	bytes   int
	closed  bool
}

func newRadio() *radio {
	r := &radio{}
	r.changed = sync.NewCond(&r.mu)
	return r
}

func (r *radio) send(packet string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.bytes >= 300 {
		r.changed.Wait()
	}
	r.packets = append(r.packets, packet)
	r.bytes += len(packet)
	r.changed.Broadcast()
}

func (r *radio) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.changed.Broadcast()
}

func (r *radio) receive() (packet string, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.packets) == 0 && !r.closed {
		r.changed.Wait()
	}
	if len(r.packets) == 0 {
		return "", false
	}
	packet = r.packets[0]
	r.packets = r.packets[1:]
	r.bytes -= len(packet)
	r.changed.Broadcast()
	return packet, true
}

func (r *radio) pack(done chan<- struct{}) {
	start := time.Now()
	for _, bytes := range []int{200, 50, 200, 100, 10} {
		r.send(string(make([]byte, bytes)))
		fmt.Println(bytes, "bytes are packed at", time.Since(start).Milliseconds(), "ms")
	}
	r.close()
	close(done)
}

// This takes 1 ms for each byte.
func (r *radio) transmit() {
	for {
		packet, more := r.receive()
		if !more {
			return
		}
		time.Sleep(time.Duration(len(packet)) * time.Millisecond)
	}
}

func main() {
	gauge, log, alarms := newReader(1, false), newReader(4, false), newReader(2, true)
	measure(gauge, log, alarms)
	show("gauge", gauge)
	show("log", log)
	show("alarms", alarms)

	r := newRadio()
	packed := make(chan struct{})
	go r.pack(packed)
	time.Sleep(100 * time.Millisecond)
	r.transmit()
	<-packed
}
