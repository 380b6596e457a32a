//! Who gives out tokens for a registry
//! (<https://distribution.github.io/distribution/spec/auth/token/>): the registry believes what bears its signature.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};

use crate::certificates::Authority;
use crate::web::{self, Server};

/// Issuer, service and key have one name.
const NAME: &str = "lab";
const LIFETIME: Duration = Duration::from_mins(5);

/// A server of tokens for one user.
pub(super) struct TokenServer {
    server: Server,
    known: Arc<Known>,
}

struct Known {
    key: KeyPair,
    authorization: String,
    given: AtomicUsize,
}

impl TokenServer {
    pub fn start(authority: &Authority, username: &str, password: &str) -> io::Result<Self> {
        let known = Arc::new(Known {
            key: KeyPair::generate_for(&PKCS_ED25519).map_err(io::Error::other)?,
            authorization: format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))),
            given: AtomicUsize::new(0),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&known));
        let server = Server::start(router, Some(web::loopback_certificate(authority)?))?;
        Ok(Self { server, known })
    }

    /// How many tokens were given out.
    pub fn given(&self) -> usize {
        self.known.given.load(Ordering::Relaxed)
    }

    /// The public key (RFC 7517).
    pub fn key_set(&self) -> String {
        let public = URL_SAFE_NO_PAD.encode(self.known.key.der_bytes());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": NAME, "x": public}]}).to_string()
    }

    /// The registry's `auth` settings.
    pub fn settings(&self, key_set: &Path) -> String {
        format!(
            "token:\n    realm: https://{}/token\n    service: {NAME}\n    issuer: {NAME}\n    jwks: {}",
            self.server.host(),
            key_set.display()
        )
    }
}

async fn answer(State(known): State<Arc<Known>>, uri: Uri, headers: HeaderMap) -> Response {
    let given = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
    if given != Some(known.authorization.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let access: Vec<Value> =
        query.filter(|(name, _)| name == "scope").filter_map(|(_, scope)| access(&scope)).collect();
    match known.token(&access) {
        Ok(token) => {
            known.given.fetch_add(1, Ordering::Relaxed);
            json!({"token": token}).to_string().into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What `repository:<name>:<action>,<action>` allows.
fn access(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<_> = actions.split(',').collect();
    Some(json!({"type": kind, "name": name, "actions": actions}))
}

impl Known {
    /// A signed token (RFC 7519).
    fn token(&self, access: &[Value]) -> Result<String, rcgen::Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": NAME});
        let claims = json!({
            "iss": NAME, "aud": NAME, "sub": "user", "jti": "1", "access": access,
            "nbf": now.as_secs(), "iat": now.as_secs(), "exp": (now + LIFETIME).as_secs(),
        });
        let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
