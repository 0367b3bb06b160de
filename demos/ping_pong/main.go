// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"time"
)

type ball struct {
	hits int
}

func player(name string, table chan ball) {
	for b := range table {
		b.hits++
		fmt.Println(name, b.hits)
		time.Sleep(100 * time.Millisecond)
		table <- b
	}
}

func nameOf(i int) string {
	if i == 0 {
		return "ping"
	}
	if i == 1 {
		return "pong"
	}
	return fmt.Sprint("player ", i+1)
}

func play(players, ms int, toss, stacks bool) {
	table := make(chan ball)
	for i := 0; i < players; i++ {
		go player(nameOf(i), table)
	}
	if toss {
		table <- ball{0} // the game begins
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	b := <-table // the game ends: main takes the ball
	fmt.Println(b.hits, "hits")
	if !stacks {
		return
	}
	time.Sleep(100 * time.Millisecond) // all players come to rest
	pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
}

func main() {
	players := flag.Int("k", 2, "")
	ms := flag.Int("for", 1050, "")
	noBall := flag.Bool("no-ball", false, "")
	stacks := flag.Bool("stacks", false, "")
	flag.Parse()
	play(*players, *ms, !*noBall, *stacks)
}
