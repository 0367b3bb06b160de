// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"time"
)

type letter *string

func has(l letter) string {
	if l == nil {
		return "nothing"
	}
	return *l
}

func clerk(desk chan letter) {
	time.Sleep(50 * time.Millisecond)
	l := <-desk
	*l += ", stamped" // no other task has it
	desk <- l
}

func author() {
	desk := make(chan letter)
	text := "a letter"
	l := letter(&text)
	select {
	case desk <- l:
	default:
		fmt.Println("nobody is there, the author has", has(l))
	}

	start := time.Now()
	go clerk(desk)
	desk <- l
	l = nil // the compiler would let us keep it
	fmt.Println("taken after", time.Since(start).Milliseconds(), "ms, the author has", has(l))
	l = <-desk
	fmt.Println("back, the author has", has(l))
}

func main() {
	author()
}
