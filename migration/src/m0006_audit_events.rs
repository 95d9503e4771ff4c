//! The audit log. No foreign keys: what happened to a user outlives the user.

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
                table(manager, "audit_events")
                    .col(uuid("id").primary_key())
                    .col(big_integer("at"))
                    .col(string_len("kind", 48))
                    .col(string_len("outcome", 16))
                    .col(uuid_null("user_id"))
                    .col(uuid_null("actor_id"))
                    .col(uuid_null("session_id"))
                    .col(string_len_null("detail", 512))
                    .col(string_len("address", 45))
                    .col(string_len_null("user_agent", 256))
                    .col(string_len("request_id", 128))
                    .col(uuid("instance"))
                    .col(big_integer_null("seq"))
                    .index(
                        Index::create().name("audit_events_instance_seq").unique().col("instance").col("seq"),
                    )
                    .take(),
            )
            .await?;
        for (name, column) in [("audit_events_user_id", "user_id"), ("audit_events_at", "at")] {
            manager.create_index(Index::create().name(name).table("audit_events").col(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("audit_events").take()).await
    }
}
