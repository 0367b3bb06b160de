// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"time"
)

func boring(msg string, quit chan string) <-chan string {
	c := make(chan string)
	go func() {
		for i := 0; ; i++ {
			s := fmt.Sprint(msg, " ", i)
			select {
			case c <- s:
			case asked := <-quit:
				time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
				fmt.Println("cleaned up after", asked)
				quit <- "See you!"
				return
			}
			time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
		}
	}()
	return c
}

func main() {
	quit := make(chan string)
	joe := boring("Joe", quit)
	for i := 0; i < 3; i++ {
		s := <-joe
		fmt.Println(s)
	}
	quit <- "Bye!"
	answer := <-quit
	fmt.Printf("Joe says: %q\n", answer)
}
