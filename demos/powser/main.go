// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"math/big"
)

type rational = *big.Rat

func ratio(n, d int64) rational   { return big.NewRat(n, d) }
func plus(a, b rational) rational { return new(big.Rat).Add(a, b) }
func by(a, b rational) rational   { return new(big.Rat).Mul(a, b) }

type series struct {
	req chan struct{} // asks for the next coefficient
	dat chan rational
}

func newSeries() series { return series{make(chan struct{}), make(chan rational)} }

func get(f series) rational {
	f.req <- struct{}{}
	return <-f.dat
}

func put(c rational, f series) {
	<-f.req
	f.dat <- c
}

func copyAll(from, to series) {
	for {
		<-to.req
		to.dat <- get(from)
	}
}

// This gives each coefficient to a, which is the first to ask, and then to b; other coefficients do not wait for b.
func splitOne(in, a, b series, last <-chan struct{}) {
	lastIsDone := false
	select {
	case <-a.req:
	case <-last:
		lastIsDone = true
		select {
		case <-a.req:
		case <-b.req:
			a, b = b, a
		}
	}
	in.req <- struct{}{}
	done := make(chan struct{})
	go splitOne(in, a, b, done)
	c := <-in.dat
	a.dat <- c
	if !lastIsDone {
		<-last
	}
	put(c, b)
	done <- struct{}{}
}

func split(in, a, b series) {
	done := make(chan struct{}, 1)
	done <- struct{}{}
	go splitOne(in, a, b, done)
}

func numbers(first, others rational) series {
	z := newSeries()
	go func() {
		put(first, z)
		for {
			put(others, z)
		}
	}()
	return z
}

func add(u, v series) series {
	z := newSeries()
	go func() {
		for {
			<-z.req
			a, b := get(u), get(v)
			z.dat <- plus(a, b)
		}
	}()
	return z
}

func times(c rational, u series) series {
	z := newSeries()
	go func() {
		for {
			<-z.req
			a := get(u)
			z.dat <- by(c, a)
		}
	}()
	return z
}

// (a + xU)(b + xV) is ab + x(aV + bU) + xxUV.
func mul(u, v series) series {
	z := newSeries()
	go func() {
		<-z.req
		a, b := get(u), get(v)
		z.dat <- by(a, b)
		u1, u2, v1, v2 := newSeries(), newSeries(), newSeries(), newSeries()
		split(u, u1, u2)
		split(v, v1, v2)
		w := add(times(a, v1), times(b, u1))
		<-z.req
		z.dat <- get(w)
		copyAll(add(w, mul(u2, v2)), z)
	}()
	return z
}

// The result is c + xU.
func shift(c rational, u series) series {
	z := newSeries()
	go func() {
		put(c, z)
		copyAll(u, z)
	}()
	return z
}

// The result is V, if U is c + xV.
func tail(u series) series {
	z := newSeries()
	go func() {
		<-z.req
		get(u) // it is not wanted
		z.dat <- get(u)
		copyAll(u, z)
	}()
	return z
}

func diff(u series) series {
	z := newSeries()
	go func() {
		<-z.req
		a := get(u) // it vanishes
		for i := int64(1); ; i++ {
			a = get(u)
			z.dat <- by(ratio(i, 1), a)
			<-z.req
		}
	}()
	return z
}

func integ(c rational, u series) series {
	z := newSeries()
	go func() {
		put(c, z)
		for i := int64(1); ; i++ {
			<-z.req
			a := get(u)
			z.dat <- by(ratio(1, i), a)
		}
	}()
	return z
}

// The result is U(cxx).
func substSquare(u series, c rational) series {
	z := newSeries()
	go func() {
		for power := ratio(1, 1); ; power = by(power, c) {
			<-z.req
			a := get(u)
			z.dat <- by(power, a)
			put(ratio(0, 1), z)
		}
	}()
	return z
}

// Z = 1/(a + xU) is 1/a - xUZ/a.
func recip(u series) series {
	z := newSeries()
	go func() {
		<-z.req
		a := get(u)
		c := new(big.Rat).Inv(a)
		z.dat <- c
		z1, z2 := newSeries(), newSeries()
		split(mul(times(by(ratio(-1, 1), c), u), shift(c, z1)), z1, z2)
		copyAll(z2, z)
	}()
	return z
}

// The result is U(V), where V has no constant term. (a + xU)(xV) is a + xV U(xV).
func subst(u, v series) series {
	z := newSeries()
	go func() {
		<-z.req
		a := get(u)
		z.dat <- a
		v1, v2 := newSeries(), newSeries()
		split(v, v1, v2)
		copyAll(mul(tail(v1), subst(u, v2)), z)
	}()
	return z
}

// The result is Z such that U(Z) = x, where U has no constant term. If U is xV, ZV(Z) = x, so Z = x/V(Z).
func revert(u series) series {
	z1, z2 := newSeries(), newSeries()
	split(shift(ratio(0, 1), recip(subst(tail(u), z1))), z1, z2)
	return z2
}

// The derivative of Z = exp U is ZU'.
func exp(u series) series {
	z1, z2 := newSeries(), newSeries()
	split(integ(ratio(1, 1), mul(z1, diff(u))), z1, z2)
	return z2
}

// The derivative of Z = tan x is 1 + ZZ.
func tan() series {
	z1, z2, z3, z4 := newSeries(), newSeries(), newSeries(), newSeries()
	split(integ(ratio(0, 1), add(numbers(ratio(1, 1), ratio(0, 1)), mul(z1, z2))), z3, z4)
	split(z3, z1, z2)
	return z4
}

func atan() series {
	return integ(ratio(0, 1), substSquare(numbers(ratio(1, 1), ratio(1, 1)), ratio(-1, 1)))
}

func print(name string, u series, n int) {
	fmt.Print(name, ":")
	for i := 0; i < n; i++ {
		fmt.Print(" ", get(u).RatString())
	}
	fmt.Println()
}

func main() {
	n := flag.Int("n", 10, "")
	flag.Parse()
	zero, one := ratio(0, 1), ratio(1, 1)
	x := func() series { return shift(zero, numbers(one, zero)) }
	print("1/(1-x)", recip(shift(one, numbers(ratio(-1, 1), zero))), *n)
	print("1/(1-x)^2", mul(numbers(one, one), numbers(one, one)), *n)
	print("exp(x/(1-x))", exp(numbers(zero, one)), *n)
	print("exp x of x/(1-x)", subst(exp(x()), numbers(zero, one)), *n)
	print("atan x", atan(), *n)
	print("tan x", tan(), *n)
	print("atan x reverted", revert(atan()), *n)
}
