//! A whole house in this process: real listeners, real stores, a clock that stands still until it is told to move.
//!
//! Its drop asserts what must hold after every test: no permit is held, nothing waits to be written, the numbers of
//! the audit log have no hole, no actor was restarted.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use guardhouse::actors::audit::AuditSnapshot;
use guardhouse::config::{Change, Config, Sources};
use guardhouse::domain::audit::checkpoint::CheckpointKey;
use guardhouse::domain::audit::octets::PublicKey;
use guardhouse::domain::clock::{ManualClock, Timestamp};
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::flows::Desk;
use guardhouse::house::{Foundations, ReloadFault};
use guardhouse::keyring::audit::AuditKeys;
use guardhouse::lifecycle::{self, Running};
use guardhouse::tokens::master::MasterKey;
use guardhouse_entity::audit_events;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;

use super::conformity;
use super::database::{Kind, Scratch};
use super::entropy::Seeded;

/// A good password that every policy in the tests accepts.
pub const PASSWORD: &str = "Correct-horse-9-battery";

/// What a house is started with.
pub struct Plan {
    kind: Kind,
    server: Option<String>,
    settings: Settings,
    seed: u64,
}

/// The configuration of a house: files, and over them single keys.
#[derive(Debug, Clone, Default)]
struct Settings {
    files: Vec<PathBuf>,
    keys: Vec<(String, String)>,
}

impl Plan {
    /// Sets one key of the configuration.
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.keys.push((key.into(), value.to_string()));
        self
    }

    /// Puts a shipped file of `config/` below the single keys.
    pub fn file(mut self, name: &str) -> Self {
        self.settings.files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name));
        self
    }

    /// Uses the server at this address instead of the common one.
    pub fn on_server(mut self, url: &str) -> Self {
        self.server = Some(url.into());
        self
    }

    /// Starts the house on a database of its own.
    pub fn start(self) -> TestHouse {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        let scratch = match self.server {
            Some(server) => Scratch::on_server(server, 0),
            None => self.kind.create(directory.path()),
        };
        let scratch = Arc::new(scratch);
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        TestHouse::raise(self.kind, self.settings, self.seed, directory, scratch, clock)
    }
}

fn sources(settings: &Settings, directory: &tempfile::TempDir, scratch: &Scratch) -> Sources {
    let mut flags = vec![
        ("data_dir".to_owned(), directory.path().display().to_string()),
        ("database.url".to_owned(), scratch.url.clone()),
    ];
    flags.extend(settings.keys.iter().cloned());
    Sources { files: settings.files.clone(), flags, ..Sources::default() }
}

pub struct TestHouse {
    running: Option<Running>,
    foundations: Foundations,
    /// Moves when the test says so.
    pub clock: Arc<ManualClock>,
    agent: ureq::Agent,
    kind: Kind,
    settings: Settings,
    /// Shared by all nodes of one installation.
    directory: Arc<tempfile::TempDir>,
    scratch: Arc<Scratch>,
    /// Set by tests that break things on purpose.
    pub expect_disorder: bool,
}

impl TestHouse {
    /// A house on `kind`, with cheap hashes and without limits unless the test sets them.
    pub fn on(kind: Kind) -> Plan {
        static SEED: AtomicU64 = AtomicU64::new(1);
        let seed = SEED.fetch_add(1, Ordering::SeqCst);
        let plan = Plan { kind, server: None, settings: Settings::default(), seed };
        plan.set("server.bind", "127.0.0.1:0")
            .set("server.ops_bind", "127.0.0.1:0")
            .set("server.workers", 1)
            .set("server.shutdown_timeout", "5s")
            .set("database.pool", 4)
            .set("hashing.threads", 1)
            // A machine that is busy with other tests must not look like a house that is.
            .set("hashing.deadline", "30s")
            .set("hashing.danger_allow_weak", true)
            .set("hashing.argon2.memory", "64KiB")
            .set("hashing.argon2.iterations", 1)
            .set("limits.enabled", false)
    }

    /// A house on SQLite as the tests like it.
    pub fn new() -> Self {
        Self::on(Kind::Sqlite).start()
    }

    fn raise(
        kind: Kind,
        settings: Settings,
        seed: u64,
        directory: Arc<tempfile::TempDir>,
        scratch: Arc<Scratch>,
        clock: Arc<ManualClock>,
    ) -> Self {
        let config = Config::load(&sources(&settings, &directory, &scratch))
            .unwrap_or_else(|faults| panic!("{faults}"));
        let foundations = Foundations {
            config: Arc::new(config),
            clock: clock.clone(),
            entropy: Arc::new(Seeded::new(seed)),
            prometheus: super::prometheus(),
        };
        let running = lifecycle::start(foundations.clone(), None).unwrap_or_else(|error| panic!("{error}"));
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .max_redirects(0)
            .build()
            .into();
        Self {
            running: Some(running),
            foundations,
            clock,
            agent,
            kind,
            settings,
            directory,
            scratch,
            expect_disorder: false,
        }
    }

    /// A further node of the same installation: same database, same data directory, same clock.
    pub fn another_node(&self) -> Self {
        self.another_node_with(&[])
    }

    /// As [`Self::another_node`], with some settings changed.
    pub fn another_node_with(&self, changes: &[(&str, &str)]) -> Self {
        let mut settings = self.settings.clone();
        settings.keys.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let seed = self.clock_independent_seed();
        Self::raise(
            self.kind,
            settings,
            seed,
            self.directory.clone(),
            self.scratch.clone(),
            self.clock.clone(),
        )
    }

    fn clock_independent_seed(&self) -> u64 {
        static NODES: AtomicU64 = AtomicU64::new(1 << 40);
        NODES.fetch_add(1, Ordering::SeqCst)
    }

    /// Loads the configuration again with some settings changed, as SIGHUP does.
    pub fn reload_with(&self, changes: &[(&str, &str)]) -> Result<Vec<Change>, ReloadFault> {
        let mut settings = self.settings.clone();
        settings.keys.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let new = Config::load(&sources(&settings, &self.directory, &self.scratch))?;
        let front = self.front();
        self.io(async move { guardhouse::house::reload(&front, &new, None).await })
    }

    /// Stops this node and starts it anew on what it left behind.
    pub fn restart(self) -> Self {
        self.restart_with(&[])
    }

    /// As [`Self::restart`], with some settings changed.
    pub fn restart_with(mut self, changes: &[(&str, &str)]) -> Self {
        self.check_and_stop();
        self.another_node_with(changes)
    }

    /// Stops this node at once, whatever is under way, and says how it ended. Nothing is asserted about what it leaves.
    pub fn stop(mut self) -> ExitCode {
        self.running.take().expect("the house stands until its end").stop()
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the house stands until its end")
    }

    /// The public address.
    pub fn address(&self) -> SocketAddr {
        self.running().address
    }

    /// The operators' address.
    pub fn ops_address(&self) -> SocketAddr {
        self.running().ops_address
    }

    /// The data directory.
    pub fn data_dir(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// What the flows work with.
    pub fn desk(&self) -> Desk {
        self.running().front.desk.clone()
    }

    /// What the handlers of both listeners share.
    pub fn front(&self) -> actix_web::web::Data<guardhouse::http::Front> {
        self.running().front.clone()
    }

    /// What the house was built on.
    pub fn foundations(&self) -> &Foundations {
        &self.foundations
    }

    /// The database, for what only its administrator may do.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Runs `work` where the connections live, and waits for it.
    pub fn io<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.spawn(work).recv().expect("the work on the shared runtime panicked")
    }

    /// As [`Self::io`], without waiting: what comes of it arrives in the channel.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> std::sync::mpsc::Receiver<T> {
        let (sender, receiver) = std::sync::mpsc::channel();
        self.running().runtime.spawn(async move {
            let _ = sender.send(work.await);
        });
        receiver
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A request to the public listener. `token` goes into the `Authorization` header, `body` as JSON.
    pub fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        match body {
            Some(body) => {
                let json = serde_json::to_vec(body).expect("a JSON value");
                self.send(request.header("content-type", "application/json"), json)
            }
            None => self.send(request, Vec::new()),
        }
    }

    /// The beginning of a request, for tests that need headers of their own.
    pub fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address()))
    }

    /// Sends a request as it is.
    #[track_caller]
    pub fn send(&self, request: ureq::http::request::Builder, body: Vec<u8>) -> Answer {
        let request = request.body(body).expect("a well-formed request");
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let answer = Answer::read(self.agent.run(request).expect("the house answers"));
        self.is_in_the_contract(method.as_str(), &uri, &answer);
        answer
    }

    #[track_caller]
    fn is_in_the_contract(&self, method: &str, uri: &ureq::http::Uri, answer: &Answer) {
        let settings = &self.foundations.config.server;
        let listener = match uri.port_u16() {
            Some(port) if port == self.ops_address().port() => conformity::Listener::Operators,
            _ => conformity::Listener::Public { docs: settings.docs },
        };
        let below = match listener {
            conformity::Listener::Operators => Some(uri.path()),
            conformity::Listener::Public { .. } => uri.path().strip_prefix(settings.base_path.as_str()),
        };
        if let Some(path) = below {
            conformity::check(listener, method, path, answer);
        }
    }

    /// `GET` without a token.
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None, None)
    }

    /// `GET` with a token.
    pub fn get_as(&self, token: &str, path: &str) -> Answer {
        self.call("GET", path, Some(token), None)
    }

    /// `POST` without a token.
    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, None, Some(&body))
    }

    /// `POST` with a token.
    pub fn post_as(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(token), Some(&body))
    }

    /// `GET` on the operators' listener, as text.
    pub fn ops(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = ureq::http::Request::builder().uri(format!("http://{}{path}", self.ops_address()));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request, Vec::new())
    }

    /// A request to the operators' listener, without a token or a body.
    #[track_caller]
    pub fn ops_call(&self, method: &str, path: &str) -> Answer {
        let uri = format!("http://{}{path}", self.ops_address());
        self.send(ureq::http::Request::builder().method(method).uri(uri), Vec::new())
    }

    /// `POST path` with `body` on the operations listener.
    pub fn ops_post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("http://{}{path}", self.ops_address()))
            .header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request, serde_json::to_vec(&body).expect("a JSON value"))
    }

    /// Registers a person who is then signed in.
    pub fn user(&self, name: &str) -> User {
        let email = format!("{name}@example.org");
        let body = serde_json::json!({ "email": email, "password": PASSWORD, "name": name });
        let answer = self.post("/auth/register", body);
        assert_eq!(answer.status, 201, "{answer:?}");
        User::from(email, &answer)
    }

    /// Registers a person, gives them the role `admin`, and signs them in anew so that their token says so.
    pub fn admin(&self, name: &str) -> User {
        let user = self.user(name);
        let desk = self.desk();
        let id = user.id.parse().expect("an id");
        let visit = guardhouse::flows::Visit {
            now: guardhouse::domain::clock::Clock::now(&*self.clock),
            origin: guardhouse::domain::audit::Origin {
                address: [127, 0, 0, 1].into(),
                user_agent: None,
                request_id: "test".into(),
            },
        };
        self.io(async move {
            let roles = ["user".to_owned(), "admin".to_owned()];
            guardhouse::flows::users::set_roles(&desk, id, &roles, None, &visit)
                .await
                .expect("roles can be set");
        });
        self.login(&user.email)
    }

    /// Signs `email` in with the tests' password.
    pub fn login(&self, email: &str) -> User {
        let answer = self.post("/auth/login", serde_json::json!({ "email": email, "password": PASSWORD }));
        assert_eq!(answer.status, 200, "{answer:?}");
        User::from(email.to_owned(), &answer)
    }

    /// Every event in the audit log of `kind`, the oldest first.
    pub fn events(&self, kind: &str) -> Vec<audit_events::Model> {
        let (desk, kind) = (self.desk(), kind.to_owned());
        self.io(async move {
            desk.audit.drain().await;
            audit_events::Entity::find()
                .filter(audit_events::Column::Kind.eq(kind))
                .order_by_asc(audit_events::Column::At)
                .order_by_asc(audit_events::Column::Id)
                .all(desk.db.reader())
                .await
                .expect("the audit log can be read")
        })
    }

    /// What verifies the signatures under the audit log, and what makes them.
    pub fn audit_keys(&self) -> (Vec<PublicKey>, Arc<CheckpointKey>) {
        let (db, path) = (self.desk().db, self.data_dir().join("master.key"));
        let (master, _) = MasterKey::load_or_create(&path, &SystemEntropy).expect("the house has made it");
        let keys = self.io(async move { AuditKeys::read(&db, &master).await.expect("they open") });
        let keys = keys.expect("the house has made one");
        (keys.public, keys.signing)
    }

    /// Asserts that the whole audit log of this installation still is what was written.
    #[track_caller]
    pub fn proves_its_audit_log(&self) {
        let (desk, keys) = (self.desk(), self.front().audit_keys.load().to_vec());
        let report = self.io(async move {
            desk.audit.drain().await;
            guardhouse::flows::audit_log::verify(&desk.db, keys, Vec::new()).await.expect("it can be read")
        });
        assert_eq!(report.faults, [], "the audit log was changed");
    }

    /// Reads the revocation feed now instead of at the next tick, and waits for it.
    pub fn poll_revocations(&self) {
        let desk = self.desk();
        self.io(async move {
            desk.sessions.poll().await;
        });
    }

    fn check_and_stop(&mut self) {
        let desk = self.desk();
        let (audit, seqs, observed) = self.io(async move {
            desk.audit.drain().await;
            let audit = desk.audit.observe().await.expect("the audit writer answers");
            let mine = audit_events::Entity::find()
                .filter(audit_events::Column::Instance.eq(audit.instance.0))
                .order_by_asc(audit_events::Column::Place)
                .all(desk.db.reader())
                .await
                .unwrap_or_default();
            let seqs: Vec<_> = mine.into_iter().map(|row| row.place).collect();
            (audit, seqs, desk.hashers.observe())
        });
        let code = self.running.take().expect("stopped once").stop();
        if self.expect_disorder {
            return;
        }
        assert_eq!(observed.inside, 0, "a permit of the hash pool is still held");
        let AuditSnapshot { last, pending, failures, .. } = audit;
        assert_eq!((pending, failures), (0, 0), "audit events are not written");
        let expected: Vec<_> = (1..=last).map(|seq| i64::try_from(seq).ok()).collect();
        assert_eq!(seqs, expected, "the numbers of the audit log have holes");
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS), "the house did not end well");
    }
}

impl Drop for TestHouse {
    fn drop(&mut self) {
        if self.running.is_none() {
            return;
        }
        if std::thread::panicking() {
            if let Some(running) = self.running.take() {
                running.stop();
            }
        } else {
            self.check_and_stop();
        }
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
    /// The body, where it is JSON.
    pub json: Value,
}

impl Answer {
    fn read(response: ureq::http::Response<ureq::Body>) -> Self {
        let (parts, mut body) = response.into_parts();
        let text = body.read_to_string().expect("a text body");
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status: parts.status.as_u16(), headers: parts.headers, text, json }
    }

    /// A header, or the empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts that this is the problem with this status and code, whole and well-formed.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, &self.json["code"]), (status, &Value::from(code)), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["status"], status);
        for member in ["type", "title", "detail", "instance", "request_id"] {
            assert!(
                self.json[member].as_str().is_some_and(|text| !text.is_empty()),
                "{member} is missing: {self:?}"
            );
        }
        assert_eq!(self.json["request_id"], self.header("x-request-id"));
        if status == 401 {
            assert!(self.header("www-authenticate").starts_with("Bearer"), "{self:?}");
        }
        self
    }

    /// Asserts the status and returns the body.
    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct User {
    pub email: String,
    pub id: String,
    pub session: String,
    pub access: String,
    pub refresh: String,
}

impl User {
    /// From a token reply.
    pub fn from(email: String, answer: &Answer) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            email,
            id: text(&answer.json["user"]["id"]),
            session: text(&answer.json["session_id"]),
            access: text(&answer.json["access_token"]),
            refresh: text(&answer.json["refresh_token"]),
        }
    }
}
