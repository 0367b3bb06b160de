// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type client struct {
	conn net.Conn
	out  chan string
}

type hall struct {
	entering, leaving chan *client
	messages          chan string
}

func broadcast(h hall) {
	clients := make(map[*client]bool)
	for {
		select {
		case c := <-h.entering:
			clients[c] = true
		case c := <-h.leaving:
			delete(clients, c)
		case text := <-h.messages:
			for each := range clients {
				select {
				case each.out <- text:
				default:
					each.conn.Close() // dropped: it is too slow
				}
			}
		}
	}
}

func tell(c *client, told chan<- bool) {
	defer close(told)
	for text := range c.out {
		if _, err := fmt.Fprintln(c.conn, text); err != nil {
			return // the client has left, which readLine will notice too
		}
	}
}

// Reads a line of at most 1024 bytes, within the time idle; the bytes after it stay in input.
func readLine(conn net.Conn, input *bufio.Reader, idle time.Duration) (string, error) {
	conn.SetReadDeadline(time.Now().Add(idle))
	line, err := input.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return string(line[:len(line)-1]), nil
}

func chat(conn net.Conn, h hall, idle time.Duration) {
	c := &client{conn, make(chan string, 16)}
	told := make(chan bool)
	go tell(c, told)
	input := bufio.NewReaderSize(conn, 1024)
	name, err := readLine(conn, input, idle)
	if err == nil {
		h.entering <- c
		h.messages <- name + " has arrived"
		for {
			line, err := readLine(conn, input, idle)
			if err != nil {
				break // the client has left, was dropped, or sent too long a line
			}
			h.messages <- name + ": " + line
		}
	}
	c.conn.Close()
	h.leaving <- c
	close(c.out)
	if name != "" {
		h.messages <- name + " has left"
	}
	<-told
}

func acceptAll(listener net.Listener, h hall, idle time.Duration) {
	for {
		conn, err := listener.Accept()
		if err == nil {
			go chat(conn, h, idle)
			continue
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func serve(port uint, idle time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	h := hall{make(chan *client), make(chan *client), make(chan string)}
	go broadcast(h)
	go acceptAll(listener, h, idle)
	<-stop
	return nil
}

func main() {
	port := flag.Uint("port", 0, "0: any free port")
	idle := flag.Int("idle", 300000, "milliseconds")
	flag.Parse()
	if err := serve(*port, time.Duration(*idle)*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}
