//! A TCP proxy that breaks connections at random bytes by a seeded plan.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::Rng;
use proptest::test_runner::TestRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::http_proxy::random;

/// After how many bytes from each side a connection breaks.
#[derive(Clone, Copy, Debug)]
struct Limits {
    request: usize,
    answer: usize,
}

impl Limits {
    const NONE: Self = Self { request: usize::MAX, answer: usize::MAX };
}

/// The proxy; it ends with the runtime that it was started in.
pub struct Proxy {
    address: SocketAddr,
    calm: Arc<AtomicBool>,
    broken: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts before `server`.
    pub async fn start(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calm = Arc::new(AtomicBool::new(false));
        let broken = Arc::new(AtomicUsize::new(0));
        let (is_calm, count) = (calm.clone(), broken.clone());
        let random = Mutex::new(random(seed));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let limits = if is_calm.load(Ordering::SeqCst) {
                    Limits::NONE
                } else {
                    draw(&mut random.lock().unwrap())
                };
                // A connection that breaks is what this is for.
                tokio::spawn(serve(client, server, limits, count.clone()));
            }
        });
        Self { address, calm, broken }
    }

    /// `http://address:port`.
    pub fn host(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections broke.
    pub fn broken(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }

    /// From now on new connections work.
    pub fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }
}

fn draw(random: &mut TestRng) -> Limits {
    let mut below = |limit: u32| random.next_u32() % limit;
    match below(10) {
        0 | 1 => Limits { request: below(6000) as usize, ..Limits::NONE },
        2..=4 => Limits { answer: below(24_000) as usize, ..Limits::NONE },
        _ => Limits::NONE,
    }
}

async fn serve(
    client: TcpStream,
    server: SocketAddr,
    limits: Limits,
    broken: Arc<AtomicUsize>,
) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let is_cut = tokio::select! {
        ended = copy(from_client, to_server, limits.request) => ended?,
        ended = copy(from_server, to_client, limits.answer) => ended?,
    };
    if is_cut {
        broken.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

/// Copies until one side ends or `limit` bytes have passed; says whether it was the limit.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, limit: usize) -> io::Result<bool> {
    let mut left = limit;
    let mut buffer = [0; 16 * 1024];
    while left > 0 {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(false);
        }
        let passed = read.min(left);
        to.write_all(&buffer[..passed]).await?;
        left -= passed;
    }
    Ok(true)
}
