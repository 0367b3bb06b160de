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

func sumFiles(done <-chan struct{}, root string) (<-chan result, <-chan error) {
	c := make(chan result)
	errc := make(chan error, 1)
	digest := func(path string, wg *sync.WaitGroup) {
		defer wg.Done()
		sum, err := md5Of(path)
		select {
		case c <- result{path, sum, err}:
		case <-done:
		}
	}
	go func() {
		var wg sync.WaitGroup
		err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			wg.Add(1)
			go digest(path, &wg)
			select {
			case <-done:
				return errors.New("walk canceled")
			default:
				return nil
			}
		})
		errc <- err // there is room
		wg.Wait()
		close(c)
	}()
	return c, errc
}

func md5All(root string) (table, error) {
	done := make(chan struct{})
	defer close(done) // on every way out
	c, errc := sumFiles(done, root)
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

func parallel(root string) error {
	sums, err := md5All(root)
	if err == nil {
		printTable(sums)
	}
	return err
}

func main() {
	flag.Parse()
	if err := parallel(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "md5_tree:", err)
		os.Exit(1)
	}
}
