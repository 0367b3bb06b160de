// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
)

type counts map[string]int

func count(words []string, all counts) {
	for _, each := range words {
		all[each]++
	}
}

func text() (words []string) {
	for i := 0; i < 30000; i++ {
		words = append(words, "chan", "go", "select")
	}
	return words
}

// Wrong: both goroutines change the map.
func countTogether() counts {
	all := counts{}
	var goroutines sync.WaitGroup
	for half := 0; half < 2; half++ {
		goroutines.Add(1)
		go func() {
			defer goroutines.Done()
			count(text(), all)
		}()
	}
	goroutines.Wait()
	return all
}

// Right: a map belongs to the goroutine that fills it, until it is sent.
func countAndSend(out chan<- counts) {
	mine := counts{}
	count(text(), mine)
	out <- mine
}

func countApart() counts {
	parts := make(chan counts)
	for half := 0; half < 2; half++ {
		go countAndSend(parts)
	}
	all := counts{}
	for half := 0; half < 2; half++ {
		for word, number := range <-parts {
			all[word] += number
		}
	}
	return all
}

func main() {
	threads := flag.Int("threads", 1, "")
	fixed := flag.Bool("fixed", false, "")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	var all counts
	if *fixed {
		all = countApart()
	} else {
		all = countTogether()
	}
	for _, word := range []string{"chan", "go", "select"} {
		fmt.Println(word, all[word])
	}
}
