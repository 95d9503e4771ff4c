//! Where the records of the audit log were sent, how far, and which could not be delivered.
//!
//! A delivery is known by its name in the configuration. One node at a time works on it: the holder of its lease.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const DELIVERIES: &str = "deliveries";
const CURSORS: &str = "delivery_cursors";
const LETTERS: &str = "dead_letters";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table(manager, DELIVERIES)
                    .col(string_len("name", 64).primary_key())
                    .col(uuid("holder"))
                    .col(big_integer("held_until"))
                    .col(big_integer_null("delivered_at"))
                    .col(big_integer_null("failed_at"))
                    .col(string_len_null("failure", 512))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                table(manager, CURSORS)
                    .col(string_len("delivery", 64))
                    .col(uuid("chain"))
                    .col(big_integer("place"))
                    .primary_key(Index::create().col("delivery").col("chain"))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                table(manager, LETTERS)
                    .col(string_len("delivery", 64))
                    .col(uuid("record"))
                    .col(uuid("chain"))
                    .col(big_integer("place"))
                    .col(big_integer("at"))
                    .col(string_len("reason", 512))
                    .primary_key(Index::create().col("delivery").col("record"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in [LETTERS, CURSORS, DELIVERIES] {
            manager.drop_table(Table::drop().table(name).take()).await?;
        }
        Ok(())
    }
}
