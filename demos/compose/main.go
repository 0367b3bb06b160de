// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"math"
)

type function func(float64) float64

func compose(f, g function) function {
	return func(x float64) float64 { return f(g(x)) }
}

func main() {
	fmt.Println(compose(math.Sin, math.Cos)(0.5))
}
