// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func tellTime(peer net.Conn, tick time.Duration) {
	defer peer.Close()
	every := time.NewTicker(tick)
	defer every.Stop()
	for {
		if _, err := fmt.Fprintln(peer, time.Now().Format("15:04:05")); err != nil {
			return // the peer has left
		}
		<-every.C
	}
}

func acceptAll(listener net.Listener, tick time.Duration) {
	for {
		peer, err := listener.Accept()
		if err == nil {
			go tellTime(peer, tick)
			continue
		}
		fmt.Fprintln(os.Stderr, "accept:", err)
		time.Sleep(100 * time.Millisecond) // until descriptors are free again
	}
}

func serve(port uint, tick time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	go acceptAll(listener, tick)
	<-stop
	return nil
}

func main() {
	port := flag.Uint("port", 0, "0: any free port")
	tick := flag.Int("tick", 1000, "milliseconds")
	flag.Parse()
	if err := serve(*port, time.Duration(*tick)*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "clock:", err)
		os.Exit(1)
	}
}
