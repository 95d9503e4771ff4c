//! The public server, put together from the parts that `actix_web::HttpServer` is made of: that one has no place for
//! what happens between accepting a connection and reading HTTP from it.
//!
//! ```text
//! accepted ── whose is it? ─────────────────────── TLS? ── HTTP/1.1, the app
//!              the peer's, or what the header says
//! ```

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::KeepAlive;
use actix_web::rt::net::TcpStream;
use actix_web::{App, Error};
use metrics::counter;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::line::Line;
use crate::config;
use crate::http::proxy_protocol::Announced;
use crate::http::remember;

/// A server on `listener` that answers with `app`, made anew for each worker. Must be called inside an actix system.
///
/// # Errors
///
/// When the system refuses the socket.
pub(super) fn serve<T>(
    listener: TcpListener,
    settings: &config::Server,
    tls: Option<Arc<ServerConfig>>,
    app: impl Fn() -> App<T> + Send + Clone + 'static,
) -> io::Result<Server>
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<BoxBody>,
            Error = Error,
            InitError = (),
        > + 'static,
{
    let address = listener.local_addr()?;
    let server = Server::build()
        .workers(settings.workers.get())
        .max_concurrent_connections(settings.max_connections.div_ceil(settings.workers.get()))
        .shutdown_timeout(settings.shutdown_timeout.as_secs().max(1))
        .disable_signals();
    let ending = server.graceful_shutdown_signal();
    let (keep_alive, client_timeout) = (keep_alive(settings), settings.client_timeout);
    let announced = settings
        .proxy_protocol
        .then(|| Announced { proxies: settings.trusted_proxies.clone(), timeout: client_timeout });

    let door = Door { announced, tls: tls.map(TlsAcceptor::from), timeout: client_timeout, ending };

    let worker = move || {
        let (door, idle) = (door.clone(), door.ending.clone());
        let http = HttpService::build()
            .keep_alive(keep_alive)
            .client_request_timeout(client_timeout)
            .client_disconnect_timeout(Duration::from_secs(1))
            .local_addr(address)
            // Hidden in the crate's documentation, since only actix-web calls it. Without it each idle connection
            // would hold up the end until the keep-alive or the shutdown timeout.
            .graceful_shutdown_signal(move || {
                let ending = idle.clone();
                async move { ending.notified().await }
            })
            .on_connect_ext(|connection: &Line, data| remember(connection, data))
            // The app would learn its own address from its configuration; it does not ask.
            .h1(map_config(app(), |()| AppConfig::default()));
        fn_service(move |connection| door.clone().let_in(connection)).and_then(http)
    };
    Ok(server.listen("public", listener, worker)?.run())
}

fn keep_alive(settings: &config::Server) -> KeepAlive {
    if settings.keep_alive.is_zero() { KeepAlive::Disabled } else { KeepAlive::Timeout(settings.keep_alive) }
}

/// What stands between a connection and HTTP.
#[derive(Clone)]
struct Door {
    announced: Option<Announced>,
    tls: Option<TlsAcceptor>,
    /// How long encrypting may take.
    timeout: Duration,
    ending: GracefulShutdownSignal,
}

impl Door {
    /// The connection, and whose it is, as every handler will see it. An error closes it.
    async fn let_in(self, mut connection: TcpStream) -> Result<(Line, Option<SocketAddr>), DispatchError> {
        let opening = async {
            let client = match self.announced {
                None => connection.peer_addr().ok(),
                Some(announced) => Some(announced.client(&mut connection).await?),
            };
            let line = match self.tls {
                None => Line::Plain(connection),
                Some(tls) => Line::Encrypted(Box::new(encrypted(&tls, connection, self.timeout).await?)),
            };
            Ok((line, client))
        };
        tokio::select! {
            // A request may already be there.
            biased;
            opened = opening => opened,
            // Nobody waits for this one: no request has come on it.
            () = self.ending.notified() => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
        }
    }
}

async fn encrypted(
    tls: &TlsAcceptor,
    connection: TcpStream,
    timeout: Duration,
) -> io::Result<TlsStream<TcpStream>> {
    let refused = |reason: &'static str| {
        counter!("guardhouse_connections_refused_total", "reason" => reason).increment(1);
    };
    match tokio::time::timeout(timeout, tls.accept(connection)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => {
            refused("tls");
            tracing::debug!(%error, "a client does not speak our TLS");
            Err(error)
        }
        Err(_) => {
            refused("late");
            Err(io::ErrorKind::TimedOut.into())
        }
    }
}
