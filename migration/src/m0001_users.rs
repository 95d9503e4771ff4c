//! User accounts; the canonical e-mail address is unique.

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
                table(manager, "users")
                    .col(uuid("id").primary_key())
                    .col(string_len_uniq("email", 254))
                    .col(boolean("email_verified"))
                    .col(string_len_null("name", 200))
                    .col(string_len("roles", 1_024))
                    .col(big_integer_null("disabled_at"))
                    .col(big_integer("epoch"))
                    .col(big_integer("sessions_from"))
                    .col(big_integer("created_at"))
                    .col(big_integer("updated_at"))
                    .col(big_integer_null("last_login_at"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("users").take()).await
    }
}
