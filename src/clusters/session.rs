//! The HTTP side of a client: bounded, timed, and with credentials that are renewed while it runs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use tokio::sync::{Mutex, Semaphore};

use super::connection::Connection;
use super::credentials::{Credentials, Issued};
use super::error_response;
use super::settings::Limits;
use super::transport;

/// Sends requests over one connection configuration.
struct Session {
    connection: Connection,
    limits: Limits,
    /// For credentials without a certificate of their own.
    client: Client,
    permits: Semaphore,
    /// What the last request was sent with. Held while credentials are renewed, so that one request renews and
    /// the others wait for it.
    access: Mutex<Option<Arc<Access>>>,
}

/// Credentials, and the client for their certificate.
struct Access {
    issued: Issued,
    client: Client,
}

/// A client for `connection`. Credentials are first asked for with its first request.
pub(super) fn client(connection: Connection, limits: Limits) -> Result<Client, kube::Error> {
    let client = transport::client(&connection, None, &limits)?;
    let namespace = client.default_namespace().to_owned();
    let permits = Semaphore::new(limits.concurrency);
    let session = Arc::new(Session { connection, limits, client, permits, access: Mutex::default() });
    let service = tower::service_fn(move |request: Request<Body>| {
        let session = Arc::clone(&session);
        async move { session.send(request).await }
    });
    Ok(Client::new(service, namespace))
}

impl Session {
    /// Sends `request`; if the server does not know who is asking, once more with renewed credentials.
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, kube::Error> {
        let _permit = self.permits.acquire().await.map_err(|closed| kube::Error::Service(closed.into()))?;
        let second = duplicate(&request);
        let access = self.access().await?;
        let response = access.send(request, self.limits.response).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return self.read(response).await;
        }
        match (second, self.access_after_refusal(&access).await?) {
            (Some(second), Some(renewed)) => {
                self.read(renewed.send(second, self.limits.response).await?).await
            }
            _ => self.read(response).await,
        }
    }

    /// What is read of an error has come in time, too.
    async fn read(&self, response: Response<Body>) -> Result<Response<Body>, kube::Error> {
        in_time(self.limits.response, error_response::with_status(response)).await
    }

    async fn access(&self) -> Result<Arc<Access>, kube::Error> {
        let mut access = self.access.lock().await;
        let current = access.as_ref().filter(|access| !access.issued.is_expiring()).cloned();
        let access = match (current, &self.connection.credentials) {
            // A file costs little to read and says nothing about when it changes.
            (Some(current), Credentials::TokenFile { .. }) => match self.renew(&mut access).await {
                // Whoever removes the file once it has been read gets what client-go gives: the last token.
                Err(error) => {
                    tracing::warn!(%error, "cannot read the token file again, so its last token is used");
                    current
                }
                Ok(renewed) => renewed,
            },
            (Some(current), _) => current,
            (None, _) => self.renew(&mut access).await?,
        };
        Ok(access)
    }

    /// Other credentials than the `refused` ones, if there are any.
    async fn access_after_refusal(&self, refused: &Arc<Access>) -> Result<Option<Arc<Access>>, kube::Error> {
        if matches!(self.connection.credentials, Credentials::None | Credentials::Fixed { .. }) {
            return Ok(None);
        }
        let mut access = self.access.lock().await;
        let newer = access.as_ref().filter(|access| !Arc::ptr_eq(access, refused)).cloned();
        let renewed = match newer {
            Some(newer) => newer,
            None => self.renew(&mut access).await?,
        };
        Ok(Some(renewed).filter(|renewed| renewed.issued.differs_from(&refused.issued)))
    }

    async fn renew(&self, access: &mut Option<Arc<Access>>) -> Result<Arc<Access>, kube::Error> {
        let issued = self
            .connection
            .credentials
            .issue(self.limits.exec)
            .await
            .map_err(|error| kube::Error::Service(Box::new(error)))?;
        let client = match (&issued.identity, access.as_ref()) {
            (None, _) => self.client.clone(),
            (Some(_), Some(access)) if !issued.differs_from(&access.issued) => access.client.clone(),
            (Some(identity), _) => transport::client(&self.connection, Some(identity), &self.limits)?,
        };
        let renewed = Arc::new(Access { issued, client });
        *access = Some(Arc::clone(&renewed));
        Ok(renewed)
    }
}

impl Access {
    async fn send(
        &self,
        mut request: Request<Body>,
        timeout: Duration,
    ) -> Result<Response<Body>, kube::Error> {
        if let Some(authorization) = &self.issued.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        in_time(timeout, self.client.send(request)).await
    }
}

async fn in_time<T>(
    timeout: Duration,
    step: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, kube::Error> {
    let late = |_| kube::Error::Service(Box::new(io::Error::from(io::ErrorKind::TimedOut)));
    tokio::time::timeout(timeout, step).await.map_err(late)?
}

/// The same request once more; `None` if its body can be sent only once.
fn duplicate(request: &Request<Body>) -> Option<Request<Body>> {
    let body = request.body().try_clone()?;
    let mut duplicate = Request::new(body);
    *duplicate.method_mut() = request.method().clone();
    *duplicate.uri_mut() = request.uri().clone();
    *duplicate.headers_mut() = request.headers().clone();
    *duplicate.extensions_mut() = request.extensions().clone();
    Some(duplicate)
}
