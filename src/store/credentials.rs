//! Password hashes.

use guardhouse_entity::credentials;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{Connection, StoreError};
use crate::domain::clock::Timestamp;
use crate::domain::id::UserId;

/// Stores the first hash of a user.
///
/// # Errors
///
/// [`StoreError::Conflict`] when the user has one.
pub async fn insert(
    db: &impl Connection,
    user: UserId,
    hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = credentials::ActiveModel {
        user_id: Set(user.0),
        hash: Set(hash.to_owned()),
        updated_at: Set(now.micros()),
    };
    credentials::Entity::insert(row)
        .exec_without_returning(db)
        .await
        .map_err(|error| StoreError::from(error).conflict_is("credential"))?;
    Ok(())
}

/// The stored hash of `user`.
///
/// # Errors
///
/// As every read.
pub async fn find(db: &impl Connection, user: UserId) -> Result<Option<String>, StoreError> {
    let rows = credentials::Entity::find().filter(credentials::Column::UserId.eq(user.0)).all(db).await?;
    Ok(rows.into_iter().next().map(|row| row.hash))
}

/// Replaces `old` by `new`; nothing happens, and `false` is returned, when the stored hash is not `old` any more: a
/// password changed meanwhile must not be undone by the upgrade of a login that began before.
///
/// # Errors
///
/// As every write.
pub async fn replace(
    db: &impl Connection,
    user: UserId,
    old: &str,
    new: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = credentials::Entity::update_many()
        .filter(credentials::Column::UserId.eq(user.0))
        .filter(credentials::Column::Hash.eq(old))
        .col_expr(credentials::Column::Hash, Expr::value(new))
        .col_expr(credentials::Column::UpdatedAt, Expr::value(now.micros()))
        .exec(db)
        .await?;
    Ok(done.rows_affected > 0)
}
