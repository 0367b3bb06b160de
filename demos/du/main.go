// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

func keyboard(pressed chan<- struct{}) {
	key := make([]byte, 1)
	if _, err := os.Stdin.Read(key); err == nil {
		pressed <- struct{}{}
	}
}

func entriesOf(dir string) []os.DirEntry {
	entries, err := os.ReadDir(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "du:", err)
	}
	return entries
}

type walk struct {
	sizes chan int64
	sema  chan struct{} // so many directories are read at once
	done  chan struct{}
	dirs  sync.WaitGroup
	pause time.Duration
}

func (w *walk) dir(dir string) {
	defer w.dirs.Done()
	select {
	case <-w.done:
		return
	case w.sema <- struct{}{}:
	}
	time.Sleep(w.pause)
	entries := entriesOf(dir)
	<-w.sema
	for _, entry := range entries {
		if entry.IsDir() {
			w.dirs.Add(1)
			go w.dir(filepath.Join(dir, entry.Name()))
		} else if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			w.sizes <- info.Size()
		}
	}
}

func (w *walk) closeAtEnd() {
	w.dirs.Wait()
	close(w.sizes)
}

func du(roots []string, verbose bool, pause time.Duration) {
	pressed := make(chan struct{})
	go keyboard(pressed)
	w := walk{sizes: make(chan int64), sema: make(chan struct{}, 20), done: make(chan struct{}), pause: pause}
	for _, root := range roots {
		w.dirs.Add(1)
		go w.dir(root)
	}
	go w.closeAtEnd()
	var tick <-chan time.Time
	if verbose {
		tick = time.Tick(100 * time.Millisecond)
	}
	var files, bytes int64
	for {
		select {
		case size, more := <-w.sizes:
			if !more {
				fmt.Printf("%d files  %d bytes\n", files, bytes)
				return
			}
			files++
			bytes += size
		case <-tick:
			fmt.Printf("%d files  %d bytes so far\n", files, bytes)
		case <-pressed:
			close(w.done)
			fmt.Println("stopped")
		}
	}
}

func main() {
	verbose := flag.Bool("v", false, "show progress")
	pause := flag.Int("pause", 0, "milliseconds before each directory is read, as if the disk were slow")
	flag.Parse()
	du(flag.Args(), *verbose, time.Duration(*pause)*time.Millisecond)
}
