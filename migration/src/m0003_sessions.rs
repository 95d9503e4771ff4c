//! Sessions. No foreign key: opening one must not lock the row of its user; deleting a user removes them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::table;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table(manager, "sessions")
                    .col(uuid("id").primary_key())
                    .col(uuid("user_id"))
                    .col(big_integer("generation"))
                    .col(big_integer("epoch"))
                    .col(big_integer("created_at"))
                    .col(big_integer("authenticated_at"))
                    .col(big_integer("last_seen_at"))
                    .col(big_integer("rotated_at"))
                    .col(big_integer("idle_expires_at"))
                    .col(big_integer("expires_at"))
                    .col(string_len("address", 45))
                    .col(string_len_null("user_agent", 256))
                    .col(string_len("methods", 64))
                    .take(),
            )
            .await?;
        // The absolute end never comes before the idle one, so the sweep needs only this index.
        for (name, column) in
            [("sessions_user_id", "user_id"), ("sessions_idle_expires_at", "idle_expires_at")]
        {
            manager.create_index(Index::create().name(name).table("sessions").col(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("sessions").take()).await
    }
}
