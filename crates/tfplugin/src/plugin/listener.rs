//! Where Terraform connects: a unix socket that only its user may open, or a local TCP port on Windows.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::connection::Connection;
use super::handshake::Handshake;

/// An address for the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// The path of a unix socket.
    #[cfg_attr(not(unix), allow(dead_code))]
    Unix(PathBuf),
    /// A TCP port of this machine.
    #[cfg_attr(unix, allow(dead_code))]
    Tcp(SocketAddr),
}

impl Address {
    /// The address as go-plugin names it.
    pub(super) fn network_and_text(&self) -> (&'static str, String) {
        match self {
            Self::Unix(path) => ("unix", path.display().to_string()),
            Self::Tcp(address) => ("tcp", address.to_string()),
        }
    }
}

/// The socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListenError {
    /// No place for the socket.
    #[error("create the directory {0} for the provider's socket")]
    Directory(PathBuf, #[source] io::Error),
    /// No socket.
    #[error("listen on {0}")]
    Listen(String, #[source] io::Error),
    /// The socket's rights cannot be set.
    #[error("set the permissions of the socket {0}")]
    Rights(PathBuf, #[source] io::Error),
    /// No such group.
    #[cfg(unix)]
    #[error("find the group {0:?}, which PLUGIN_UNIX_SOCKET_GROUP names")]
    Group(String, #[source] io::Error),
}

/// Something to accept connections from; what it has made in the file system goes with it.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    _cleanup: Cleanup,
}

#[derive(Debug)]
enum Socket {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    #[cfg_attr(unix, allow(dead_code))]
    Tcp(tokio::net::TcpListener),
}

impl Listener {
    /// Listens where the handshake says.
    #[cfg(unix)]
    pub(super) fn open(handshake: &Handshake) -> Result<(Self, Address), ListenError> {
        use std::os::unix::fs::PermissionsExt;

        let (path, cleanup) = socket_path(handshake.socket_directory.as_deref())?;
        let socket = tokio::net::UnixListener::bind(&path)
            .map_err(|error| ListenError::Listen(path.display().to_string(), error))?;
        let rights = |error| ListenError::Rights(path.clone(), error);
        let mode = match &handshake.socket_group {
            Some(group) => {
                std::os::unix::fs::chown(&path, None, Some(group_id(group)?)).map_err(rights)?;
                0o660
            }
            None => 0o600,
        };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).map_err(rights)?;
        Ok((Self { socket: Socket::Unix(socket), _cleanup: cleanup }, Address::Unix(path)))
    }

    /// Listens where the handshake says.
    #[cfg(not(unix))]
    pub(super) async fn open(handshake: &Handshake) -> Result<(Self, Address), ListenError> {
        Self::open_tcp(handshake).await
    }

    /// Listens on the first free port of the range that the handshake gives.
    #[cfg_attr(unix, allow(dead_code))]
    pub(super) async fn open_tcp(handshake: &Handshake) -> Result<(Self, Address), ListenError> {
        let (first, last) = handshake.ports;
        let mut error = io::Error::from(io::ErrorKind::AddrInUse);
        for port in first..=last.max(first) {
            match tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
                Ok(socket) => {
                    let address =
                        socket.local_addr().map_err(|error| ListenError::Listen("TCP".to_owned(), error))?;
                    let listener = Self { socket: Socket::Tcp(socket), _cleanup: Cleanup::default() };
                    return Ok((listener, Address::Tcp(address)));
                }
                Err(cause) => error = cause,
            }
        }
        Err(ListenError::Listen(format!("127.0.0.1, ports {first} to {last}"), error))
    }

    /// Waits for the next connection.
    pub(super) async fn accept(&self) -> io::Result<Connection> {
        match &self.socket {
            #[cfg(unix)]
            Socket::Unix(listener) => Ok(Connection::new(listener.accept().await?.0)),
            Socket::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Ok(Connection::new(stream))
            }
        }
    }
}

/// Removes what was made in the file system.
#[derive(Debug, Default)]
struct Cleanup {
    socket: Option<PathBuf>,
    directory: Option<PathBuf>,
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // Nothing can be done about a failure at the end of the process, and nobody would read of it.
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket);
        }
        if let Some(directory) = &self.directory {
            let _ = std::fs::remove_dir(directory);
        }
    }
}

/// A path that nobody else has: in the directory that Terraform gave us, or in one of our own that only we may enter.
#[cfg(unix)]
fn socket_path(given: Option<&Path>) -> Result<(PathBuf, Cleanup), ListenError> {
    use std::os::unix::fs::DirBuilderExt;

    let pid = std::process::id();
    if let Some(directory) = given {
        let path = directory.join(format!("plugin-{pid}"));
        return Ok((path.clone(), Cleanup { socket: Some(path), directory: None }));
    }
    let parent = std::env::temp_dir();
    for attempt in 0_u32.. {
        let directory = parent.join(format!("tf-{pid}-{attempt}"));
        match std::fs::DirBuilder::new().mode(0o700).create(&directory) {
            Ok(()) => {
                let path = directory.join("plugin");
                return Ok((path.clone(), Cleanup { socket: Some(path), directory: Some(directory) }));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1000 => {}
            Err(error) => return Err(ListenError::Directory(directory, error)),
        }
    }
    Err(ListenError::Directory(parent, io::ErrorKind::AlreadyExists.into()))
}

#[cfg(unix)]
fn group_id(group: &str) -> Result<u32, ListenError> {
    let found = nix::unistd::Group::from_name(group)
        .map_err(|error| ListenError::Group(group.to_owned(), error.into()))?
        .map(|group| group.gid.as_raw());
    let not_found = || ListenError::Group(group.to_owned(), io::ErrorKind::NotFound.into());
    found.or_else(|| group.parse().ok()).ok_or_else(not_found)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode() & 0o777)
    }

    #[tokio::test]
    async fn the_socket_is_private_and_goes_with_the_listener() {
        let (listener, Address::Unix(path)) = Listener::open(&Handshake::default()).unwrap() else {
            panic!("a unix socket is expected");
        };
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(path.as_os_str().len() < 108);
        drop(listener);
        assert!(!path.parent().unwrap().exists());
    }

    #[tokio::test]
    async fn a_group_may_connect_when_terraform_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let group = nix::unistd::getgid().as_raw();
        let handshake = Handshake {
            socket_directory: Some(directory.path().to_owned()),
            socket_group: Some(group.to_string()),
            ..Handshake::default()
        };
        let (listener, Address::Unix(path)) = Listener::open(&handshake).unwrap() else {
            panic!("a unix socket is expected");
        };
        assert_eq!((path.parent(), mode(&path)), (Some(directory.path()), 0o660));
        drop(listener);
        assert!(!path.exists() && directory.path().exists());
        let handshake = Handshake { socket_group: Some("no such group".to_owned()), ..handshake };
        assert!(matches!(Listener::open(&handshake), Err(ListenError::Group(..))));
    }

    #[tokio::test]
    async fn tcp_takes_the_first_free_port_of_the_range() {
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let handshake = Handshake { ports: (port, port), ..Handshake::default() };
        assert!(matches!(Listener::open_tcp(&handshake).await, Err(ListenError::Listen(..))));
        let (_listener, address) = Listener::open_tcp(&Handshake::default()).await.unwrap();
        assert!(
            matches!(address, Address::Tcp(address) if address.port() != 0 && address.ip().is_loopback())
        );
    }
}
