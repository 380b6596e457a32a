//! A real OCI registry on loopback, behind TLS with a private authority, filled by the real helm.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::certificates::{self, Authority};
use crate::component::{self, Component};
use crate::parts::{self, Part};
use crate::state_directory::StateDirectory;
use crate::web;

mod tokens;
use tokens::TokenServer;

const READY: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
/// What the registry logs before its address.
const LISTENING: &str = "listening on ";
/// As cheap as bcrypt can be: the password protects nothing.
const COST: u32 = 4;
/// Tags that the registry lists at once, so that a few versions are several pages.
const PAGE: usize = 2;

/// What can go wrong with a registry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program is missing.
    #[error("cannot run the registry")]
    Part(#[from] parts::Error),
    /// A directory or certificate could not be had.
    #[error("cannot prepare the registry")]
    Prepare(#[from] io::Error),
    /// A file could not be written.
    #[error("cannot make the registry's files")]
    Files(#[from] certificates::Error),
    /// The process.
    #[error("cannot start the registry")]
    Component(#[from] component::Error),
    /// It does not listen in time.
    #[error("the registry does not listen after {} s; the end of its log:\n{log}", READY.as_secs())]
    NotReady {
        /// The last lines it wrote.
        log: String,
    },
    /// helm could not push.
    #[error("helm cannot push {}: {output}", archive.display())]
    Push {
        /// The chart.
        archive: PathBuf,
        /// What helm said.
        output: String,
    },
}

/// Who may push and pull: everybody, or one user with this name and password.
#[derive(Clone, Copy, Debug)]
pub enum Access<'a> {
    /// Everybody.
    Open,
    /// The user says so with every request (HTTP basic authentication).
    Basic(&'a str, &'a str),
    /// The user gets a token for each repository from a server beside the registry.
    Tokens(&'a str, &'a str),
}

/// The registry; it ends with this.
pub struct Registry {
    component: Component,
    host: String,
    login: Option<(String, String)>,
    tokens: Option<TokenServer>,
    state: StateDirectory,
}

impl Registry {
    /// Starts an empty one with a certificate from `authority`.
    pub fn start(authority: &Authority, access: Access<'_>) -> Result<Self, Error> {
        let state = StateDirectory::new()?;
        let directory = state.path();
        web::loopback_certificate(authority)?.write(directory, "registry")?;
        certificates::write(&directory.join("ca.crt"), authority.pem())?;
        let (login, tokens, auth) = match access {
            Access::Open => (None, None, String::new()),
            Access::Basic(username, password) => {
                let line = format!("{username}:{}\n", hashed(password)?);
                certificates::write(&directory.join("htpasswd"), &line)?;
                let auth =
                    format!("htpasswd:\n    realm: charts\n    path: {}/htpasswd", directory.display());
                (Some((username, password)), None, auth)
            }
            Access::Tokens(username, password) => {
                let server = TokenServer::start(authority, username, password)?;
                certificates::write(&directory.join("jwks.json"), &server.key_set())?;
                let auth = server.settings(&directory.join("jwks.json"));
                (Some((username, password)), Some(server), auth)
            }
        };
        let configuration = directory.join("registry.yml");
        certificates::write(&configuration, &configured(directory, &auth))?;
        let arguments = vec!["serve".to_owned(), configuration.display().to_string()];
        let program = parts::find(Part::Registry)?;
        let component = Component::new("registry", &program, arguments, directory.join("registry.log"))
            .with_environment("OTEL_TRACES_EXPORTER", "none");
        component.start()?;
        let host = listening(&component)?;
        let login = login.map(|(username, password)| (username.to_owned(), password.to_owned()));
        Ok(Self { component, host, login, tokens, state })
    }

    /// `127.0.0.1:port`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `helm push` of a chart's archive to `path`, in which it becomes a repository.
    pub fn push(&self, archive: &Path, path: &str) -> Result<(), Error> {
        let mut helm = Command::new(parts::find(Part::Helm)?);
        helm.arg("push").arg(archive).arg(format!("oci://{}/{path}", self.host));
        helm.arg("--ca-file").arg(self.state.path().join("ca.crt"));
        if let Some((username, password)) = &self.login {
            helm.args(["--username", username, "--password", password]);
        }
        let output = helm.env("HOME", self.state.path()).output()?;
        if output.status.success() {
            return Ok(());
        }
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Error::Push { archive: archive.to_owned(), output })
    }

    /// How many tokens were given out; none if the registry wants none.
    pub fn tokens(&self) -> usize {
        self.tokens.as_ref().map_or(0, TokenServer::given)
    }

    /// Stops the registry: its port refuses connections.
    pub fn stop(&self) {
        self.component.stop();
    }
}

fn hashed(password: &str) -> io::Result<String> {
    let salt = [7; 16];
    let hash = bcrypt::hash_with_salt(password, COST, salt);
    Ok(hash.map_err(|error| io::Error::other(error.to_string()))?.to_string())
}

fn configured(directory: &Path, auth: &str) -> String {
    let directory = directory.display();
    let auth = if auth.is_empty() { String::new() } else { format!("auth:\n  {auth}\n") };
    format!(
        "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {directory}/storage\n\
         http:\n  addr: 127.0.0.1:0\n  tls:\n    certificate: {directory}/registry.crt\n    key: {directory}/registry.key\n\
         tags:\n  maxtags: {PAGE}\n{auth}"
    )
}

/// The address that the system gave it, which only its log tells.
fn listening(component: &Component) -> Result<String, Error> {
    let deadline = Instant::now() + READY;
    loop {
        component.check()?;
        let log = std::fs::read_to_string(component.log()).unwrap_or_default();
        let address = log.split_once(LISTENING).and_then(|(_, rest)| rest.split_once(','));
        if let Some((address, _)) = address {
            return Ok(address.to_owned());
        }
        if Instant::now() > deadline {
            return Err(Error::NotReady { log: component.log_tail(15) });
        }
        std::thread::sleep(POLL);
    }
}
