//! Keys, encrypted under the master key.

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
                table(manager, "signing_keys")
                    .col(string_len("id", 128).primary_key())
                    .col(string_len("algorithm", 16))
                    .col(integer("slot"))
                    .col(var_binary("wrapped", 1_024))
                    .col(big_integer("created_at"))
                    .index(
                        Index::create()
                            .name("signing_keys_algorithm_slot")
                            .unique()
                            .col("algorithm")
                            .col("slot"),
                    )
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("signing_keys").take()).await
    }
}
