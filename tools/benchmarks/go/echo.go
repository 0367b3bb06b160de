// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"net"
)

// A TCP echo server. It prints its port, and runs until it is killed.
func serve(_, _ int) result {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		peer, err := listener.Accept() // no delay is Go's default
		if err != nil {
			panic(err)
		}
		go echo(peer)
	}
}

func echo(peer net.Conn) {
	defer peer.Close()
	data := make([]byte, 4096)
	for {
		n, err := peer.Read(data)
		if err != nil {
			return
		}
		if _, err = peer.Write(data[:n]); err != nil {
			return
		}
	}
}
