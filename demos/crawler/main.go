// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

type page struct {
	body string
	urls []string
}

var theWeb = map[string]page{
	"https://golang.org/": {
		"The Go Programming Language",
		[]string{"https://golang.org/pkg/", "https://golang.org/cmd/"}},
	"https://golang.org/pkg/": {
		"Packages",
		[]string{"https://golang.org/", "https://golang.org/cmd/", "https://golang.org/pkg/fmt/",
			"https://golang.org/pkg/os/"}},
	"https://golang.org/pkg/fmt/": {
		"Package fmt", []string{"https://golang.org/", "https://golang.org/pkg/"}},
	"https://golang.org/pkg/os/": {
		"Package os", []string{"https://golang.org/", "https://golang.org/pkg/"}},
}

type links struct {
	urls  []string
	depth int
}

func fetch(url string, depth int, found chan<- links) {
	time.Sleep(100 * time.Millisecond)
	page, ok := theWeb[url]
	if !ok {
		fmt.Println("not found:", url)
		found <- links{nil, depth}
		return
	}
	fmt.Printf("found: %s %q\n", url, page.body)
	found <- links{page.urls, depth}
}

func crawl(url string, depth int) {
	start := time.Now()
	found := make(chan links)
	seen := map[string]bool{url: true}
	go fetch(url, depth, found)
	for fetching := 1; fetching > 0; fetching-- {
		next := <-found
		if next.depth == 1 {
			continue
		}
		for _, u := range next.urls {
			if !seen[u] {
				seen[u] = true
				go fetch(u, next.depth-1, found)
				fetching++
			}
		}
	}
	fmt.Fprintln(os.Stderr, len(seen), "pages took", time.Since(start).Milliseconds(), "ms")
}

func main() {
	depth := flag.Int("depth", 4, "")
	flag.Parse()
	crawl("https://golang.org/", *depth)
}
