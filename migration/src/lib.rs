//! The schema of Guardhouse: one change a file, up and down, portable column types only.
//!
//! Rules: a change expands first and contracts a release later; times are big integers (microseconds since the
//! epoch); no default, trigger or collation does what code should decide. Every change is tested up, down and up
//! again on every database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;
pub use sea_orm_migration::{Migration as Change, MigrationStatus, MigratorTrait};

mod m0001_users;
mod m0002_credentials;
mod m0003_sessions;
mod m0004_revocations;
mod m0005_signing_keys;
mod m0006_audit_events;
mod m0007_installation;
mod m0008_key_phases;
mod m0009_unlocked_users;
mod m0010_audit_chain;
mod m0011_deliveries;

/// Applies and reverts the changes in their order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_users::Migration),
            Box::new(m0002_credentials::Migration),
            Box::new(m0003_sessions::Migration),
            Box::new(m0004_revocations::Migration),
            Box::new(m0005_signing_keys::Migration),
            Box::new(m0006_audit_events::Migration),
            Box::new(m0007_installation::Migration),
            Box::new(m0008_key_phases::Migration),
            Box::new(m0009_unlocked_users::Migration),
            Box::new(m0010_audit_chain::Migration),
            Box::new(m0011_deliveries::Migration),
        ]
    }
}

/// A table in which texts compare byte by byte. MySQL and MariaDB must be told so: their defaults take `é` for `e`.
/// Even then they pad blanks away at the end, so what is looked up must not end with one.
fn table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    if manager.get_database_backend() == DatabaseBackend::MySql {
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}
