// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
)

func say(word string) {
	fmt.Println(word)
}

func tenWords() {
	var wg sync.WaitGroup
	for _, word := range []string{"a", "thread", "that", "rises", "and", "falls", "is", "a", "pattern",
		"somewhere"} {
		word := word
		wg.Add(1)
		go func() {
			defer wg.Done()
			say(word)
		}()
	}
	wg.Wait()
}

func main() {
	tenWords()
}
