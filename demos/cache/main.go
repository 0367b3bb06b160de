// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

type cache struct {
	lock    sync.RWMutex
	pages   map[string]string // guarded by lock
	mu      sync.Mutex
	flights map[string]*flight // guarded by mu
	fetched int
}

// A flight is a fetch that is under way; landed is closed when the page is there.
type flight struct {
	landed chan struct{}
	page   string
}

func (c *cache) fetch(url string) string {
	c.fetched++
	time.Sleep(100 * ms)
	c.lock.Lock()
	defer c.lock.Unlock()
	c.pages[url] = "the page of " + url
	return c.pages[url]
}

func (c *cache) fetchOnce(url string) string {
	c.mu.Lock()
	f, under := c.flights[url]
	if under {
		c.mu.Unlock()
		<-f.landed
		return f.page
	}
	f = &flight{landed: make(chan struct{})}
	c.flights[url] = f
	c.mu.Unlock()

	f.page = c.fetch(url)
	c.mu.Lock()
	delete(c.flights, url)
	c.mu.Unlock()
	close(f.landed)
	return f.page
}

// A client reads slowly.
func transmit(string) { time.Sleep(40 * ms) }

func (c *cache) serve(url string) {
	c.lock.RLock()
	page, found := c.pages[url]
	if found {
		transmit(page)
	}
	c.lock.RUnlock()
	if !found {
		transmit(c.fetchOnce(url))
	}
}

func (c *cache) serveThree() {
	c.fetched = 0
	start := time.Now()
	var clients sync.WaitGroup
	for i := 0; i < 3; i++ {
		clients.Add(1)
		go func() {
			defer clients.Done()
			c.serve("go.example")
		}()
	}
	clients.Wait()
	fmt.Println("3 clients are served,", c.fetched, "pages fetched, after", time.Since(start).Milliseconds(), "ms")
}

func (c *cache) clear(start time.Time) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.pages = map[string]string{}
	fmt.Println("the cache is cleared after", time.Since(start).Milliseconds(), "ms")
}

func main() {
	c := &cache{pages: map[string]string{}, flights: map[string]*flight{}}
	c.serveThree() // it is empty
	c.serveThree()
	var clients sync.WaitGroup
	start := time.Now()
	clients.Add(1)
	go func() {
		defer clients.Done()
		c.serve("go.example")
	}()
	time.Sleep(10 * ms)
	c.clear(start) // it waits for the client that reads
	clients.Wait()
	c.serveThree() // it is empty again
}
