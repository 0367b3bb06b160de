// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"strconv"
	"time"
)

func f(text string) {
	time.Sleep(10 * time.Millisecond)
	fmt.Println("f:", text)
}

func g() { fmt.Println("g") }

func next(x *int) int {
	*x++
	return *x - 1
}

func goStatement() {
	f("Hello") // this call waits
	g()

	go f("Hello again") // this one does not
	g()
	time.Sleep(50 * time.Millisecond)

	x := 1
	go f(strconv.Itoa(next(&x)))
	fmt.Println("x is", x) // not printed yet, but f has it
	x = 100
	time.Sleep(50 * time.Millisecond)
}

func main() {
	goStatement()
}
