// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"runtime"
)

type ends struct {
	has, insert chan int
	scan        chan chan<- int
}

func newEnds() ends {
	return ends{make(chan int), make(chan int), make(chan chan<- int)}
}

func set(west ends, answer chan<- bool) {
	var mine int
	empty := true // no number is mine: the set ends here
	for east := newEnds(); ; {
		select {
		case n := <-west.has:
			if !empty && n > mine {
				east.has <- n
			} else {
				answer <- !empty && n == mine
			}
		case n := <-west.insert:
			if empty {
				mine, empty = n, false
				go set(east, answer)
				break
			}
			if n < mine {
				n, mine = mine, n
			}
			if n != mine {
				east.insert <- n
			}
		case to := <-west.scan:
			if empty {
				close(to) // no number is left
			} else {
				to <- mine
				east.scan <- to
			}
		}
	}
}

func main() {
	x, answer := newEnds(), make(chan bool)
	go set(x, answer)
	for _, n := range []int{5, 3, 8, 3, 5, 1} {
		x.insert <- n
	}
	for _, n := range []int{3, 4, 9} {
		x.has <- n
		if <-answer {
			fmt.Println(n, "is in the set")
		} else {
			fmt.Println(n, "is not in the set")
		}
	}
	numbers := make(chan int)
	x.scan <- numbers
	for n := range numbers {
		fmt.Println(n)
	}
	fmt.Println(runtime.NumGoroutine()-1, "tasks")
}
