// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

func reply(w http.ResponseWriter, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	io.WriteString(w, body)
}

func refuse(w http.ResponseWriter, code int) {
	http.Error(w, http.StatusText(code), code)
}

func hello(w http.ResponseWriter, r *http.Request) {
	time.Sleep(100 * time.Millisecond) // the work
	reply(w, "text/plain", "hello\n")
}

var counted int64

func count(w http.ResponseWriter, r *http.Request) {
	time.Sleep(100 * time.Millisecond)
	number := atomic.AddInt64(&counted, 1) // requests are on any thread
	reply(w, "application/json", fmt.Sprintf("{\"count\": %d}\n", number))
}

func square(w http.ResponseWriter, r *http.Request) {
	time.Sleep(100 * time.Millisecond)
	n, err := strconv.ParseInt(r.URL.Query().Get("n"), 10, 32)
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	reply(w, "application/json", fmt.Sprintf("{\"square\": %d}\n", n*n))
}

func upper(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		refuse(w, http.StatusRequestEntityTooLarge)
		return
	}
	time.Sleep(100 * time.Millisecond)
	reply(w, "text/plain", string(bytes.ToUpper(body)))
}

type endpoint struct {
	method string
	answer http.HandlerFunc
}

var endpoints = map[string]endpoint{
	"/count":  {http.MethodGet, count},
	"/hello":  {http.MethodGet, hello},
	"/square": {http.MethodGet, square},
	"/upper":  {http.MethodPost, upper},
}

func handle(w http.ResponseWriter, r *http.Request) {
	found, ok := endpoints[r.URL.Path]
	if !ok {
		refuse(w, http.StatusNotFound)
		return
	}
	headOfGet := r.Method == http.MethodHead && found.method == http.MethodGet
	if r.Method == found.method || headOfGet {
		found.answer(w, r)
		return
	}
	if found.method == http.MethodGet {
		found.method = "GET, HEAD"
	}
	w.Header().Set("Allow", found.method)
	refuse(w, http.StatusMethodNotAllowed)
}

func serve(at *net.TCPAddr) error {
	signal.Ignore(syscall.SIGHUP)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	server := http.Server{Handler: http.HandlerFunc(handle), MaxHeaderBytes: 8 << 10,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 30 * time.Second}
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
	if err := serve(at); err != nil {
		fmt.Fprintln(os.Stderr, "four_endpoints:", err)
		os.Exit(1)
	}
}
