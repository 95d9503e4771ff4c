//! The audit log.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: i64,
    pub kind: String,
    pub outcome: String,
    pub user_id: Option<Uuid>,
    pub actor_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub detail: Option<String>,
    pub address: String,
    pub user_agent: Option<String>,
    pub request_id: String,
    /// The process that saw it.
    pub instance: Uuid,
    /// What the release before numbered its observations with.
    pub seq: Option<i64>,
    /// The process in whose chain it stands.
    pub chain: Option<Uuid>,
    /// Its place in the chain, counting from 1; none until it is linked.
    pub place: Option<i64>,
    /// The hash over its place, its predecessor's link and itself.
    pub link: Option<Vec<u8>>,
    /// Of the commitment; gone once what is personal was erased.
    pub salt: Option<Vec<u8>>,
    /// The hash of address, user agent and request id.
    pub commitment: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
