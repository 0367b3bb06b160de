// SPDX-License-Identifier: BSL-1.0

package main

import "fmt"

type vector [3]int
type channels [4][4]chan int

var a = [3]vector{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}
var in = [4]vector{{1, 0, 0}, {0, 1, 0}, {1, 1, 1}, {3, -2, 10}}

func makeChannels() (all channels) {
	for i := range all {
		for j := range all[i] {
			all[i][j] = make(chan int)
		}
	}
	return
}

func cell(factor int, west <-chan int, east chan<- int, north <-chan int, south chan<- int) {
	for x := range west {
		east <- x
		sum := <-north
		south <- factor*x + sum
	}
	close(east)
	close(south)
}

func west(i int, out chan<- int) {
	for _, x := range in {
		out <- x[i]
	}
	close(out)
}

func north(out chan<- int) {
	for {
		out <- 0
	}
}

func east(sink <-chan int) {
	for range sink {
	}
}

func main() {
	// Each task has a channel before and one behind it, in its row and in its column.
	across, down := makeChannels(), makeChannels()
	for i := range a {
		go west(i, across[i][0])
		go east(across[i][3])
		go north(down[0][i])
		for j := range a[i] {
			go cell(a[i][j], across[i][j], across[i][j+1], down[i][j], down[i+1][j])
		}
	}
	for x := range down[3][0] {
		y := <-down[3][1]
		z := <-down[3][2]
		fmt.Println(x, y, z)
	}
}
