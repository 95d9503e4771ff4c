//! Taking out of the log what is not to be kept, so that the rest stays provable.

use guardhouse_entity::{audit_checkpoints, audit_events, delivery_cursors};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::super::{Connection, StoreError};
use super::{in_chain, insert_checkpoint};
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::id::{InstanceId, UserId};

/// Removes everything of a chain up to the place that `pruned`, a signed statement of [`Pruned`], names, and keeps the
/// statement. How many records there were. To be run in a transaction.
///
/// [`Pruned`]: crate::domain::audit::checkpoint::Statement::Pruned
///
/// # Errors
///
/// As every write.
pub async fn prune(db: &impl Connection, pruned: &Checkpoint) -> Result<u64, StoreError> {
    let (chain, last) = (pruned.chain.0, pruned.head.seq.cast_signed());
    let older = Condition::all()
        .add(audit_checkpoints::Column::Chain.eq(chain))
        .add(audit_checkpoints::Column::Seq.lte(last));
    audit_checkpoints::Entity::delete_many().filter(older).exec(db).await?;
    insert_checkpoint(db, pruned).await?;
    let gone = audit_events::Entity::delete_many()
        .filter(audit_events::Column::Chain.eq(chain))
        .filter(audit_events::Column::Place.lte(last))
        .exec(db)
        .await?;
    forget_cursors(db, pruned.chain).await?;
    Ok(gone.rows_affected)
}

/// How far deliveries have come in a chain without records says nothing: whatever it gets later is new to them.
async fn forget_cursors(db: &impl Connection, chain: InstanceId) -> Result<(), StoreError> {
    if in_chain(db, chain, None, 1).await?.is_empty() {
        let cursors = delivery_cursors::Column::Chain.eq(chain.0);
        delivery_cursors::Entity::delete_many().filter(cursors).exec(db).await?;
    }
    Ok(())
}

/// Erases the address, the user agent and the request id of everything that `user` did, and the salts of their
/// commitments. How many records lost something.
///
/// # Errors
///
/// As every write.
pub async fn erase_personal_data(db: &impl Connection, user: UserId) -> Result<u64, StoreError> {
    use audit_events::Column;
    let alone = Condition::all().add(Column::UserId.eq(user.0)).add(Column::ActorId.is_null());
    let done = audit_events::Entity::update_many()
        .filter(Condition::any().add(alone).add(Column::ActorId.eq(user.0)))
        .col_expr(Column::Salt, Expr::value(Option::<Vec<u8>>::None))
        .col_expr(Column::Address, Expr::value(""))
        .col_expr(Column::UserAgent, Expr::value(Option::<String>::None))
        .col_expr(Column::RequestId, Expr::value(""))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}
