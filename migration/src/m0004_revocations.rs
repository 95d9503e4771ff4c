//! The revocation feed, read by every node from the last id it saw.

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
                table(manager, "revocations")
                    .col(big_pk_auto("id"))
                    .col(uuid_null("session_id"))
                    .col(uuid_null("user_id"))
                    .col(big_integer_null("below_epoch"))
                    .col(uuid_null("spare_session_id"))
                    .col(big_integer("at"))
                    .col(big_integer("expires_at"))
                    .take(),
            )
            .await?;
        let expiry =
            Index::create().name("revocations_expires_at").table("revocations").col("expires_at").take();
        manager.create_index(expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("revocations").take()).await
    }
}
