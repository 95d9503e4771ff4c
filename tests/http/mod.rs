//! HTTP stories, on every database where a store is involved. The modules mirror the URLs; what concerns every URL has
//! a module of its own.

mod audit;
mod auth;
mod bad_input;
mod bad_vectors;
mod browsers;
mod client_address;
mod deliveries;
mod framing;
mod guessing;
mod hashing;
mod health;
mod keys;
mod limits;
pub mod oauth2;
mod ops;
pub mod passwords;
mod problems;
pub mod proxy_protocol;
mod reload;
mod request_id;
mod secrets;
mod shared_limits;
mod shutdown;
mod tls;
pub mod tokens;
mod traces;
mod users;
mod well_known;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use guardhouse_entity::{audit_events, credentials, revocations, sessions, users as accounts};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::support::house::PASSWORD;
use crate::support::{Answer, TestHouse};

/// How many rows there are: whoever was refused must have left none but in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    pub users: u64,
    pub credentials: u64,
    pub sessions: u64,
    pub revocations: u64,
}

pub fn rows(house: &TestHouse) -> Rows {
    let desk = house.desk();
    house.io(async move {
        let db = desk.db.reader();
        Rows {
            users: accounts::Entity::find().count(db).await.unwrap(),
            credentials: credentials::Entity::find().count(db).await.unwrap(),
            sessions: sessions::Entity::find().count(db).await.unwrap(),
            revocations: revocations::Entity::find().count(db).await.unwrap(),
        }
    })
}

/// Every row of the audit log.
pub fn audit_rows(house: &TestHouse) -> Vec<audit_events::Model> {
    let desk = house.desk();
    house.io(async move {
        desk.audit.drain().await;
        audit_events::Entity::find().all(desk.db.reader()).await.unwrap()
    })
}

/// Runs one statement on the house's database.
pub fn sql(house: &TestHouse, statement: impl Into<String>) {
    let (desk, statement) = (house.desk(), statement.into());
    house.io(async move { desk.db.writer().execute_unprepared(&statement).await.unwrap() });
}

/// The stored password hash of `user`.
pub fn stored_hash(house: &TestHouse, user: &str) -> String {
    let (desk, id) = (house.desk(), uuid::Uuid::parse_str(user).unwrap());
    house.io(
        async move { credentials::Entity::find_by_id(id).one(desk.db.reader()).await.unwrap().unwrap().hash },
    )
}

/// `POST /auth/login`.
pub fn try_login(house: &TestHouse, email: &str, password: &str) -> Answer {
    house.post("/auth/login", json!({ "email": email, "password": password }))
}

/// `POST /auth/login` through a trusted proxy that names `address` as the client.
pub fn login_from(house: &TestHouse, address: &str, email: &str, password: &str) -> Answer {
    post_with(
        house,
        "/auth/login",
        &[("x-forwarded-for", address)],
        &json!({ "email": email, "password": password }),
    )
}

/// Does `work` while the only hash thread of the house is busy.
pub fn while_hashing<T>(house: &TestHouse, work: impl FnOnce() -> T) -> T {
    let (desk, (release, released)) = (house.desk(), std::sync::mpsc::channel::<()>());
    let (started, start) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            house.io(async move {
                let errand = desk.hashers.errand(move || {
                    started.send(()).unwrap();
                    // Also when the work has panicked and nobody says so any more.
                    let _ = released.recv();
                });
                errand.await.unwrap();
            });
        });
        start.recv().unwrap();
        let done = work();
        drop(release);
        done
    })
}

/// `POST` with headers of one's own.
pub fn post_with(house: &TestHouse, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut request = house.request("POST", path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    house.send(request, body.to_string().into_bytes())
}

/// `POST` of these very octets with this `Content-Type`.
pub fn post_raw(house: &TestHouse, path: &str, content_type: &str, body: &[u8]) -> Answer {
    house.send(house.request("POST", path).header("content-type", content_type), body.to_vec())
}

/// `POST /auth/refresh`.
pub fn refresh(house: &TestHouse, token: &str) -> Answer {
    house.post("/auth/refresh", json!({ "refresh_token": token }))
}

/// The refresh token of an answer, which must have one.
#[track_caller]
pub fn next_refresh(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["refresh_token"].as_str().expect("a refresh token").to_owned()
}

/// A text of the answer's body.
#[track_caller]
pub fn text<'a>(answer: &'a Answer, pointer: &str) -> &'a str {
    answer
        .json
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no {pointer} in {answer:?}"))
}

/// The body as it was sent, with the request's id replaced: what two answers may differ in.
pub fn anonymous(answer: &Answer) -> String {
    answer.text.replace(answer.header("x-request-id"), "ID")
}

/// The codes of the single faults of a 422, with their pointers.
#[track_caller]
pub fn faults(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = answer.json["errors"].as_array().unwrap_or_else(|| panic!("no errors in {answer:?}"));
    errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
}

/// The body of a good registration of `name`@example.org.
pub fn registration(name: &str) -> Value {
    json!({ "email": format!("{name}@example.org"), "password": PASSWORD })
}

/// What came back for these octets until the server closed the connection, or for as long as `patience`.
pub fn raw(address: SocketAddr, octets: &[u8], patience: Duration) -> Exchange {
    let mut stream = TcpStream::connect(address).expect("the house listens");
    stream.set_read_timeout(Some(patience)).unwrap();
    // A server that has refused already may close while we still write.
    let _ = stream.write_all(octets);
    read_all(&mut stream)
}

/// What one raw exchange brought.
#[derive(Debug)]
pub struct Exchange {
    pub text: String,
    /// Whether the server closed the connection.
    pub closed: bool,
}

impl Exchange {
    /// The statuses of the answers in it.
    pub fn statuses(&self) -> Vec<u16> {
        let status = |rest: &str| rest.get(..3)?.parse().ok();
        self.text.split("HTTP/1.1 ").skip(1).filter_map(status).collect()
    }

    /// The last body.
    pub fn body(&self) -> &str {
        self.text.rsplit("\r\n\r\n").next().unwrap_or_default()
    }
}

/// Reads until the server closes the connection or is silent for the stream's patience.
pub fn read_all(stream: &mut TcpStream) -> Exchange {
    let (mut octets, mut chunk) = (Vec::new(), [0; 8192]);
    let closed = loop {
        match stream.read(&mut chunk) {
            Ok(0) => break true,
            Ok(read) => octets.extend_from_slice(&chunk[..read]),
            Err(error) => {
                break !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
            }
        }
    };
    Exchange { text: String::from_utf8_lossy(&octets).into_owned(), closed }
}
