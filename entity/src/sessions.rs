//! Live sessions of the database session store; an ended session has no row.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub generation: i64,
    pub epoch: i64,
    pub created_at: i64,
    pub authenticated_at: i64,
    pub last_seen_at: i64,
    pub rotated_at: i64,
    pub idle_expires_at: i64,
    pub expires_at: i64,
    pub address: String,
    pub user_agent: Option<String>,
    /// Space-separated `amr` values.
    pub methods: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
