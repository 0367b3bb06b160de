// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

type cart []byte

const cartload = 4096

func open(path string, size *int64) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a file", path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	*size = info.Size()
	return file, nil
}

func loader(empty <-chan cart, pile *os.File, full chan<- cart) {
	for c := range empty {
		n, err := io.ReadFull(pile, c[:cartload])
		if n == 0 || err != nil && err != io.ErrUnexpectedEOF {
			break
		}
		full <- c[:n]
	}
	close(full)
}

func mover(full <-chan cart, client net.Conn, back chan<- cart) {
	var err error
	for c := range full {
		if err == nil { // else the client has left, and the other gophers can end
			_, err = client.Write(c)
		}
		back <- c
	}
	close(back)
}

func returner(back <-chan cart, empty chan<- cart) {
	for c := range back {
		empty <- c
	}
}

// The client unloads the carts. If it is slow, all stages are: there are no other carts.
func haul(pile *os.File, client net.Conn) {
	const carts = 4
	empty, full, back := make(chan cart, carts), make(chan cart, carts), make(chan cart, carts)
	for i := 0; i < carts; i++ {
		empty <- make(cart, cartload)
	}
	var gophers sync.WaitGroup
	gophers.Add(3)
	go func() { defer gophers.Done(); loader(empty, pile, full) }()
	go func() { defer gophers.Done(); mover(full, client, back) }()
	go func() { defer gophers.Done(); returner(back, empty) }()
	gophers.Wait()
}

func answer(client net.Conn, path string) {
	defer client.Close()
	request := bufio.NewReader(io.LimitReader(client, 8192))
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = request.ReadString('\n'); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
	}
	var size int64
	pile, err := open(path, &size)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer pile.Close()
	fmt.Fprintf(client, "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n", size)
	haul(pile, client)
}

func acceptAll(listener net.Listener, path string) {
	for {
		client, err := listener.Accept()
		if err == nil {
			go answer(client, path)
			continue
		}
		fmt.Fprintln(os.Stderr, "accept:", err)
		time.Sleep(100 * time.Millisecond) // until descriptors are free again
	}
}

func serve(port uint, path string) error {
	var size int64
	file, err := open(path, &size) // reports at once a file that cannot be read
	if err != nil {
		return err
	}
	file.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	go acceptAll(listener, path)
	<-stop
	return nil
}

func main() {
	port := flag.Uint("port", 0, "0: any free port")
	flag.Parse()
	path := "/proc/self/exe"
	if flag.NArg() > 0 {
		path = flag.Arg(0)
	}
	if err := serve(*port, path); err != nil {
		fmt.Fprintln(os.Stderr, "gopher_web:", err)
		os.Exit(1)
	}
}
