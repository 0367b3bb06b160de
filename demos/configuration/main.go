// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

type config struct {
	limit int
}

// A watch holds the latest configuration; changed is closed when there is another one.
type watch struct {
	mu      sync.Mutex
	value   config
	changed chan struct{}
	closed  bool
}

func newWatch(c config) *watch { return &watch{value: c, changed: make(chan struct{})} }

func (w *watch) get() (value config, changed <-chan struct{}, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.value, w.changed, w.closed
}

func (w *watch) update(f func(config) config, closes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.value = f(w.value)
	close(w.changed)
	w.changed = make(chan struct{})
	w.closed = closes
}

func since(start time.Time) string { return fmt.Sprint(time.Since(start).Milliseconds(), " ms") }

// This takes 230 ms for each configuration, and skips those that were replaced meanwhile.
func server(latest *watch, start time.Time, out chan<- string) {
	used := ""
	seen := 0
	for {
		c, changed, closed := latest.get()
		if c.limit != seen {
			seen = c.limit
			used += fmt.Sprint(" ", c.limit, " at ", since(start))
			time.Sleep(230 * ms)
		} else if closed {
			out <- used
			return
		} else {
			<-changed
		}
	}
}

func alarmBell(latest *watch, start time.Time, out chan<- string) {
	c, changed, _ := latest.get()
	for c.limit <= 35 {
		<-changed
		c, changed, _ = latest.get()
	}
	out <- fmt.Sprint(" ", c.limit, " at ", since(start))
}

// A backup is made when nothing has changed for 150 ms.
func backUp(latest *watch, start time.Time, out chan<- string) {
	for {
		c, changed, _ := latest.get()
		select {
		case <-changed:
		case <-time.After(150 * ms):
			out <- fmt.Sprint(" ", c.limit, " at ", since(start))
			return
		}
	}
}

// A broadcast is a channel for each subscriber; the oldest value makes room for a new one.
type broadcast struct {
	subscribers []*subscription
}

type subscription struct {
	values chan int
	lost   int
}

func (b *broadcast) subscribe(capacity int) *subscription {
	s := &subscription{values: make(chan int, capacity)}
	b.subscribers = append(b.subscribers, s)
	return s
}

func (b *broadcast) send(v int) {
	for _, s := range b.subscribers {
		for sent := false; !sent; {
			select {
			case s.values <- v:
				sent = true
			default:
				select {
				case <-s.values:
					s.lost++
				default:
				}
			}
		}
	}
}

func (b *broadcast) close() {
	for _, s := range b.subscribers {
		close(s.values)
	}
}

// A log that takes longer for each change than the broadcast keeps it loses some.
func keepLog(changes *subscription, work time.Duration, out chan<- string) {
	kept := ""
	for limit := range changes.values {
		kept += fmt.Sprint(" ", limit)
		time.Sleep(work)
	}
	out <- fmt.Sprint(kept, ", ", changes.lost, " lost")
}

func main() {
	start := time.Now()
	current := newWatch(config{10})
	changes := &broadcast{}
	served, rang, saved := make(chan string), make(chan string), make(chan string)
	logged, archived := make(chan string), make(chan string)
	go server(current, start, served)
	go alarmBell(current, start, rang)
	go backUp(current, start, saved)
	go keepLog(changes.subscribe(2), 0, logged)
	go keepLog(changes.subscribe(2), 240*ms, archived)

	for i := 0; i < 5; i++ {
		time.Sleep(100 * ms)
		current.update(func(c config) config {
			c.limit += 10
			return c
		}, false)
		c, _, _ := current.get()
		changes.send(c.limit)
	}
	time.Sleep(200 * ms)
	current.update(func(c config) config { return c }, true)
	changes.close()

	fmt.Println("server:" + <-served)
	fmt.Println("alarm:" + <-rang)
	fmt.Println("backup:" + <-saved)
	fmt.Println("log:" + <-logged)
	fmt.Println("archive:" + <-archived)
}
