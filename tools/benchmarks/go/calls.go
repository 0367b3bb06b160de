// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"errors"
	"time"
)

//go:noinline
func nest(depth int) int {
	if depth == 1 {
		return 1
	}
	return 1 + nest(depth-1)
}

func call(n, k int) result {
	start := time.Now()
	calls := 0
	for calls < n {
		calls += nest(k)
	}
	return result{ops: n, amount: since(start), check: calls}
}

var errInnermost = errors.New("innermost")

//go:noinline
func nestAndFail(depth int) (int, error) {
	if depth == 1 {
		return 0, errInnermost
	}
	below, err := nestAndFail(depth - 1)
	if err != nil {
		return 0, err
	}
	return 1 + below, nil
}

func callThrow(n, k int) result {
	start := time.Now()
	calls := 0
	for calls < n {
		if _, err := nestAndFail(k); err == errInnermost {
			calls += k
		}
	}
	return result{ops: n, amount: since(start), check: calls}
}

//go:noinline
func nestUnder(ctx context.Context, depth int) int {
	if ctx.Err() != nil {
		return 0
	}
	return nest(depth)
}

func callTimeout(n, k int) result {
	start := time.Now()
	calls := 0
	for calls < n {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		calls += nestUnder(ctx, k)
		cancel()
	}
	return result{ops: n, amount: since(start), check: calls}
}
