// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

// Counts the goroutines that are inside at the same time.
type crowd struct {
	mu           sync.Mutex
	inside, most int
}

func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inside++; c.inside > c.most {
		c.most = c.inside
	}
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside--
}

// Calls f for each index below n, at most `limit` at a time. The first error stops the others.
func forEachParallel(n, limit int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	slots := make(chan struct{}, limit)
	var calls sync.WaitGroup
	var once sync.Once
	var first error
	for i := 0; i < n; i++ {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		calls.Add(1)
		go func(i int) {
			defer calls.Done()
			if err := f(ctx, i); err != nil {
				once.Do(func() {
					first = err
					cancel()
				})
			}
			<-slots
		}(i)
	}
	calls.Wait()
	return first
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// This takes 1 ms for each kB of the photo.
func shrink(ctx context.Context, c *crowd, photo int) (int, error) {
	c.enter()
	defer c.leave()
	err := sleep(ctx, time.Duration(photo)*ms)
	return photo / 10, err
}

type disk struct {
	mu     sync.Mutex
	stored []int
}

func (d *disk) store(ctx context.Context, thumbnail int) error {
	if thumbnail == 0 {
		if err := sleep(ctx, 5*ms); err != nil {
			return err
		}
		return errors.New("a thumbnail is empty")
	}
	if err := sleep(ctx, 20*ms); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stored = append(d.stored, thumbnail)
	return nil
}

func makeThumbnails(photos ...int) {
	var c crowd
	var d disk
	start := time.Now()
	thumbnails := make([]int, len(photos))
	forEachParallel(len(photos), 3, func(ctx context.Context, i int) (err error) {
		thumbnails[i], err = shrink(ctx, &c, photos[i])
		return err
	})
	fmt.Print("thumbnails:")
	for _, each := range thumbnails {
		fmt.Print(" ", each)
	}
	fmt.Printf(" after %d ms, %d at a time\n", time.Since(start).Milliseconds(), c.most)

	start = time.Now()
	ending := ""
	if err := forEachParallel(len(thumbnails), 2, func(ctx context.Context, i int) error {
		return d.store(ctx, thumbnails[i])
	}); err != nil {
		ending = ", " + err.Error()
	}
	fmt.Printf("%d are stored after %d ms%s\n", len(d.stored), time.Since(start).Milliseconds(), ending)
}

func main() {
	makeThumbnails(60, 50, 40, 30, 20, 10)
	makeThumbnails(30, 20, 5, 10, 20, 30) // the third is too small
}
