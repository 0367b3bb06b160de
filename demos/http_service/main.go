// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"time"
)

type key struct {
	path string
	code int
}

var metrics = struct {
	sync.Mutex  // requests are on any thread
	requests    map[key]int
	connections int
}{requests: map[key]int{}}

func metricsText(w io.Writer) {
	metrics.Lock()
	defer metrics.Unlock()
	fmt.Fprintln(w, "# TYPE http_requests_total counter")
	keys := []key{}
	for each := range metrics.requests {
		keys = append(keys, each)
	}
	sort.Slice(keys, func(i, k int) bool {
		return keys[i].path < keys[k].path || keys[i].path == keys[k].path && keys[i].code < keys[k].code
	})
	for _, k := range keys {
		fmt.Fprintf(w, "http_requests_total{path=%q,code=\"%d\"} %d\n", k.path, k.code, metrics.requests[k])
	}
	fmt.Fprintln(w, "# TYPE http_connections gauge")
	fmt.Fprintln(w, "http_connections", metrics.connections)
}

func reply(w http.ResponseWriter, code int, body any) int {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(body)
	return code
}

func refuse(w http.ResponseWriter, code int) int {
	return reply(w, code, map[string]string{"error": http.StatusText(code)})
}

func hello(w http.ResponseWriter, r *http.Request) int {
	name := r.URL.Query().Get("name")
	if name == "" {
		name = "world"
	}
	return reply(w, 200, map[string]string{"hello": name})
}

func sum(w http.ResponseWriter, r *http.Request) int {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refuse(w, 413)
	}
	numbers := []float64{}
	if json.Unmarshal(body, &numbers) != nil {
		return refuse(w, 400)
	}
	total := 0.0
	for _, each := range numbers {
		total += each
	}
	if math.IsInf(total, 0) { // JSON has no word for infinity
		return refuse(w, 400)
	}
	return reply(w, 200, map[string]float64{"sum": total})
}

func showMetrics(w http.ResponseWriter, r *http.Request) int {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	metricsText(w)
	return 200
}

func tick(out chan<- map[string]int, n int, done <-chan struct{}) {
	defer close(out)
	for i := 1; i <= n; i++ {
		time.Sleep(10 * time.Millisecond)
		select {
		case out <- map[string]int{"tick": i}:
		case <-done:
			return
		}
	}
}

// Writes a chunk for each value of the channel. If the client leaves, the goroutine that sends ends too.
func streamTicks(w http.ResponseWriter, r *http.Request) int {
	n := 5
	if text := r.URL.Query().Get("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 0 {
			return refuse(w, 400)
		}
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	if r.Method == http.MethodHead {
		return 200
	}
	ticks := make(chan map[string]int)
	go tick(ticks, n, r.Context().Done())
	conn := r.Context().Value(connection{}).(net.Conn)
	for each := range ticks {
		conn.SetWriteDeadline(time.Now().Add(idle))
		if json.NewEncoder(w).Encode(each) != nil {
			panic(http.ErrAbortHandler)
		}
		w.(http.Flusher).Flush()
	}
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	return 200
}

type endpoint struct {
	method string
	answer func(http.ResponseWriter, *http.Request) int
}

var endpoints = map[string]endpoint{
	"/hello":   {http.MethodGet, hello},
	"/metrics": {http.MethodGet, showMetrics},
	"/sum":     {http.MethodPost, sum},
	"/ticks":   {http.MethodGet, streamTicks},
}

func handle(w http.ResponseWriter, r *http.Request) {
	path, code := "other", 404
	if found, ok := endpoints[r.URL.Path]; ok {
		path = r.URL.Path
		headOfGet := r.Method == http.MethodHead && found.method == http.MethodGet
		if r.Method == found.method || headOfGet {
			code = found.answer(w, r)
		} else {
			if found.method == http.MethodGet {
				found.method = "GET, HEAD"
			}
			w.Header().Set("Allow", found.method)
			code = refuse(w, 405)
		}
	} else {
		refuse(w, code)
	}
	metrics.Lock()
	metrics.requests[key{path, code}]++
	metrics.Unlock()
}

var header, idle time.Duration

type connection struct{}

func remember(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connection{}, c)
}

func count(_ net.Conn, state http.ConnState) {
	metrics.Lock()
	defer metrics.Unlock()
	switch state {
	case http.StateNew:
		metrics.connections++
	case http.StateHijacked, http.StateClosed:
		metrics.connections--
	}
}

func serve(at *net.TCPAddr, pem string) error {
	signal.Ignore(syscall.SIGHUP)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return err
	}
	server := http.Server{Handler: http.HandlerFunc(handle), MaxHeaderBytes: 8 << 10, ReadTimeout: idle,
		ReadHeaderTimeout: header, WriteTimeout: idle, IdleTimeout: idle, ConnState: count, ConnContext: remember}
	failed := make(chan error, 1)
	if pem == "" {
		go func() { failed <- server.Serve(listener) }()
	} else if _, err := os.Stat(pem); err != nil {
		return err
	} else {
		go func() { failed <- server.ServeTLS(listener, pem, pem) }()
	}
	fmt.Println("listening on", listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-stop:
	}
	grace, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	server.Shutdown(grace)
	return nil
}

func main() {
	host := flag.String("host", "127.0.0.1", "an address")
	port := flag.Int("port", 0, "0: any free port")
	headerMs := flag.Int("header", 10000, "ms for the first byte and a header")
	idleMs := flag.Int("idle", 30000, "ms for all else")
	pem := flag.String("tls", "", "a file with certificate and key")
	flag.Parse()
	at := &net.TCPAddr{IP: net.ParseIP(*host), Port: *port}
	if at.IP == nil {
		flag.Usage()
		os.Exit(2)
	}
	idle = time.Duration(*idleMs) * time.Millisecond
	if header = time.Duration(*headerMs) * time.Millisecond; header > idle {
		header = idle
	}
	if err := serve(at, *pem); err != nil {
		fmt.Fprintln(os.Stderr, "http_service:", err)
		os.Exit(1)
	}
}
