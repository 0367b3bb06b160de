// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"sync"
	"time"
)

func boring(msg string, quit <-chan struct{}, speakers *sync.WaitGroup) <-chan string {
	c := make(chan string)
	speakers.Add(1)
	go func() {
		defer speakers.Done()
		for i := 0; ; i++ {
			s := fmt.Sprint(msg, " ", i)
			select {
			case c <- s:
			case <-quit:
				return
			}
			time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
		}
	}()
	return c
}

func main() {
	quit := make(chan struct{})
	var speakers sync.WaitGroup
	joe := boring("Joe", quit, &speakers)
	for i := 0; i < 5; i++ {
		s := <-joe
		fmt.Println(s)
	}
	quit <- struct{}{}
	speakers.Wait()
	fmt.Println("Joe has stopped")
}
