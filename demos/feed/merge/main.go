// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
)

type subscription struct {
	updates chan string
	closing chan chan<- string
}

func feed(domain string, number int, s subscription) {
	var to chan<- string
	for n := 1; n <= 3 && to == nil; n++ {
		select {
		case to = <-s.closing:
		case s.updates <- fmt.Sprint(domain, " ", n):
		}
	}
	if to == nil {
		to = <-s.closing
	}
	to <- fmt.Sprint("error of feed ", number)
}

func forward(from subscription, all chan<- string, quit <-chan struct{}, errors chan<- string) {
	defer func() { from.closing <- errors }()
	for {
		select {
		case item := <-from.updates:
			select {
			case all <- item:
			case <-quit:
				return
			}
		case <-quit:
			return
		}
	}
}

func dedupe(all <-chan string, updates chan<- string, quit <-chan struct{}) {
	defer close(updates)
	seen := map[string]bool{}
	for {
		select {
		case item := <-all:
			if seen[item] {
				continue
			}
			seen[item] = true
			select {
			case updates <- item:
			case <-quit:
				return
			}
		case <-quit:
			return
		}
	}
}

func main() {
	all, updates, errors := make(chan string), make(chan string), make(chan string)
	quit := make(chan struct{})
	var tasks sync.WaitGroup
	start := func(f func()) {
		tasks.Add(1)
		go func() {
			defer tasks.Done()
			f()
		}()
	}
	domains := []string{"a.org", "b.org", "a.org"}
	for i, domain := range domains {
		i, domain := i, domain
		s := subscription{make(chan string), make(chan chan<- string)}
		start(func() { feed(domain, i+1, s) })
		start(func() { forward(s, all, quit, errors) })
	}
	start(func() { dedupe(all, updates, quit) })
	for i := 0; i < 6; i++ {
		fmt.Println(<-updates)
	}

	close(quit)
	for range domains {
		fmt.Println(<-errors)
	}
	tasks.Wait()
	if _, more := <-updates; !more {
		fmt.Println("closed")
	}
}
