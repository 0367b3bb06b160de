// SPDX-License-Identifier: BSL-1.0

package main

import (
	"sync"
	"time"
)

func pingPong(n, _ int) result {
	ping, pong := make(chan int), make(chan int)
	sum := 0
	start := time.Now()
	go func() {
		for v := range ping {
			pong <- v + 1
		}
	}()
	for i := 0; i < n; i++ {
		ping <- i
		sum += <-pong
	}
	close(ping)
	return result{ops: n, amount: since(start), check: sum}
}

func stream(n, capacity int) result {
	c := make(chan int, capacity)
	sum := 0
	start := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			c <- i
		}
		close(c)
	}()
	for v := range c {
		sum += v
	}
	return result{ops: n, amount: since(start), check: sum}
}

// k senders, k receivers, one channel of capacity 64.
func mpmc(n, k int) result {
	c := make(chan int, 64)
	var senders, receivers sync.WaitGroup
	sums := make([]int, k)
	start := time.Now()
	senders.Add(k)
	receivers.Add(k)
	for i := 0; i < k; i++ {
		go func(first int) {
			for j := first; j < n; j += k {
				c <- j
			}
			senders.Done()
		}(i)
		go func(total *int) {
			sum := 0
			for v := range c {
				sum += v
			}
			*total = sum
			receivers.Done()
		}(&sums[i])
	}
	senders.Wait()
	close(c)
	receivers.Wait()
	sum := 0
	for _, s := range sums {
		sum += s
	}
	return result{ops: n, amount: since(start), check: sum}
}

func receive2(c *[64]chan int, n int) (sum int) {
	for i := 0; i < n; i++ {
		select {
		case v := <-c[0]:
			sum += v * 1
		case v := <-c[1]:
			sum += v * 2
		}
	}
	return sum
}

func receive8(c *[64]chan int, n int) (sum int) {
	for i := 0; i < n; i++ {
		select {
		case v := <-c[0]:
			sum += v * 1
		case v := <-c[1]:
			sum += v * 2
		case v := <-c[2]:
			sum += v * 3
		case v := <-c[3]:
			sum += v * 4
		case v := <-c[4]:
			sum += v * 5
		case v := <-c[5]:
			sum += v * 6
		case v := <-c[6]:
			sum += v * 7
		case v := <-c[7]:
			sum += v * 8
		}
	}
	return sum
}

func selectAny(n, k int) result {
	receive := map[int]func(*[64]chan int, int) int{2: receive2, 8: receive8, 64: receive64}[k]
	var channels [64]chan int
	each := n / k
	start := time.Now()
	for i := 0; i < k; i++ {
		channels[i] = make(chan int)
		go func(c chan int, v int) {
			for j := 0; j < each; j++ {
				c <- v
			}
		}(channels[i], i+1)
	}
	sum := receive(&channels, each*k)
	return result{ops: each * k, amount: since(start), check: sum}
}

func generate(out chan<- int) {
	for i := 2; ; i++ {
		out <- i
	}
}

func filter(in <-chan int, out chan<- int, prime int) {
	for {
		if i := <-in; i%prime != 0 {
			out <- i
		}
	}
}

func sieve(n, _ int) result {
	sum := 0
	start := time.Now()
	c := make(chan int)
	go generate(c)
	for i := 0; i < n; i++ {
		prime := <-c
		sum += prime
		next := make(chan int)
		go filter(c, next, prime)
		c = next
	}
	return result{ops: n, amount: since(start), check: sum}
}
