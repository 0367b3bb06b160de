// SPDX-License-Identifier: BSL-1.0

use crate::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A TCP echo server. It prints its port, and runs until it is killed.
pub async fn serve() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    loop {
        let (peer, _) = listener.accept().await.unwrap();
        peer.set_nodelay(true).unwrap();
        tokio::spawn(echo(peer));
    }
}

async fn echo(mut peer: TcpStream) {
    let mut data = vec![0; 4096];
    loop {
        match peer.read(&mut data).await {
            Ok(n) if n > 0 => {
                if peer.write_all(&data[..n]).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}
