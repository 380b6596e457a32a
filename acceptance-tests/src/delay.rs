//! Distance: a relay before a server, every byte through which comes later.
//!
//! In user space, because `tc netem` needs a module that not every kernel has.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

/// Starts a relay to `server` that ends with the runtime; returns where it listens. A connection takes one round trip to be made,
/// and half of one passes before a byte arrives, either way.
pub fn relay(runtime: &Runtime, server: SocketAddr, round_trip: Duration) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("listen on loopback");
    let address = listener.local_addr().expect("an address");
    runtime.spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(async move {
                // Whoever hangs up first ends the connection; that is no fault.
                let _ = pass(client, server, round_trip).await;
            });
        }
    });
    address
}

async fn pass(client: TcpStream, server: SocketAddr, round_trip: Duration) -> io::Result<()> {
    sleep(round_trip).await;
    let server = TcpStream::connect(server).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::try_join!(
        one_way(from_client, to_server, round_trip / 2),
        one_way(from_server, to_client, round_trip / 2)
    )?;
    Ok(())
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) -> io::Result<()> {
    // As much as is under way, however much that is.
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let reading = async move {
        loop {
            let mut bytes = Vec::with_capacity(1 << 16);
            if from.read_buf(&mut bytes).await? == 0 || sender.send((Instant::now() + delay, bytes)).is_err()
            {
                return Ok::<(), io::Error>(());
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            sleep_until(due).await;
            to.write_all(&bytes).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing)?;
    Ok(())
}
