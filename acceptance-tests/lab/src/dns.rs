//! A small DNS server for pods and for the processes of the jail.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

mod services;
pub use services::Services;

/// How long an answer may be kept, in seconds. Tests change what stands behind names.
const TTL: u32 = 1;
const PORT: u16 = 53;

/// What can go wrong with the DNS server.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}, port {PORT}")]
pub struct Error {
    address: Ipv4Addr,
    source: io::Error,
}

/// Host names that everybody in the lab can resolve: of load balancers, API servers, and what tests add.
#[derive(Debug, Clone, Default)]
pub struct Names(Arc<RwLock<BTreeMap<String, Vec<Ipv4Addr>>>>);

impl Names {
    /// Gives a host name its addresses; none at all makes it unknown.
    pub fn set(&self, name: &str, addresses: &[Ipv4Addr]) {
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if addresses.is_empty() {
            names.remove(name);
        } else {
            names.insert(name.to_owned(), addresses.to_vec());
        }
    }

    /// The addresses of a host name.
    pub fn get(&self, name: &str) -> Option<Vec<Ipv4Addr>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// What stands behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Addresses; none if the name exists without one.
    Addresses(Vec<Ipv4Addr>),
    /// Another name.
    Alias(String),
}

/// What one DNS server knows.
#[derive(Clone)]
pub struct Zone {
    names: Names,
    services: Option<Services>,
}

impl Zone {
    /// What pods of one cluster know: its Services and the names of the lab.
    pub fn cluster(names: Names, services: Services) -> Self {
        Self { names, services: Some(services) }
    }

    /// What the processes of the jail know: the names of the lab.
    pub fn outside(names: Names) -> Self {
        Self { names, services: None }
    }

    fn find(&self, name: &str) -> Option<Target> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let service = self.services.as_ref().and_then(|services| services.find(&name));
        service.or_else(|| self.names.get(&name).map(Target::Addresses))
    }

    /// The answer to a query, or nothing if it is none.
    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let query = Message::from_vec(query).ok()?;
        let question = query.queries.first()?;
        let mut response = Message::response(query.metadata.id, query.metadata.op_code);
        response.metadata.message_type = MessageType::Response;
        response.metadata.recursion_desired = query.metadata.recursion_desired;
        response.metadata.recursion_available = true;
        response.metadata.authoritative = true;
        response.add_query(question.clone());
        if let Some(records) = self.records(question.name(), question.query_type()) {
            response.add_answers(records);
        } else {
            response.metadata.response_code = ResponseCode::NXDomain;
        }
        response.to_vec().ok()
    }

    /// The records of a name, following aliases; nothing if it does not exist.
    fn records(&self, name: &Name, wanted: RecordType) -> Option<Vec<Record>> {
        let mut owner = name.clone();
        let mut records = Vec::new();
        // A chain of aliases this long is a loop.
        for _ in 0..8 {
            let target = self.find(&owner.to_utf8());
            let Some(target) = target else {
                return if records.is_empty() { None } else { Some(records) };
            };
            match target {
                Target::Addresses(addresses) => {
                    if wanted == RecordType::A {
                        let rdata = addresses.into_iter().map(|address| RData::A(A(address)));
                        records.extend(rdata.map(|rdata| Record::from_rdata(owner.clone(), TTL, rdata)));
                    }
                    return Some(records);
                }
                Target::Alias(alias) => {
                    let alias = Name::from_utf8(&alias).ok()?;
                    let rdata = RData::CNAME(CNAME(alias.clone()));
                    records.push(Record::from_rdata(owner, TTL, rdata));
                    owner = alias;
                }
            }
        }
        Some(records)
    }
}

/// Serves `zone` on UDP and TCP for as long as the runtime lives; returns when it listens.
pub async fn serve(address: Ipv4Addr, zone: Zone) -> Result<(), Error> {
    let failed = |source| Error { address, source };
    let socket = UdpSocket::bind(SocketAddr::from((address, PORT))).await.map_err(failed)?;
    let listener = TcpListener::bind(SocketAddr::from((address, PORT))).await.map_err(failed)?;
    tokio::spawn(serve_udp(socket, zone.clone()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_tcp(stream, zone.clone()));
        }
    });
    Ok(())
}

async fn serve_udp(socket: UdpSocket, zone: Zone) {
    let mut buffer = [0_u8; 4096];
    loop {
        // An error belongs to one earlier answer that could not be delivered.
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else { continue };
        if let Some(answer) = zone.answer(&buffer[..length]) {
            let _ = socket.send_to(&answer, peer).await;
        }
    }
}

async fn serve_tcp(mut stream: TcpStream, zone: Zone) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut query = vec![0; usize::from(length)];
        stream.read_exact(&mut query).await?;
        let Some(answer) = zone.answer(&query) else { return Ok(()) };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        stream.write_u16(length).await?;
        stream.write_all(&answer).await?;
    }
}

#[cfg(test)]
mod tests;
