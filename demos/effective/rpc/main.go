// SPDX-License-Identifier: BSL-1.0

package main

import "fmt"

type request struct {
	args       []int
	f          func([]int) int
	resultChan chan int
}

func sum(a []int) (s int) {
	for _, v := range a {
		s += v
	}
	return
}

func handle(queue <-chan request) {
	for req := range queue {
		req.resultChan <- req.f(req.args)
	}
}

func main() {
	clientRequests := make(chan request)
	go handle(clientRequests)
	req := request{[]int{3, 4, 5}, sum, make(chan int)}
	clientRequests <- req
	fmt.Println("answer:", <-req.resultChan)
}
