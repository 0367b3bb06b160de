// SPDX-License-Identifier: BSL-1.0

package main

import (
	"crypto/md5"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

type table map[string][md5.Size]byte

func md5Of(path string) ([md5.Size]byte, error) {
	data, err := os.ReadFile(path)
	return md5.Sum(data), err
}

func md5All(root string) (table, error) {
	sums := table{}
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		sums[path], err = md5Of(path)
		return err
	})
	return sums, err
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

func serial(root string) error {
	sums, err := md5All(root)
	if err == nil {
		printTable(sums)
	}
	return err
}

func main() {
	flag.Parse()
	if err := serial(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "md5_tree:", err)
		os.Exit(1)
	}
}
