// SPDX-License-Identifier: BSL-1.0

package main

import (
	"crypto/md5"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

type table map[string][md5.Size]byte

func md5Of(path string) ([md5.Size]byte, error) {
	data, err := os.ReadFile(path)
	return md5.Sum(data), err
}

type result struct {
	path string
	sum  [md5.Size]byte
	err  error
}

func walkFiles(done <-chan struct{}, root string) (<-chan string, <-chan error) {
	paths := make(chan string)
	errc := make(chan error, 1)
	go func() {
		err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			select {
			case paths <- path:
				return nil
			case <-done:
				return errors.New("walk canceled")
			}
		})
		close(paths)
		errc <- err // there is room
	}()
	return paths, errc
}

func digester(done <-chan struct{}, paths <-chan string, c chan<- result) {
	for path := range paths {
		sum, err := md5Of(path)
		select {
		case c <- result{path, sum, err}:
		case <-done:
			return
		}
	}
}

func md5All(root string, digesters int, tooEarly bool) (table, error) {
	done := make(chan struct{})
	defer close(done) // on every way out
	paths, errc := walkFiles(done, root)
	c := make(chan result)
	var wg sync.WaitGroup
	wg.Add(digesters)
	for i := 0; i < digesters; i++ {
		go func() {
			defer wg.Done()
			digester(done, paths, c)
		}()
	}
	go func() {
		wg.Wait()
		close(c)
	}()

	if tooEarly { // the walk waits for the digesters, and they wait for a receiver of c
		<-errc
	}
	sums := table{}
	for r := range c {
		if r.err != nil {
			return nil, r.err
		}
		sums[r.path] = r.sum
	}
	return sums, <-errc
}

// Prints the table as md5sum does.
func printTable(sums table) {
	var paths []string
	for path := range sums {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		name := strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`).Replace(path)
		if name != path {
			fmt.Print(`\`)
		}
		fmt.Printf("%x  %s\n", sums[path], name)
	}
}

func bounded(root string, digesters int, tooEarly bool) error {
	sums, err := md5All(root, digesters, tooEarly)
	if err == nil {
		printTable(sums)
	}
	return err
}

func main() {
	digesters := flag.Int("j", 20, "")
	tooEarly := flag.Bool("too-early", false, "wait for the walk's error before the sums")
	flag.Parse()
	if err := bounded(flag.Arg(0), *digesters, *tooEarly); err != nil {
		fmt.Fprintln(os.Stderr, "md5_tree:", err)
		os.Exit(1)
	}
}
