//! `[server]`: the two listeners, who stands before them, and how long a client may take.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

use super::leaf::Complaint;
use super::leaves::{ByteSize, Threads};
use super::reader::Reader;

/// The listeners.
#[derive(Clone, Debug)]
pub struct Server {
    /// The public listener; port 0 lets the system choose one.
    pub bind: SocketAddr,
    /// The operators' listener: metrics, the state of the actors, the audit log.
    pub ops_bind: SocketAddr,
    /// The prefix of everything public: empty, or `/x` without a slash at the end.
    pub base_path: String,
    /// The networks whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether each connection to the public listener has to begin with a PROXY protocol header.
    pub proxy_protocol: bool,
    /// The names by which clients may call this server, in lower case; any where there are none.
    pub allowed_hosts: Vec<String>,
    /// The web origins whose scripts may call it.
    pub cors_origins: Vec<String>,
    /// Whether the contract is shown to clients.
    pub docs: bool,
    /// Threads that answer requests.
    pub workers: NonZeroUsize,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// Connections open at a time on the public listener, over all workers together.
    pub max_connections: usize,
    /// How long a client may take to send the head of a request.
    pub client_timeout: Duration,
    /// How long an idle connection stays open; zero closes it after each answer.
    pub keep_alive: Duration,
    /// How long this node goes on answering after it was told to stop, and says that it is not ready.
    pub drain_delay: Duration,
    /// How long running requests may take to finish once the server was told to stop.
    pub shutdown_timeout: Duration,
    /// Whether answers say where their time went.
    pub server_timing: bool,
    /// The files for TLS on the public listener, where it speaks that itself.
    pub tls: Option<Tls>,
    /// What operators' tools present instead of an administrator's token; at least 32 characters.
    pub ops_token: Option<SecretString>,
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, and the ones between it and its authority.
    pub certificate: PathBuf,
    /// Its private key, unencrypted.
    pub key: PathBuf,
}

const TLS: [&str; 2] = ["server.tls.certificate", "server.tls.key"];
const OPS_TOKEN: (&str, &str) = ("server.ops_token", "server.ops_token_file");
const SHORTEST_OPS_TOKEN: usize = 32;

impl Server {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let second = Duration::from_secs(1);
        let server = Self {
            bind: reader.take("server.bind"),
            ops_bind: reader.take("server.ops_bind"),
            base_path: reader.take_if("server.base_path", |path: &String| check_base_path(path)),
            trusted_proxies: reader
                .take_if("server.trusted_proxies", |list: &Vec<IpNet>| check_proxies(list)),
            proxy_protocol: reader.take("server.proxy_protocol"),
            allowed_hosts: reader
                .take_if("server.allowed_hosts", |list: &Vec<String>| check_hosts(list))
                .iter()
                .map(|host| host.to_ascii_lowercase())
                .collect(),
            cors_origins: reader.take_if("server.cors_origins", |list: &Vec<String>| check_origins(list)),
            docs: reader.take("server.docs"),
            workers: workers(reader),
            body_limit: reader.take_in("server.body_limit", ByteSize(1 << 10)..=ByteSize(1 << 20)).0 as usize,
            max_connections: reader.take_in("server.max_connections", 1..=1_000_000),
            client_timeout: reader.take_in("server.client_timeout", second..=60 * second),
            keep_alive: reader.take_in("server.keep_alive", Duration::ZERO..=3600 * second),
            drain_delay: reader.take_in("server.drain_delay", Duration::ZERO..=120 * second),
            shutdown_timeout: reader.take_in("server.shutdown_timeout", Duration::ZERO..=600 * second),
            server_timing: reader.take("server.server_timing"),
            tls: tls(reader),
            ops_token: reader.take_secret(OPS_TOKEN.0, OPS_TOKEN.1),
        };
        server.check(reader);
        server
    }

    fn check(&self, reader: &mut Reader) {
        if let Some(token) = &self.ops_token {
            let length = token.expose_secret().chars().count();
            if length < SHORTEST_OPS_TOKEN {
                let reason =
                    format!("the token has {length} characters; it needs at least {SHORTEST_OPS_TOKEN}");
                let help = "make one with `openssl rand -base64 32`";
                reader.refuse_secret(OPS_TOKEN.0, OPS_TOKEN.1, Complaint::with_help(reason, help));
            }
        }
        if self.proxy_protocol
            && self.trusted_proxies.is_empty()
            && reader.sound(&["server.proxy_protocol", "server.trusted_proxies"])
        {
            let reason = "connections are to be announced by a proxy, but `server.trusted_proxies` names none: nobody could \
                          connect";
            let help = "name the networks in which your own proxies stand";
            reader.refuse("server.proxy_protocol", Complaint::with_help(reason, help));
        }
        if collide(self.bind, self.ops_bind) && reader.sound(&["server.bind", "server.ops_bind"]) {
            let (bind, other) = (self.bind, reader.origin("server.bind"));
            reader.refuse(
                "server.ops_bind",
                Complaint::with_help(
                    format!("{} collides with `server.bind` = {bind} ({other})", self.ops_bind),
                    "give the operators' listener a port of its own",
                ),
            );
        }
        if !self.ops_bind.ip().to_canonical().is_loopback()
            && self.ops_token.is_none()
            && reader.sound(&["server.ops_bind", OPS_TOKEN.0, OPS_TOKEN.1])
        {
            reader.refuse(
                "server.ops_bind",
                Complaint::with_help(
                    format!(
                        "{} can be reached from other machines, and no `server.ops_token` is set",
                        self.ops_bind
                    ),
                    "set `server.ops_token_file`, or listen on 127.0.0.1",
                ),
            );
        }
    }
}

/// Both files, or neither.
fn tls(reader: &mut Reader) -> Option<Tls> {
    let [certificate, key] = TLS.map(|name| reader.take::<String>(name));
    match (certificate.is_empty(), key.is_empty()) {
        (true, true) => None,
        (false, false) => Some(Tls { certificate: certificate.into(), key: key.into() }),
        (missing, _) => {
            let (there, missing) = if missing { (TLS[1], TLS[0]) } else { (TLS[0], TLS[1]) };
            let reason = format!("`{missing}` is not set: a certificate and its key belong together");
            reader.refuse(there, Complaint::with_help(reason, "name both files, or neither"));
            None
        }
    }
}

/// As many as there are cores, where the file says `auto`.
fn workers(reader: &mut Reader) -> NonZeroUsize {
    match reader.take("server.workers") {
        Threads::Fixed(count) => count,
        Threads::Auto => std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
    }
}

/// Two listeners cannot share a port unless their addresses differ and neither means "every address".
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() != 0
        && one.port() == other.port()
        && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified())
}

/// Segments of unreserved characters (RFC 3986 §2.3), none of them a step to somewhere else.
fn check_base_path(path: &str) -> Result<(), Complaint> {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let segment = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(unreserved);
    match path.strip_prefix('/') {
        None if path.is_empty() => Ok(()),
        Some(rest) if rest.split('/').all(segment) => Ok(()),
        _ => Err(Complaint::with_help(
            format!("`{path}` is not a path to mount something below"),
            "leave it empty, or write `/x`: a slash at the start, none at the end, letters, digits and -._~ between",
        )),
    }
}

fn check_hosts(hosts: &[String]) -> Result<(), Complaint> {
    for host in hosts {
        let is_name = |host: &str| {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        let is_v6 = |host: &str| {
            let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
        };
        if !is_name(host) && !is_v6(host) {
            return Err(Complaint::with_help(
                format!("`{host}` is no host name"),
                "write the name alone, such as `auth.example.org`, without a scheme or a port",
            ));
        }
    }
    Ok(())
}

/// An origin as browsers send it (RFC 6454 section 6.2): scheme, host, and the port unless it is the usual one.
fn check_origins(origins: &[String]) -> Result<(), Complaint> {
    for origin in origins {
        let as_sent = url::Url::parse(origin).map(|url| url.origin().ascii_serialization());
        if as_sent.as_deref() != Ok(origin)
            || !(origin.starts_with("https://") || origin.starts_with("http://"))
        {
            let reason = format!("`{origin}` is no origin as browsers send it");
            let help = match as_sent {
                Ok(sent) if sent != "null" => format!("write `{sent}`"),
                _ => "write scheme and host, such as `https://app.example.org`; patterns are not possible"
                    .to_owned(),
            };
            return Err(Complaint::with_help(reason, help));
        }
    }
    Ok(())
}

fn check_proxies(networks: &[IpNet]) -> Result<(), Complaint> {
    for network in networks {
        if network.prefix_len() == 0 {
            return Err(Complaint::with_help(
                format!(
                    "`{network}` is everybody: each client could then choose the address it is counted under"
                ),
                "name the networks in which your own proxies stand",
            ));
        }
        if network.addr() != network.network() {
            return Err(Complaint::with_help(
                format!("`{network}` has bits beyond its prefix"),
                format!("write `{}` for the network, or the address alone", network.trunc()),
            ));
        }
    }
    Ok(())
}
