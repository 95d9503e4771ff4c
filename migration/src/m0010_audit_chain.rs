//! The audit log becomes chains: each record's place, its link, and the commitment to what is personal in it.
//!
//! A place is (chain, place); the process that saw the event stays in `instance`. Rows of the release before have no
//! chain, and get their place from a server of this one. The number that it gave to free events, `seq`, is not written any
//! more; its column goes with a later release.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const EVENTS: &str = "audit_events";
const CHECKPOINTS: &str = "audit_checkpoints";

/// The name of an index, and its columns.
type Columns = (&'static str, &'static [&'static str]);

/// Whose events, by whom, of which kind; the ids are in the order of time.
const INDEXES: [Columns; 3] = [
    ("audit_events_user", &["user_id", "id"]),
    ("audit_events_actor", &["actor_id", "id"]),
    ("audit_events_kind", &["kind", "id"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            uuid_null("chain").take(),
            big_integer_null("place").take(),
            var_binary_null("link", 32).take(),
            var_binary_null("salt", 16).take(),
            var_binary_null("commitment", 32).take(),
        ] {
            let mut column = column;
            let add = Table::alter().table(EVENTS).add_column(column.take()).take();
            manager.alter_table(add).await?;
        }
        drop_index(manager, "audit_events_user_id").await?;
        create_index(manager, ("audit_events_chain_place", &["chain", "place"]), true).await?;
        for index in INDEXES {
            create_index(manager, index, false).await?;
        }
        manager
            .create_table(
                table(manager, CHECKPOINTS)
                    .col(uuid("chain"))
                    .col(big_integer("seq"))
                    .col(string_len("statement", 16))
                    .col(var_binary("link", 32))
                    .col(big_integer("at"))
                    .col(string_len("kid", 64))
                    .col(var_binary("signature", 64))
                    .primary_key(Index::create().col("chain").col("seq").col("statement"))
                    .take(),
            )
            .await?;
        let at = Index::create().name("audit_checkpoints_at").table(CHECKPOINTS).col("at").take();
        manager.create_index(at).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(CHECKPOINTS).take()).await?;
        for (name, _) in INDEXES {
            drop_index(manager, name).await?;
        }
        drop_index(manager, "audit_events_chain_place").await?;
        for column in ["commitment", "salt", "link", "place", "chain"] {
            let drop = Table::alter().table(EVENTS).drop_column(column).take();
            manager.alter_table(drop).await?;
        }
        create_index(manager, ("audit_events_user_id", &["user_id"]), false).await
    }
}

async fn drop_index(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).table(EVENTS).to_owned()).await
}

async fn create_index(
    manager: &SchemaManager<'_>,
    (name, columns): Columns,
    unique: bool,
) -> Result<(), DbErr> {
    let mut index = Index::create().name(name).table(EVENTS).take();
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    manager.create_index(index).await
}
