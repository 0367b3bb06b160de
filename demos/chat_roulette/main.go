// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Markov chain knows which words have followed each word.
type chain struct {
	sync.Mutex
	words []string
	next  map[string][]string
}

func (c *chain) learn(line string) {
	c.Lock()
	defer c.Unlock()
	before := ""
	for _, word := range strings.Fields(line) {
		if len(c.words) == 10000 {
			break
		}
		c.words = append(c.words, word)
		if before != "" {
			c.next[before] = append(c.next[before], word)
		}
		before = word
	}
}

func (c *chain) say() string {
	c.Lock()
	defer c.Unlock()
	line := ""
	for from := c.words; len(from) > 0 && len(line) < 60; {
		word := from[rand.Intn(len(from))]
		if line != "" {
			line += " "
		}
		line += word
		from = c.next[word]
	}
	return line
}

var brain = chain{next: make(map[string][]string)}

func print(to net.Conn, line string) error {
	_, err := fmt.Fprintln(to, line)
	return err
}

// A connection whose reads and writes have a time limit.
type patient struct {
	net.Conn
	idle time.Duration
}

func (c patient) Read(data []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(c.idle))
	return c.Conn.Read(data)
}

func (c patient) Write(data []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.idle))
	return c.Conn.Write(data)
}

func copy(to, from net.Conn, ended chan<- bool) {
	io.Copy(to, from) // until one of the two has left, is silent, or does not read
	ended <- true
}

func chat(a, b net.Conn) {
	ended := make(chan bool, 2)
	print(a, "Found one! Say hi.")
	print(b, "Found one! Say hi.")
	go copy(a, b, ended)
	go copy(b, a, ended)
	<-ended
	a.Close()
	b.Close()
}

func chatWithRobot(c net.Conn) {
	defer c.Close()
	if print(c, "Found a robot. Say hi.") != nil {
		return
	}
	input := bufio.NewReaderSize(c, 1024)
	for {
		line, err := input.ReadSlice('\n')
		if err != nil {
			return // the client has left, or sent the robot too long a line
		}
		brain.learn(string(line))
		if print(c, brain.say()) != nil {
			return
		}
	}
}

func match(c net.Conn, partner chan net.Conn, patience time.Duration) {
	print(c, "Waiting for a partner...")
	select {
	case partner <- c:
		// the other goroutine serves this client from now on
	case p := <-partner:
		chat(p, c)
	case <-time.After(patience):
		chatWithRobot(c)
	}
}

func acceptAll(listener net.Listener, patience, idle time.Duration) {
	partner := make(chan net.Conn)
	for {
		c, err := listener.Accept()
		if err == nil {
			go match(patient{c, idle}, partner, patience)
			continue
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func serve(at *net.TCPAddr, patience, idle time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	signal.Ignore(syscall.SIGHUP)
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	go acceptAll(listener, patience, idle)
	<-stop
	return nil
}

func main() {
	host := flag.String("host", "127.0.0.1", "an address")
	port := flag.Int("port", 0, "0: any free port")
	patience := flag.Int("patience", 5000, "milliseconds")
	idle := flag.Int("idle", 300000, "milliseconds")
	flag.Parse()
	at := &net.TCPAddr{IP: net.ParseIP(*host), Port: *port}
	if at.IP == nil {
		flag.Usage()
		os.Exit(2)
	}
	ms := time.Millisecond
	if err := serve(at, time.Duration(*patience)*ms, time.Duration(*idle)*ms); err != nil {
		fmt.Fprintln(os.Stderr, "chat_roulette:", err)
		os.Exit(1)
	}
}
