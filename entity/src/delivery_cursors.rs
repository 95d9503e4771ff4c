//! How far a delivery has come in each chain of the audit log.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_cursors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain: Uuid,
    pub place: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
