//! What every test needs: houses on any database, a client, and the rule that nothing is skipped in silence.

pub mod conformity;
pub mod database;
pub mod entropy;
pub mod house;
pub mod private_server;
pub mod test_db;

use std::sync::OnceLock;

use metrics_exporter_prometheus::PrometheusHandle;

pub use database::Kind;
pub use house::{Answer, TestHouse, User};
pub use private_server::PrivateServer;
pub use test_db::TestDb;

/// The recorder of this process: there can be only one, so all houses of a test run share it.
pub fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| guardhouse::telemetry::metrics::install().expect("the first recorder")).clone()
}

/// Stamps test functions of the form `fn name(kind: Kind)` once for each database, as `sqlite::name`,
/// `postgres::name`, `mysql::name`.
#[macro_export]
macro_rules! on_every_database {
    ($($name:ident),* $(,)?) => {
        $crate::on_every_database!(@ sqlite Sqlite $($name)*);
        $crate::on_every_database!(@ postgres Postgres $($name)*);
        $crate::on_every_database!(@ mysql MySql $($name)*);
    };
    (@ $module:ident $kind:ident $($name:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $name() {
                    if $crate::support::Kind::$kind.is_available() {
                        super::$name($crate::support::Kind::$kind);
                    }
                }
            )*
        }
    };
}
