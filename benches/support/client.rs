//! An HTTP/1.1 client that costs next to nothing, because it shares the processors with the server it measures; and
//! the server that does nothing, which is the yardstick.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};

/// One connection that is kept open.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Connects, and asks something at once: a connection on which nothing is asked is soon closed.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a TCP option");
        let mut client = Self { stream, buffer: Vec::with_capacity(8_192) };
        assert_eq!(client.exchange(&get("/health/live", None)).status, 200);
        client
    }

    /// Sends `request`, which is a whole one, and waits for its answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Reply {
        self.send(request);
        self.receive()
    }

    fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("the server reads");
    }

    fn receive(&mut self) -> Reply {
        let (head, length) = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
                let length = header(&head, "content-length").unwrap_or(0);
                break (head, end + 4 + usize::try_from(length).expect("a length that fits"));
            }
            self.fill();
        };
        while self.buffer.len() < length {
            self.fill();
        }
        let start = head.len() + 4;
        let body = self.buffer[start..length].to_vec();
        self.buffer.drain(..length);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        Reply { status, body }
    }

    fn fill(&mut self) {
        let mut chunk = [0; 8_192];
        let read = self.stream.read(&mut chunk).expect("the server answers");
        assert!(read > 0, "the server closed the connection");
        self.buffer.extend_from_slice(&chunk[..read]);
    }
}

fn header(head: &str, name: &str) -> Option<u64> {
    let line = head.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split_once(':')?.1.trim().parse().ok()
}

/// Sends `request` `times` times over `clients`, on all of them before the first answer is read, so that the server
/// finds several when it wakes up, as under load. Every answer must have `status`.
pub(crate) fn in_turn(clients: &mut [Client], request: &[u8], status: u16, times: u64) {
    let mut left = usize::try_from(times).expect("a count that fits");
    while left > 0 {
        let wave = left.min(clients.len());
        clients[..wave].iter_mut().for_each(|client| client.send(request));
        for client in &mut clients[..wave] {
            let reply = client.receive();
            assert_eq!(reply.status, status, "{}", String::from_utf8_lossy(&reply.body));
        }
        left -= wave;
    }
}

/// A request for `path`, with `token` where there is one.
pub(crate) fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\n{token}\r\n").into_bytes()
}

/// A request that posts `json` to `path`.
pub(crate) fn post(path: &str, json: &serde_json::Value) -> Vec<u8> {
    let (json, kind) = (json.to_string(), "application/json");
    let length = json.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n{json}"
    )
    .into_bytes()
}

/// Starts actix-web with one worker, which answers everything with a JSON text of `size` octets.
pub(crate) fn bare_server(size: usize) -> SocketAddr {
    let body: &'static str = "x".repeat(size).leak();
    serve(move |config| {
        let answer = move || async move { HttpResponse::Ok().content_type("application/json").body(body) };
        // A body that nobody reads costs the connection.
        let read_and_answer = move |_: web::Bytes| answer();
        config.route("/auth/login", web::post().to(read_and_answer)).default_service(web::to(answer));
    })
}

/// Starts actix-web with one worker and these routes.
pub(crate) fn serve(routes: impl Fn(&mut web::ServiceConfig) + Send + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    std::thread::spawn(move || {
        let server = HttpServer::new(move || App::new().configure(routes.clone()))
            .workers(1)
            .keep_alive(Duration::from_secs(600))
            .disable_signals()
            .listen(listener)
            .expect("a bound socket");
        actix_web::rt::System::new().block_on(server.run())
    });
    address
}
