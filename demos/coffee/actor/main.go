// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bytes"
	"fmt"
	"sync"
	"time"
)

func brew(order string, cup []byte) {
	fmt.Println("making", order)
	copy(cup, bytes.Repeat([]byte{' '}, len(cup)))
	for i := range order {
		cup[i] = order[i]
		time.Sleep(10 * time.Millisecond)
	}
}

type request struct {
	order string
	reply chan string // nil if no reply is wanted
}

func barista(requests <-chan request) {
	cup := make([]byte, 15)
	for r := range requests {
		brew(r.order, cup)
		if r.reply != nil {
			r.reply <- string(cup)
		}
	}
}

func customer(order string, requests chan<- request) {
	requests <- request{order, nil}
	fmt.Println("ordered", order) // it does not wait for the coffee
}

func main() {
	requests := make(chan request, 4)
	go barista(requests)
	var customers sync.WaitGroup
	for _, order := range []string{"cappuccino", "flat white", "espresso"} {
		customers.Add(1)
		go func(order string) {
			defer customers.Done()
			customer(order, requests)
		}(order)
	}
	customers.Wait()

	reply := make(chan string)
	requests <- request{"latte", reply}
	fmt.Println("ordered latte")
	fmt.Println(<-reply)
}
