//! Every home of sessions, ready to be lived in.

use crate::support::house::Plan;
use crate::support::{Kind, PrivateServer, TestHouse};

use super::redis::redis_is_available;
use super::site::Site;

/// Where sessions live, and the database beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    Memory,
    Sqlite,
    Postgres,
    MySql,
    /// With SQLite for the accounts.
    Redis,
}

impl Home {
    /// The database.
    pub fn kind(self) -> Kind {
        match self {
            Self::Memory | Self::Sqlite | Self::Redis => Kind::Sqlite,
            Self::Postgres => Kind::Postgres,
            Self::MySql => Kind::MySql,
        }
    }

    /// Whether everything is there. Where it is required, its absence fails the test.
    pub fn is_available(self) -> bool {
        self.kind().is_available() && (self != Self::Redis || redis_is_available())
    }

    /// The home, with a Redis of its own where it needs one.
    pub fn open(self) -> Opened {
        Opened { home: self, redis: (self == Self::Redis).then(|| PrivateServer::start("redis")) }
    }
}

/// A home that is there until this is dropped.
pub struct Opened {
    home: Home,
    redis: Option<PrivateServer>,
}

impl Opened {
    fn settings(&self) -> Vec<(&'static str, String)> {
        match (&self.redis, self.home) {
            (Some(redis), _) => vec![("sessions.store", "redis".into()), ("redis.url", redis.url.clone())],
            (None, Home::Memory) => vec![("sessions.store", "memory".into())],
            (None, _) => vec![("sessions.store", "database".into())],
        }
    }

    /// The address of Redis, where sessions live in it.
    pub fn redis_url(&self) -> Option<&str> {
        self.redis.as_ref().map(|redis| redis.url.as_str())
    }

    /// A house in this process.
    pub fn plan(&self) -> Plan {
        let plan = TestHouse::on(self.home.kind());
        self.settings().into_iter().fold(plan, |plan, (key, value)| plan.set(key, value))
    }

    /// Real processes.
    pub fn site(&self) -> Site {
        let site = Site::on(self.home.kind());
        self.settings().into_iter().fold(site, |site, (key, value)| site.set(key, value))
    }
}

/// Stamps test functions of the form `fn name(home: Home)` once for each home, as `memory::name`, `sqlite::name` …
#[macro_export]
macro_rules! in_every_home {
    ($($name:ident),* $(,)?) => {
        $crate::in_every_home!(@ memory Memory $($name)*);
        $crate::in_every_home!(@ sqlite Sqlite $($name)*);
        $crate::in_every_home!(@ postgres Postgres $($name)*);
        $crate::in_every_home!(@ mysql MySql $($name)*);
        $crate::in_every_home!(@ redis Redis $($name)*);
    };
    (@ $module:ident $home:ident $($name:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $name() {
                    let home = $crate::proofs::home::Home::$home;
                    if home.is_available() {
                        super::$name(home);
                    }
                }
            )*
        }
    };
}
