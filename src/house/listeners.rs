//! The two HTTP servers: the public one, and the operators'.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use listenfd::ListenFd;

use super::public::serve;
use super::tls::Certificates;
use super::{Foundations, StartError};
use crate::config;
use crate::http::{Front, caller_site, front_door, mount_operators, mount_public, not_found};

/// Both servers, listening.
pub struct Listeners {
    /// Where the public one listens.
    pub address: SocketAddr,
    /// Where the operators' one listens.
    pub ops_address: SocketAddr,
    /// What the public one shows of itself, where it speaks TLS.
    pub certificates: Option<Arc<Certificates>>,
    /// Stops the public one.
    pub public: ServerHandle,
    /// Stops the operators' one.
    pub ops: ServerHandle,
}

/// The addresses of both servers, taken but not yet answered on.
pub struct Sockets {
    public: TcpListener,
    ops: TcpListener,
    certificates: Option<Arc<Certificates>>,
    /// Of the public one, with the port it got.
    pub address: SocketAddr,
    /// Of the operators' one.
    pub ops_address: SocketAddr,
}

impl Sockets {
    /// Takes the sockets that a service manager hands over (`LISTEN_FDS`), or the configured addresses, and reads the
    /// certificates.
    ///
    /// # Errors
    ///
    /// [`StartError::Listen`] when an address is not free, [`StartError::Tls`].
    pub fn bind(settings: &config::Server) -> Result<Self, StartError> {
        let mut handed_over = ListenFd::from_env();
        let certificates = Certificates::open(settings)?;
        let (public, address) = bind(&mut handed_over, 0, settings.bind, "server.bind")?;
        let (ops, ops_address) = bind(&mut handed_over, 1, settings.ops_bind, "server.ops_bind")?;
        Ok(Self { public, ops, certificates, address, ops_address })
    }
}

/// Starts both servers for `front`. Must be called inside an actix system, whose thread accepts connections.
///
/// # Errors
///
/// [`StartError::Listen`] when an address is not free.
pub fn listen(
    foundations: &Foundations,
    sockets: Sockets,
    front: web::Data<Front>,
) -> Result<Listeners, StartError> {
    let settings = foundations.config.server.clone();
    let Sockets { public, ops, certificates, address, ops_address } = sockets;
    let tls = certificates.as_ref().map(Certificates::server);

    let (base_path, shared) = (settings.base_path.clone(), front.clone());
    let public_server = serve(public, &settings, tls, move || {
        App::new()
            .app_data(shared.clone())
            .wrap(shared.sites.cors())
            .wrap(from_fn(caller_site))
            .wrap(from_fn(front_door))
            .service(
                web::scope(&base_path)
                    .configure(|config| mount_public(config, shared.docs.is_some()))
                    .default_service(web::to(not_found)),
            )
            .default_service(web::to(not_found))
    });

    let prometheus = web::Data::new(foundations.prometheus.clone());
    let ops_server = HttpServer::new(move || {
        App::new()
            .app_data(front.clone())
            .app_data(prometheus.clone())
            .wrap(from_fn(front_door))
            .configure(mount_operators)
            .default_service(web::to(not_found))
    })
    .workers(1)
    .client_request_timeout(settings.client_timeout)
    .shutdown_timeout(1)
    .disable_signals()
    .listen(ops);

    let refused = |address, key| move |reason| StartError::Listen { address, key, reason };
    let public = run(public_server.map_err(refused(address, "server.bind"))?);
    let ops = run(ops_server.map_err(refused(ops_address, "server.ops_bind"))?.run());
    Ok(Listeners { address, ops_address, certificates, public, ops })
}

fn run(server: Server) -> ServerHandle {
    let handle = server.handle();
    actix::spawn(server);
    handle
}

fn bind(
    handed_over: &mut ListenFd,
    number: usize,
    address: SocketAddr,
    key: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let given = handed_over.take_tcp_listener(number);
    let bound = given.and_then(|given| given.map_or_else(|| TcpListener::bind(address), Ok));
    let bound = bound.and_then(|socket| {
        let local = socket.local_addr()?;
        Ok((socket, local))
    });
    bound.map_err(|reason| StartError::Listen { address, key, reason })
}
