// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

var start = time.Now()

func log(what string) { fmt.Println(what, "at", time.Since(start).Milliseconds(), "ms") }

type connection struct {
	number int
	tooOld *time.Timer
}

func (c *connection) name() string { return fmt.Sprint("connection ", c.number) }

type pool struct {
	places chan struct{} // a place for each connection that is lent
	idle   time.Duration
	lock   sync.Mutex
	unused []*connection // guarded by lock
	opened int           // guarded by lock
}

func (p *pool) open() *connection {
	p.lock.Lock()
	p.opened++
	c := &connection{number: p.opened}
	p.lock.Unlock()
	time.Sleep(50 * ms)
	log(c.name() + " opens")
	return c
}

func (p *pool) take() *connection {
	p.places <- struct{}{}
	p.lock.Lock()
	if n := len(p.unused); n > 0 {
		c := p.unused[n-1]
		p.unused = p.unused[:n-1]
		p.lock.Unlock()
		c.tooOld.Stop()
		return c
	}
	p.lock.Unlock()
	return p.open()
}

func (p *pool) put(c *connection) {
	p.lock.Lock()
	p.unused = append(p.unused, c)
	c.tooOld = time.AfterFunc(p.idle, func() { p.close(c) })
	p.lock.Unlock()
	<-p.places
}

func (p *pool) close(c *connection) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for i, each := range p.unused {
		if each == c {
			p.unused = append(p.unused[:i], p.unused[i+1:]...)
			log(c.name() + " closes")
			return
		}
	}
}

func (p *pool) discard(c *connection) {
	log(c.name() + " closes")
	<-p.places
}

func (p *pool) ask(client string) {
	mine := p.take()
	log(client + " has " + mine.name())
	time.Sleep(100 * ms)
	if client == "cat" {
		log(client + " finds it broken")
		p.discard(mine)
		return
	}
	p.put(mine)
}

func main() {
	p := &pool{places: make(chan struct{}, 2), idle: 200 * ms}
	var clients sync.WaitGroup
	for _, client := range []string{"ann", "bob", "cat", "dan", "eve"} {
		clients.Add(1)
		go func(client string) {
			defer clients.Done()
			p.ask(client)
		}(client)
		time.Sleep(10 * ms)
	}
	clients.Wait()
	time.Sleep(300 * ms)
	log("the end")
}
