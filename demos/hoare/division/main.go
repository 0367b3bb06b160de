// SPDX-License-Identifier: BSL-1.0

package main

import "fmt"

type arguments struct{ x, y int }
type results struct{ quot, rem int }

func divide(calls <-chan arguments, returns chan<- results) {
	for call := range calls {
		quot, rem := 0, call.x
		for rem >= call.y {
			rem -= call.y
			quot++
		}
		returns <- results{quot, rem}
	}
	close(returns)
}

func main() {
	calls, returns := make(chan arguments), make(chan results)
	go divide(calls, returns)
	for _, x := range []int{0, 6, 17, 1000} {
		for _, y := range []int{1, 7} {
			calls <- arguments{x, y}
			r := <-returns
			fmt.Printf("%d is %d times %d, and %d\n", x, r.quot, y, r.rem)
		}
	}
	close(calls)
	if _, more := <-returns; !more {
		fmt.Println("the subroutine has ended")
	}
}
