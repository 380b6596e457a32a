//! Ports of 127.0.0.1 that stay ours.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port that nobody else gets: a socket is bound to it without listening, so that a server of the same user
/// that shares ports (`SO_REUSEPORT`) can listen on it, be stopped, and listen again, with no race in between.
#[derive(Debug)]
pub struct ReservedPort {
    _socket: TcpSocket,
    number: u16,
}

impl ReservedPort {
    /// Reserves a free port.
    pub fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseport(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let number = socket.local_addr()?.port();
        Ok(Self { _socket: socket, number })
    }

    /// The port's number.
    pub fn number(&self) -> u16 {
        self.number
    }
}
