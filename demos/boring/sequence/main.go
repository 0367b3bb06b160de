// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"time"
)

type message struct {
	str  string
	wait chan struct{}
}

func boring(msg string) <-chan message {
	c := make(chan message)
	wait := make(chan struct{}) // shared by all messages of the speaker
	go func() {
		for i := 0; ; i++ {
			c <- message{fmt.Sprint(msg, " ", i), wait}
			time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
			<-wait
		}
	}()
	return c
}

func fanIn(a, b <-chan message) <-chan message {
	c := make(chan message)
	for _, input := range []<-chan message{a, b} {
		go func(input <-chan message) {
			for m := range input {
				c <- m
			}
		}(input)
	}
	return c
}

func main() {
	c := fanIn(boring("Joe"), boring("Ann"))
	for i := 0; i < 5; i++ {
		m1 := <-c
		fmt.Println(m1.str)
		m2 := <-c
		fmt.Println(m2.str)
		m1.wait <- struct{}{}
		m2.wait <- struct{}{}
	}
}
