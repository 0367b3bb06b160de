// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"runtime"
	"time"
)

func boring(msg string, quit <-chan struct{}) <-chan string {
	c := make(chan string)
	go func() {
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
	joe := boring("Joe", quit)
	for i := 0; i < 5; i++ {
		s := <-joe
		fmt.Println(s)
	}
	quit <- struct{}{}
	for runtime.NumGoroutine() > 1 { // Joe stops, or this never ends
		runtime.Gosched()
	}
	fmt.Println("Joe has stopped")
}
