// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"sort"
	"strings"
	"sync"
)

type counts map[string]int

func letter(c byte) bool { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') }

func countWords(text string) counts {
	words := counts{}
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c > 127 || !letter(byte(c)) }) {
		words[strings.ToLower(word)]++
	}
	return words
}

func split(files []string, pieces chan<- string) {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, "map_reduce:", err)
			os.Exit(1)
		}
		for from, to := 0, 0; from < len(text); from = to {
			to = from + 4096
			if to > len(text) {
				to = len(text)
			}
			for to < len(text) && letter(text[to]) {
				to++
			}
			pieces <- string(text[from:to])
		}
	}
	close(pieces)
}

func hash(word string) int {
	h := fnv.New32()
	h.Write([]byte(word))
	return int(h.Sum32())
}

func mapWords(pieces <-chan string, reducers []chan counts) {
	for piece := range pieces {
		words := countWords(piece)
		parts := make([]counts, len(reducers))
		for i := range parts {
			parts[i] = counts{}
		}
		for word, n := range words {
			parts[hash(word)%len(parts)][word] = n
		}
		for i, part := range parts {
			reducers[i] <- part
		}
	}
}

func reduce(parts <-chan counts, result chan<- counts) {
	sum := counts{}
	for part := range parts {
		for word, n := range part {
			sum[word] += n
		}
	}
	result <- sum
}

func mapReduce(files []string, mappers, reducers int) counts {
	pieces := make(chan string)
	go split(files, pieces)

	parts := make([]chan counts, reducers)
	result := make(chan counts)
	for i := range parts {
		parts[i] = make(chan counts)
		go reduce(parts[i], result)
	}

	var mapping sync.WaitGroup
	mapping.Add(mappers)
	for i := 0; i < mappers; i++ {
		go func() {
			defer mapping.Done()
			mapWords(pieces, parts)
		}()
	}
	mapping.Wait()
	for _, part := range parts {
		close(part)
	}

	all := counts{}
	for i := 0; i < reducers; i++ {
		for word, n := range <-result { // no word is in two results
			all[word] = n
		}
	}
	return all
}

func main() {
	mappers := flag.Int("m", 8, "")
	reducers := flag.Int("r", 4, "")
	flag.Parse()
	all := mapReduce(flag.Args(), *mappers, *reducers)
	var words []string
	for word := range all {
		words = append(words, word)
	}
	sort.Strings(words)
	for _, word := range words {
		fmt.Printf("%7d %s\n", all[word], word)
	}
}
