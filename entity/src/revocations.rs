//! The revocation feed: what every node must refuse until the tokens expire by themselves.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Set when one session is meant.
    pub session_id: Option<Uuid>,
    /// Set, with `below_epoch`, when a user's older tokens are meant.
    pub user_id: Option<Uuid>,
    pub below_epoch: Option<i64>,
    pub spare_session_id: Option<Uuid>,
    pub at: i64,
    pub expires_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
