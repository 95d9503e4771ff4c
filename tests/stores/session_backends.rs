//! Every home of sessions, and what the tests of their contract are made of.

use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::id::{SessionId, UserId};
use guardhouse::domain::refresh::RefreshGrant;
use guardhouse::domain::session::{AuthMethod, Session};
use guardhouse::store::redis::Redis;
use guardhouse::store::session::{
    DatabaseSessions, Ending, MemorySessions, RedisSessions, RotationTerms, SessionStore,
};
use uuid::Uuid;

use crate::support::test_db::config;
use crate::support::{Kind, TestDb};

pub type Store = Arc<dyn SessionStore>;

/// Where sessions live.
#[derive(Debug, Clone, Copy)]
pub enum Backend {
    Memory,
    Database(Kind),
    Redis,
}

impl Backend {
    pub const MEMORY: Self = Self::Memory;
    pub const SQLITE: Self = Self::Database(Kind::Sqlite);
    pub const POSTGRES: Self = Self::Database(Kind::Postgres);
    pub const MYSQL: Self = Self::Database(Kind::MySql);
    pub const REDIS: Self = Self::Redis;

    /// Runs `test` on an empty store, where there is one.
    pub fn run<T: Future<Output = ()>>(self, test: impl FnOnce(Store) -> T) {
        match self {
            Self::Memory => {
                let runtime =
                    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
                runtime.expect("a runtime").block_on(test(Arc::new(MemorySessions::default())));
            }
            Self::Database(kind) => {
                if kind.is_available() {
                    TestDb::new(kind).run(|db| test(Arc::new(DatabaseSessions::new(db))));
                }
            }
            Self::Redis => on_redis(test),
        }
    }
}

/// One test at a time, on a database number of its own that is emptied before.
fn on_redis<T: Future<Output = ()>>(test: impl FnOnce(Store) -> T) {
    static ALONE: Mutex<()> = Mutex::new(());
    const VARIABLE: &str = "GUARDHOUSE_TEST_REDIS_URL";
    let Ok(server) = std::env::var(VARIABLE) else {
        let required = std::env::var("GUARDHOUSE_TEST_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|one| one == "redis"),
            "redis is required but {VARIABLE} is not set"
        );
        eprintln!("skipped: {VARIABLE} is not set; scripts/test runs this on a real server");
        return;
    };
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut url = url::Url::parse(&server).expect("the test server's address is a URL");
    empty(&url, 9);
    url.set_path("9");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let settings = config(&[("redis.url", url.as_str())]).redis.expect("an address");
        let redis = Redis::connect(&settings).await.expect("the test server answers");
        test(Arc::new(RedisSessions::new(redis))).await;
    });
}

fn empty(server: &url::Url, database: u8) {
    let address = (server.host_str().expect("a host"), server.port().expect("a port"));
    let mut stream = TcpStream::connect(address).expect("the test server answers");
    let password = server.password().expect("a password");
    write!(stream, "AUTH {password}\r\nSELECT {database}\r\nFLUSHDB\r\nQUIT\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert_eq!(answer, "+OK\r\n".repeat(4));
}

/// Stamps tests of the form `async fn name(store: Store)` once for each home, as `memory::name`, `sqlite::name` …
/// Redis forgets by itself what is over; `which are swept:` leaves it out.
#[macro_export]
macro_rules! session_stores {
    ($($name:ident),* $(,)?) => {
        $crate::session_stores!(@ memory MEMORY $($name)*);
        $crate::session_stores!(@ sqlite SQLITE $($name)*);
        $crate::session_stores!(@ postgres POSTGRES $($name)*);
        $crate::session_stores!(@ mysql MYSQL $($name)*);
        $crate::session_stores!(@ redis REDIS $($name)*);
    };
    (which are swept: $($name:ident),* $(,)?) => {
        $crate::session_stores!(@ memory MEMORY $($name)*);
        $crate::session_stores!(@ sqlite SQLITE $($name)*);
        $crate::session_stores!(@ postgres POSTGRES $($name)*);
        $crate::session_stores!(@ mysql MYSQL $($name)*);
    };
    (@ $module:ident $backend:ident $($name:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $name() {
                    $crate::stores::session_backends::Backend::$backend.run(super::$name);
                }
            )*
        }
    };
}

pub const GRACE: Duration = Duration::from_secs(10);
pub const IDLE: Duration = Duration::from_secs(1_000);
pub const LIFE: Duration = Duration::from_secs(5_000);

/// `seconds` after the beginning of every test.
pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
}

/// The moment before.
pub fn just_before(time: Timestamp) -> Timestamp {
    time.minus(Duration::from_micros(1))
}

pub fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(0xA000_0000 + number))
}

pub fn id(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(0xB000_0000 + number))
}

/// Session `number` of `owner`, opened at `opened`.
pub fn session(owner: u128, number: u128, opened: Timestamp) -> Session {
    Session {
        id: id(number),
        user: user(owner),
        generation: 0,
        epoch: 3,
        created_at: opened,
        authenticated_at: opened,
        last_seen_at: opened,
        rotated_at: opened,
        idle_expires_at: opened.plus(IDLE),
        expires_at: opened.plus(LIFE),
        address: "2001:db8::1".into(),
        user_agent: number.is_multiple_of(2).then(|| "a browser / ünïcode 🦉".into()),
        methods: vec![AuthMethod::Password],
    }
}

pub fn ending(at: Timestamp) -> Ending {
    Ending { at, tokens_until: at.plus(Duration::from_secs(900)) }
}

pub fn grant(owner: u128, number: u128, generation: u32) -> RefreshGrant {
    RefreshGrant { user: user(owner), session: id(number), generation }
}

pub fn terms(now: Timestamp) -> RotationTerms {
    RotationTerms { now, grace: GRACE, idle: IDLE, tokens_until: now.plus(Duration::from_secs(900)) }
}

/// Opens session `number` of `owner` at `opened` without any limit.
pub async fn open(store: &Store, owner: u128, number: u128, opened: Timestamp) -> Session {
    let session = session(owner, number, opened);
    let ended = store.open(&session, 1_000, ending(opened)).await.expect("opened");
    assert_eq!(ended, []);
    session
}
