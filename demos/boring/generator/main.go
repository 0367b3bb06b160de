// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math/rand"
	"time"
)

func boring(msg string) <-chan string {
	c := make(chan string)
	go func() {
		for i := 0; ; i++ {
			c <- fmt.Sprint(msg, " ", i)
			time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
		}
	}()
	return c
}

func main() {
	joe := boring("Joe")
	for i := 0; i < 5; i++ {
		s := <-joe
		fmt.Println("You say:", s)
	}
	fmt.Println("You're boring; I'm leaving.")
}
