//! When a key begins to sign, and when it was retired; and room for RSA keys.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "signing_keys";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let alter = || Table::alter().table(TABLE).take();
        // 0: long ago. Keys that are there sign already.
        let signs_from = big_integer("signs_from").default(0).take();
        manager.alter_table(alter().add_column(signs_from).take()).await?;
        manager.alter_table(alter().add_column(big_integer_null("retired_at")).take()).await?;
        // Only MySQL and MariaDB hold a column to its length.
        if manager.get_database_backend() == DatabaseBackend::MySql {
            let wide = alter().modify_column(var_binary("wrapped", 8_192)).take();
            manager.alter_table(wide).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let alter = || Table::alter().table(TABLE).take();
        manager.alter_table(alter().drop_column("retired_at").take()).await?;
        // The column stays wide: a key that needs the room is no reason not to go down.
        manager.alter_table(alter().drop_column("signs_from").take()).await
    }
}
