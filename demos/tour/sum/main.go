// SPDX-License-Identifier: BSL-1.0

package main

import "fmt"

func sum(s []int, c chan<- int) {
	sum := 0
	for _, v := range s {
		sum += v
	}
	c <- sum
}

func main() {
	s := []int{7, 2, 8, -9, 4, 0}
	half := len(s) / 2
	c := make(chan int)
	go sum(s[:half], c)
	go sum(s[half:], c)
	x := <-c
	y := <-c
	fmt.Println(x, y, x+y)
}
