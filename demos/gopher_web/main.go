// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
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

func mover(full <-chan cart, client io.Writer, back chan<- cart) {
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
func haul(pile *os.File, client io.Writer) {
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

func answer(client http.ResponseWriter, r *http.Request, path string) {
	if r.URL.Path != "/" {
		http.NotFound(client, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		client.Header().Set("Allow", "GET, HEAD")
		http.Error(client, "GET only", http.StatusMethodNotAllowed)
		return
	}
	var size int64
	pile, err := open(path, &size)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		http.Error(client, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	defer pile.Close()
	client.Header().Set("Content-Type", "application/octet-stream")
	client.Header().Set("Content-Length", fmt.Sprint(size))
	if r.Method == http.MethodGet {
		haul(pile, client)
	}
}

func serve(at *net.TCPAddr, path string) error {
	var size int64
	file, err := open(path, &size) // reports at once a file that cannot be read
	if err != nil {
		return err
	}
	file.Close()
	signal.Ignore(syscall.SIGHUP)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	fetch := func(w http.ResponseWriter, r *http.Request) { answer(w, r, path) }
	server := http.Server{Handler: http.HandlerFunc(fetch), MaxHeaderBytes: 8 << 10,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 30 * time.Second}
	go server.Serve(listener)
	<-stop
	grace, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	server.Shutdown(grace)
	return nil
}

func main() {
	host := flag.String("host", "127.0.0.1", "an address")
	port := flag.Int("port", 0, "0: any free port")
	flag.Parse()
	at := &net.TCPAddr{IP: net.ParseIP(*host), Port: *port}
	if at.IP == nil {
		flag.Usage()
		os.Exit(2)
	}
	path := "/proc/self/exe"
	if flag.NArg() > 0 {
		path = flag.Arg(0)
	}
	if err := serve(at, path); err != nil {
		fmt.Fprintln(os.Stderr, "gopher_web:", err)
		os.Exit(1)
	}
}
