// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

type cart struct {
	book int
}

// A road leads from a pile or a dump to a dump or a fire; its own carts go to and fro.
type road struct {
	on                       *site
	fromName, toName         string
	from, to                 chan int
	cost                     [4]time.Duration // of each job
	empty, full, there, back chan cart
	room                     [4]chan struct{} // for so many gophers at once: one at either end

	doing    [4]int // the number of gophers, by job
	waiting  [4]int
	since    [4][]time.Time // when each began to work
	unloaded int
}

// A core is a permit to work. Sleep alone is not work: any number can sleep at once.
type site struct {
	sync.Mutex                    // guards all counts
	cores                         chan struct{}
	gophers, working, mostWorking int
	roads                         []*road
	home                          sync.WaitGroup
}

type job int

const (
	loader job = iota
	mover
	unloader
	returner
)

func work(r *road, j job) {
	r.on.Lock()
	r.waiting[j]++
	r.on.Unlock()
	r.room[j] <- struct{}{} // "I am at the pile"
	r.on.cores <- struct{}{}
	r.on.Lock()
	r.waiting[j]--
	r.since[j] = append(r.since[j], time.Now())
	r.on.working++
	if r.on.working > r.on.mostWorking {
		r.on.mostWorking = r.on.working
	}
	r.on.Unlock()
	time.Sleep(r.cost[j])
	r.on.Lock()
	r.on.working--
	r.since[j] = r.since[j][1:]
	r.on.Unlock()
	<-r.on.cores
	<-r.room[j]
}

func load(r *road) bool {
	book, ok := <-r.from
	if !ok {
		return false
	}
	c := <-r.empty
	c.book = book
	work(r, loader)
	r.full <- c
	return true
}

func move(r *road) bool {
	c, ok := <-r.full
	if !ok {
		return false
	}
	work(r, mover)
	r.there <- c
	return true
}

func unload(r *road) bool {
	c, ok := <-r.there
	if !ok {
		return false
	}
	work(r, unloader)
	r.on.Lock()
	r.unloaded++
	r.on.Unlock()
	r.to <- c.book
	r.back <- c
	return true
}

func bringBack(r *road) bool {
	c, ok := <-r.back
	if !ok {
		return false
	}
	work(r, returner)
	r.empty <- c
	return true
}

var procedure = []func(*road) bool{load, move, unload, bringBack}

// A gopher does its jobs in turn until one is over. The last gopher with a job closes the channels
// that the job fills.
func gopher(r *road, jobs []job) {
	for i := 0; procedure[jobs[i]](r); {
		i = (i + 1) % len(jobs)
	}
	r.on.Lock()
	defer r.on.Unlock()
	for _, j := range jobs {
		r.doing[j]--
		if r.doing[j] > 0 {
			continue
		}
		if j == loader {
			close(r.full)
		}
		if j == mover {
			close(r.there)
		}
		if j == unloader {
			close(r.to)
			close(r.back)
		}
	}
}

type design struct {
	name   string
	copies int     // each with a pile and a fire
	roads  int     // of each copy, one after the other, with a dump between two
	team   [][]job // on each road: the jobs of each gopher
	spare  int     // carts at the far end, for gophers that go to and fro
}

var all = []job{loader, mover, unloader, returner}
var each = [][]job{{loader}, {mover}, {unloader}, {returner}}
var designs = []design{
	{"1", 1, 1, [][]job{all}, 0},       // one gopher does it all
	{"2m", 1, 1, [][]job{all, all}, 0}, // two such gophers, who meet at pile and fire
	{"2x", 2, 1, [][]job{all}, 0},      // two copies of that
	{"3", 1, 1, [][]job{{loader}, {mover, returner}, {unloader}}, 1},
	{"4", 1, 1, each, 0},          // one more gopher for the empty carts
	{"8", 2, 1, each, 0},          // two copies of that
	{"2d", 1, 2, [][]job{all}, 0}, // two gophers with a dump
	{"4d", 2, 2, [][]job{all}, 0}, // two copies of that
	{"8d", 1, 2, each, 0},         // four gophers, a dump, four gophers
	{"16", 2, 2, each, 0},         // two copies of that
}

type settings struct {
	books, carts int
	cost         []float64
	unit         time.Duration
	draw         bool
}

func openRoad(s *site, d design, nth int, from, to chan int, set settings) {
	costs := func(j job) time.Duration {
		part := 1.0
		if j == mover || j == returner {
			part = 1 / float64(d.roads)
		}
		return time.Duration(set.cost[j] * part * float64(set.unit))
	}
	n := set.carts
	name := func(end int, of string) string {
		if nth == end {
			return of
		}
		return "dump"
	}
	r := &road{
		on:       s,
		fromName: name(1, "pile"),
		toName:   name(d.roads, "fire"),
		from:     from,
		to:       to,
		cost:     [4]time.Duration{costs(loader), costs(mover), costs(unloader), costs(returner)},
		empty:    make(chan cart, n), full: make(chan cart, n),
		there: make(chan cart, n), back: make(chan cart, n),
		room: [4]chan struct{}{make(chan struct{}, 1), make(chan struct{}, n),
			make(chan struct{}, 1), make(chan struct{}, n)},
	}
	s.roads = append(s.roads, r)
	for i := 0; i < n; i++ {
		if i < d.spare && i < n-1 {
			r.back <- cart{}
		} else {
			r.empty <- cart{}
		}
	}
	for _, jobs := range d.team {
		s.gophers++
		for _, j := range jobs {
			r.doing[j]++
		}
	}
	for _, jobs := range d.team {
		jobs := jobs
		s.home.Add(1)
		go func() {
			defer s.home.Done()
			gopher(r, jobs)
		}()
	}
}

type outcome struct {
	burnt                []int // how often each book was burnt
	lastBurn, allHome    float64
	gophers, mostWorking int
}

func fire(books <-chan int, clock func() float64, s *site, result *outcome) {
	for book := range books {
		s.Lock()
		result.burnt[book]++
		result.lastBurn = clock()
		s.Unlock()
	}
}

// Draws the gophers on a road, each at its place; a gopher that waits for a core sleeps at the
// beginning of the road.
func onRoad(r *road, j job, asleep, walks string) string {
	const places = 15
	lane := make([]string, places)
	put := func(gopher string, done time.Duration) {
		at := int((places - 1) * done / r.cost[j])
		if j == returner {
			at = places - 1 - at
		}
		for lane[at] != "" {
			at = (at + 1) % places
		}
		lane[at] = gopher
	}
	for _, began := range r.since[j] {
		done := time.Since(began)
		if done > r.cost[j] {
			done = r.cost[j]
		}
		put(walks, done)
	}
	for i := 0; i < r.waiting[j]; i++ {
		put(asleep, 0)
	}
	for i := range lane {
		lane[i] = fmt.Sprintf("%-2s", lane[i])
	}
	return strings.Join(lane, "")
}

func atEnd(r *road, j job, works string) string {
	return strings.Repeat(works, len(r.since[j])) + strings.Repeat("z", r.waiting[j])
}

func isTerminal() bool {
	info, err := os.Stdout.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func picture(s *site, time float64) {
	s.Lock()
	defer s.Unlock()
	end := "\n"
	if isTerminal() {
		end = "\x1b[K\n"
	}
	fmt.Printf("at %.3f: %d of %d gophers work%s", time, s.working, s.gophers, end)
	for _, r := range s.roads {
		there := len(r.to)
		if r.toName == "fire" {
			there = r.unloaded
		}
		fmt.Printf("%s %4d %3do %3d# %2s|%s|%-2s %3d# %3do %4d %s%s", r.fromName,
			len(r.from), len(r.empty), len(r.full), atEnd(r, loader, "L"),
			onRoad(r, mover, "z#", "g#"), atEnd(r, unloader, "U"), len(r.there),
			len(r.back), there, r.toName, end)
		fmt.Printf("%22s|%s|%s", "", onRoad(r, returner, "oz", "og"), end)
	}
}

// Draws four pictures in a unit of time, never at a moment when jobs of quarter units end.
func draw(s *site, unit time.Duration, clock func() float64, done <-chan struct{}) {
	time.Sleep(unit / 8)
	for wentOn := true; wentOn; {
		picture(s, clock())
		select {
		case <-done:
			wentOn = false
		case <-time.After(unit / 4):
		}
		if isTerminal() {
			fmt.Printf("\x1b[%dA", 1+2*len(s.roads))
		}
	}
	picture(s, clock())
}

func burn(d design, cores int, set settings) outcome {
	s := &site{cores: make(chan struct{}, cores)}
	result := outcome{burnt: make([]int, set.books)}
	start := time.Now()
	clock := func() float64 { return float64(time.Since(start)) / float64(set.unit) }
	book := 0
	for nth := 1; nth <= d.copies; nth++ {
		from := make(chan int, set.books)
		for ; book < set.books*nth/d.copies; book++ {
			from <- book
		}
		close(from)
		for nth := 1; nth < d.roads; nth++ {
			dump := make(chan int, set.books)
			openRoad(s, d, nth, from, dump, set)
			from = dump
		}
		to := make(chan int)
		openRoad(s, d, d.roads, from, to, set)
		s.home.Add(1)
		go func() {
			defer s.home.Done()
			fire(to, clock, s, &result)
		}()
	}
	done, drawn := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(drawn)
		if set.draw {
			draw(s, set.unit, clock, done)
		}
	}()
	s.home.Wait()
	result.allHome = clock()
	result.gophers, result.mostWorking = s.gophers, s.mostWorking
	close(done)
	<-drawn
	return result
}

func burnAll(name string, cores []int, set settings) {
	fmt.Println("design cores gophers  most at work  burnt once  last burn  all home")
	for _, d := range designs {
		if name != "" && name != d.name {
			continue
		}
		for _, n := range cores {
			o := burn(d, n, set)
			once := 0
			for _, times := range o.burnt {
				if times == 1 {
					once++
				}
			}
			fmt.Printf("%-6s %5d %7d %13d %11d %10.6g %9.6g\n", d.name, n, o.gophers,
				o.mostWorking, once, o.lastBurn, o.allHome)
		}
	}
}

func main() {
	set := settings{}
	name := flag.String("design", "", "1|2m|2x|3|4|8|2d|4d|8d|16")
	cores := flag.String("cores", "16,1", "")
	flag.IntVar(&set.books, "books", 100, "")
	flag.IntVar(&set.carts, "carts", 8, "on each road")
	cost := flag.String("cost", "1,1,1,1", "of load, move, unload, return")
	flag.BoolVar(&set.draw, "draw", false, "")
	ms := flag.Int("unit", 1, "ms for a unit of cost")
	flag.Parse()
	var counts []int
	for _, word := range strings.Split(*cores, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			panic(err)
		}
		counts = append(counts, n)
	}
	for _, word := range strings.Split(*cost, ",") {
		c, err := strconv.ParseFloat(word, 64)
		if err != nil {
			panic(err)
		}
		set.cost = append(set.cost, c)
	}
	set.unit = time.Duration(*ms) * time.Millisecond
	burnAll(*name, counts, set)
}
