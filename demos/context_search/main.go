// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

var running, finished, stopped int64 // backends

func backend(ctx context.Context, kind, q string, work time.Duration, results chan<- string) {
	atomic.AddInt64(&running, 1)
	defer atomic.AddInt64(&running, -1)
	select {
	case <-time.After(work):
		atomic.AddInt64(&finished, 1)
		results <- kind + " of " + q + "\n"
	case <-ctx.Done():
		atomic.AddInt64(&stopped, 1)
	}
}

func search(ctx context.Context, q string, work time.Duration) (string, error) {
	results := make(chan string, 3)
	for _, kind := range []string{"web", "image", "video"} {
		go backend(ctx, kind, q, work, results)
	}
	result := ""
	for i := 0; i < 3; i++ {
		select {
		case each := <-results:
			result += each
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return result, nil
}

// A request without a timeout has a minute.
func answer(w http.ResponseWriter, r *http.Request, work time.Duration) {
	q := r.URL.Query().Get("q")
	timeout := r.URL.Query().Get("timeout")
	limit := 60000
	var err error
	if timeout != "" {
		limit, err = strconv.Atoi(timeout)
	}
	if q == "" || err != nil || limit < 1 {
		http.Error(w, "a search needs q, and a timeout in ms", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(limit)*time.Millisecond)
	defer cancel()
	result, err := search(ctx, q, work)
	if err != nil {
		http.Error(w, "too late", http.StatusGatewayTimeout) // or nobody reads it
		return
	}
	fmt.Fprint(w, result)
}

func getOnly(f http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" && r.Method != "HEAD" {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "GET only", http.StatusMethodNotAllowed)
			return
		}
		f(w, r)
	}
}

func serve(at *net.TCPAddr, work time.Duration) error {
	signal.Ignore(syscall.SIGHUP)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	http.HandleFunc("/search", getOnly(func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, work)
	}))
	http.HandleFunc("/stats", getOnly(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "running %d finished %d stopped %d\n", atomic.LoadInt64(&running),
			atomic.LoadInt64(&finished), atomic.LoadInt64(&stopped))
	}))
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10}
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
	work := flag.Int("work", 100, "milliseconds of a backend")
	flag.Parse()
	at := &net.TCPAddr{IP: net.ParseIP(*host), Port: *port}
	if at.IP == nil {
		flag.Usage()
		os.Exit(2)
	}
	if err := serve(at, time.Duration(*work)*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "context_search:", err)
		os.Exit(1)
	}
}
