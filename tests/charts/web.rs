//! An HTTP server on loopback that answers what a test wants and remembers what it was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// What came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub authorization: Option<String>,
}

/// What goes out: status, headers, body.
pub type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

pub struct Web {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Web {
    pub async fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else { return };
                    let (status, headers, body) = answer(&request);
                    seen.lock().unwrap().push(request);
                    let mut head = vec![format!("HTTP/1.1 {status} Status"), "connection: close".to_owned()];
                    head.push(format!("content-length: {}", body.len()));
                    head.extend(headers.into_iter().map(|(name, value)| format!("{name}: {value}")));
                    let _ = stream.write_all(format!("{}\r\n\r\n", head.join("\r\n")).as_bytes()).await;
                    let _ = stream.write_all(&body).await;
                });
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }
}

pub fn ok(body: impl Into<Vec<u8>>) -> Answer {
    (200, Vec::new(), body.into())
}

async fn read(stream: &mut tokio::net::TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next_line().await.ok()??.split(' ').nth(1)?.to_owned();
    let mut authorization = None;
    while let Some(line) = lines.next_line().await.ok()?.filter(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            authorization = Some(value.to_owned());
        }
    }
    Some(Request { path, authorization })
}
