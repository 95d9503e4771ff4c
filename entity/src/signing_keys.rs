//! Keys, encrypted under the master key.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// The `kid`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub algorithm: String,
    /// 1 for the first key of its algorithm; two nodes that start together cannot both make it.
    pub slot: i32,
    /// Empty once the key is retired.
    pub wrapped: Vec<u8>,
    pub created_at: i64,
    /// Announced before.
    pub signs_from: i64,
    pub retired_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
