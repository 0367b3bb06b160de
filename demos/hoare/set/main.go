// SPDX-License-Identifier: BSL-1.0

package main

import "fmt"

type ends struct {
	has, insert chan int
	answer      chan bool
	scan        chan chan<- int
}

func contains(content []int, n int) bool {
	for _, each := range content {
		if each == n {
			return true
		}
	}
	return false
}

func set(x ends) {
	var content []int
	for {
		select {
		case n := <-x.has:
			x.answer <- contains(content, n)
		case n := <-x.insert:
			if !contains(content, n) {
				content = append(content, n)
			}
		case to := <-x.scan:
			for _, each := range content {
				to <- each
			}
			close(to) // no number is left
		}
	}
}

func main() {
	x := ends{make(chan int), make(chan int), make(chan bool), make(chan chan<- int)}
	go set(x)
	for _, n := range []int{5, 3, 8, 3, 5, 1} {
		x.insert <- n
	}
	for _, n := range []int{3, 4} {
		x.has <- n
		if <-x.answer {
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
}
