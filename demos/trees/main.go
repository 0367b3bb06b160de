// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"math/rand"
	"runtime"
	"time"
)

type tree struct {
	value       int
	left, right *tree
}

func insert(t *tree, value int) *tree {
	if t == nil {
		return &tree{value: value}
	}
	if value < t.value {
		t.left = insert(t.left, value)
	} else {
		t.right = insert(t.right, value)
	}
	return t
}

// The tree holds k, 2k, ..., nk; its shape is random.
func newTree(n, k int) (t *tree) {
	for _, i := range rand.Perm(n) {
		t = insert(t, (i+1)*k)
	}
	return
}

func walkPart(t *tree, ch chan<- int, quit <-chan struct{}) {
	if t == nil {
		return
	}
	walkPart(t.left, ch, quit)
	select {
	case ch <- t.value:
	case <-quit:
	}
	walkPart(t.right, ch, quit)
}

func walk(t *tree, ch chan<- int, quit <-chan struct{}) {
	walkPart(t, ch, quit)
	close(ch)
}

func same(a, b *tree, leaky bool) bool {
	done := make(chan struct{})
	defer close(done)
	quit := done
	if leaky {
		quit = nil
	}
	fromA, fromB := make(chan int), make(chan int)
	go walk(a, fromA, quit)
	go walk(b, fromB, quit)
	for {
		v, more := <-fromA
		w, moreOfB := <-fromB
		if v != w || more != moreOfB || !more {
			return v == w && more == moreOfB
		}
	}
}

func main() {
	leaky := flag.Bool("leaky", false, "")
	flag.Parse()
	rand.Seed(time.Now().UnixNano())
	ten, other, longer, doubled := newTree(10, 1), newTree(10, 1), newTree(11, 1), newTree(10, 2)
	fmt.Println(same(ten, other, *leaky))
	fmt.Println(same(ten, longer, *leaky))
	fmt.Println(same(ten, doubled, *leaky))
	time.Sleep(50 * time.Millisecond) // every walker that can end has ended by now
	fmt.Println("left", runtime.NumGoroutine()-1)
}
