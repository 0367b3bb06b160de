// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const text = "the shuttle flies\n\nthe loom is still\nthread over thread\n" +
	"\nuntil the cloth\nis done"

func verses(ctx context.Context) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for _, line := range strings.Split(text, "\n") {
			time.Sleep(time.Millisecond)
			select {
			case out <- line:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func countWords(line string) int {
	n := len(strings.Fields(line))
	time.Sleep(time.Duration(10-n) * time.Millisecond)
	return n
}

// Counts the words of four lines at a time, and keeps the order of the lines.
func countAll(lines <-chan string) <-chan int {
	calls := make(chan chan int, 4)
	go func() {
		defer close(calls)
		for line := range lines {
			if line == "" {
				continue
			}
			result := make(chan int, 1)
			calls <- result
			go func() { result <- countWords(line) }()
		}
	}()
	out := make(chan int)
	go func() {
		defer close(out)
		for result := range calls {
			out <- <-result
		}
	}()
	return out
}

func main() {
	sum, i := 0, 0
	for n := range countAll(verses(context.Background())) {
		i++
		fmt.Printf("line %d: %d words\n", i, n)
		sum += n
	}
	ctx, stop := context.WithCancel(context.Background())
	taken, two := 0, 0
	for line := range verses(ctx) {
		if line == "" {
			continue
		}
		two += countWords(line)
		if taken++; taken == 2 {
			break
		}
	}
	stop()
	fmt.Printf("in all %d, in the first two %d\n", sum, two)
}
