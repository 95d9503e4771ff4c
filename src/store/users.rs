//! User accounts.

use guardhouse_entity::{credentials, users};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Connection, StoreError};
use crate::domain::account::{DisplayName, SecurityEpoch, User};
use crate::domain::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::id::UserId;
use crate::domain::role::Roles;

/// Adds `user`.
///
/// # Errors
///
/// [`StoreError::Conflict`] with `e-mail address` when another account has it.
pub async fn insert(db: &impl Connection, user: &User) -> Result<(), StoreError> {
    users::Entity::insert(row(user))
        .exec_without_returning(db)
        .await
        .map_err(|error| StoreError::from(error).conflict_is("e-mail address"))?;
    Ok(())
}

/// The row of `user`.
pub(super) fn row(user: &User) -> users::ActiveModel {
    users::ActiveModel {
        id: Set(user.id.0),
        email: Set(user.email.as_str().to_owned()),
        email_verified: Set(user.email_verified),
        name: Set(user.name.as_ref().map(|name| name.as_str().to_owned())),
        roles: Set(roles_text(&user.roles)),
        disabled_at: Set(user.disabled_at.map(Timestamp::micros)),
        unlocked_at: Set(user.unlocked_at.map(Timestamp::micros)),
        epoch: Set(user.security.current.into()),
        sessions_from: Set(user.security.sessions_from.into()),
        created_at: Set(user.created_at.micros()),
        updated_at: Set(user.updated_at.micros()),
        last_login_at: Set(user.last_login_at.map(Timestamp::micros)),
    }
}

/// The user with this id.
///
/// # Errors
///
/// As every read: [`StoreError::Unavailable`], [`StoreError::Corrupt`].
pub async fn by_id(db: &impl Connection, id: UserId) -> Result<Option<User>, StoreError> {
    // `all` on a unique key: `one` binds a LIMIT, which costs SQLite its cached plan.
    let rows = users::Entity::find().filter(users::Column::Id.eq(id.0)).all(db).await?;
    rows.into_iter().next().map(user).transpose()
}

/// The user with this address, and the stored password hash. One query whether there is such a user or not.
///
/// # Errors
///
/// As [`by_id`].
pub async fn by_email_with_hash(
    db: &impl Connection,
    email: &Email,
) -> Result<Option<(User, Option<String>)>, StoreError> {
    let rows = users::Entity::find()
        .filter(users::Column::Email.eq(email.as_str()))
        .find_also_related(credentials::Entity)
        .all(db)
        .await?;
    let found = rows.into_iter().next();
    found.map(|(row, credential)| Ok((user(row)?, credential.map(|credential| credential.hash)))).transpose()
}

/// One page of users in the order of their ids, which is the order in which they were made.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Start behind this user.
    pub after: Option<UserId>,
    /// Most users to return.
    pub limit: u64,
    /// Only the user with exactly this address.
    pub email: Option<Email>,
}

/// The users of `page`.
///
/// # Errors
///
/// As [`by_id`].
pub async fn list(db: &impl Connection, page: &Page) -> Result<Vec<User>, StoreError> {
    let mut query = users::Entity::find().order_by_asc(users::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(users::Column::Id.gt(after.0));
    }
    if let Some(email) = &page.email {
        query = query.filter(users::Column::Email.eq(email.as_str()));
    }
    query.all(db).await?.into_iter().map(user).collect()
}

/// What may change in an account. Every change also sets `updated_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another name, or none.
    Name(Option<DisplayName>),
    /// Other roles: access tokens made before are outdated.
    Roles(Roles),
    /// May not sign in any more: every session is ended.
    Disable,
    /// May sign in again.
    Enable,
    /// Wrong passwords from before do not lock it any more.
    Unlock,
    /// Every session is ended; nothing else changes.
    EndSessions,
}

impl Change {
    /// Whether access tokens made before are wrong after it: it raises the user's epoch.
    pub fn voids_tokens(&self) -> bool {
        match self {
            Self::Roles(_) | Self::Disable | Self::EndSessions => true,
            Self::Name(_) | Self::Enable | Self::Unlock => false,
        }
    }
}

/// Applies `change` and returns the user as it is then; `None` when there is no such user.
///
/// # Errors
///
/// As every write.
pub async fn change(
    db: &impl Connection,
    id: UserId,
    change: &Change,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    use users::Column;
    let next_epoch = || Expr::col(Column::Epoch).add(1);
    let update = users::Entity::update_many()
        .filter(Column::Id.eq(id.0))
        .col_expr(Column::UpdatedAt, now.micros().into());
    // MySQL evaluates assignments from left to right, seeing those before: `sessions_from` must come first.
    let end_sessions = |update: sea_orm::UpdateMany<users::Entity>| {
        update.col_expr(Column::SessionsFrom, next_epoch()).col_expr(Column::Epoch, next_epoch())
    };
    let update = match change {
        Change::Name(name) => {
            update.col_expr(Column::Name, Expr::value(name.as_ref().map(|name| name.as_str().to_owned())))
        }
        Change::Roles(roles) => update
            .col_expr(Column::Roles, Expr::value(roles_text(roles)))
            .col_expr(Column::Epoch, next_epoch()),
        Change::Disable => end_sessions(update.col_expr(Column::DisabledAt, Expr::value(now.micros()))),
        Change::Enable => update.col_expr(Column::DisabledAt, Expr::value(None::<i64>)),
        Change::Unlock => update.col_expr(Column::UnlockedAt, Expr::value(now.micros())),
        Change::EndSessions => end_sessions(update),
    };
    update.exec(db).await?;
    by_id(db, id).await
}

/// Notes that the user signed in; not a change of the account.
///
/// # Errors
///
/// As every write.
pub async fn signed_in(db: &impl Connection, id: UserId, now: Timestamp) -> Result<(), StoreError> {
    users::Entity::update_many()
        .filter(users::Column::Id.eq(id.0))
        .col_expr(users::Column::LastLoginAt, Expr::value(now.micros()))
        .exec(db)
        .await?;
    Ok(())
}

/// Removes the user and, with it, the credential. Whether there was one.
///
/// # Errors
///
/// As every write.
pub async fn delete(db: &impl Connection, id: UserId) -> Result<bool, StoreError> {
    Ok(users::Entity::delete_many().filter(users::Column::Id.eq(id.0)).exec(db).await?.rows_affected > 0)
}

fn roles_text(roles: &Roles) -> String {
    serde_json::to_string(roles).expect("a list of strings is always JSON")
}

/// The user of `row`.
pub(super) fn user(row: users::Model) -> Result<User, StoreError> {
    let id = row.id;
    let corrupt = |column| StoreError::Corrupt { table: "users", column, id: id.to_string() };
    let epoch = |value: i64, column| u32::try_from(value).map_err(|_| corrupt(column));
    Ok(User {
        id: UserId(id),
        email: Email::parse(&row.email).map_err(|_| corrupt("email"))?,
        email_verified: row.email_verified,
        name: row.name.map(|name| DisplayName::parse(&name)).transpose().map_err(|_| corrupt("name"))?,
        roles: serde_json::from_str(&row.roles).map_err(|_| corrupt("roles"))?,
        disabled_at: row.disabled_at.map(Timestamp::from_micros),
        unlocked_at: row.unlocked_at.map(Timestamp::from_micros),
        security: SecurityEpoch {
            current: epoch(row.epoch, "epoch")?,
            sessions_from: epoch(row.sessions_from, "sessions_from")?,
        },
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
        last_login_at: row.last_login_at.map(Timestamp::from_micros),
    })
}
