// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
)

type vector []int64

func (piece vector) op() {
	for i, x := range piece {
		piece[i] += x * x
	}
}

func (piece vector) doSome(c chan<- struct{}) {
	piece.op()
	c <- struct{}{} // this piece is done
}

func (v vector) doAll(pieces int) {
	c := make(chan struct{}, pieces)
	for i := 0; i < pieces; i++ {
		from, to := len(v)*i/pieces, len(v)*(i+1)/pieces
		go v[from:to].doSome(c)
	}
	for i := 0; i < pieces; i++ {
		<-c
	}
}

func main() {
	n := flag.Int("n", 1000000, "")
	pieces := flag.Int("pieces", 4, "")
	flag.Parse()
	v, serial := make(vector, *n), make(vector, *n)
	for i := range v {
		v[i] = int64(i)
		serial[i] = int64(i)
	}
	serial.op()
	v.doAll(*pieces)
	sum, how := int64(0), "as"
	for i, x := range v {
		sum += x
		if x != serial[i] {
			how = "not as"
		}
	}
	fmt.Printf("sum %d, %s serially\n", sum, how)
}
