//! Sessions in the database. Whatever ends one also announces it in the revocation feed, in the same transaction.

mod rows;

use async_trait::async_trait;
use futures_util::FutureExt;
use guardhouse_entity::sessions::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

pub use rows::insert_many;
use rows::{row, session};

use super::rotation::{self, CompareAndSet};
use super::{Ending, Rotation, RotationTerms, SessionStore, Touch};
use crate::domain::clock::Timestamp;
use crate::domain::id::{SessionId, UserId};
use crate::domain::refresh::RefreshGrant;
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::session::Session;
use crate::store::{Connection, Db, StoreError, Txn, revocations};

/// Sessions in the table `sessions`.
#[derive(Debug, Clone)]
pub struct DatabaseSessions(Db);

impl DatabaseSessions {
    /// Over a connected database whose schema is current.
    pub fn new(db: Db) -> Self {
        Self(db)
    }
}

#[async_trait]
impl SessionStore for DatabaseSessions {
    async fn open(
        &self,
        session: &Session,
        most: usize,
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.0
            .write(session.clone(), |db, session| async move { insert(&db, session).await }.boxed())
            .await?;
        // Looked at after the commit and not in one transaction with it: of several that open at once none would see
        // the others, and all would stay. Now the last one sees all.
        let mut others = living_ids(self.0.reader(), session.user, ending.at).await?;
        let own = others.iter().position(|id| *id == session.id).map(|place| others.remove(place));
        let surplus = (others.len() + usize::from(own.is_some())).saturating_sub(most).min(others.len());
        if surplus == 0 {
            return Ok(Vec::new());
        }
        let oldest = others[..surplus].to_vec();
        self.0
            .atomically((session.user, oldest, ending), |txn, (user, oldest, ending)| {
                end(txn, *user, oldest, *ending).boxed()
            })
            .await
    }

    async fn rotate(&self, grant: &RefreshGrant, terms: &RotationTerms) -> Result<Rotation, StoreError> {
        rotation::rotate(self, grant, terms).await
    }

    async fn find(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        find(self.0.reader(), user, session, now).await
    }

    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let rows = living(user, now).order_by_asc(Column::Id).all(self.0.reader()).await?;
        rows.into_iter().map(session).collect()
    }

    async fn revoke(&self, user: UserId, session: SessionId, ending: Ending) -> Result<bool, StoreError> {
        self.0
            .atomically((user, session, ending), |txn, (user, session, ending)| {
                async move {
                    let ended = !end(txn, *user, &[*session], *ending).await?.is_empty();
                    if !ended {
                        // Its access tokens may still live.
                        revocations::append(txn, &[announcement(*session, *ending)]).await?;
                    }
                    Ok(ended)
                }
                .boxed()
            })
            .await
    }

    async fn revoke_all(
        &self,
        user: UserId,
        spare: Option<SessionId>,
        ending: Ending,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.0
            .atomically((user, spare, ending), |txn, (user, spare, ending)| {
                async move {
                    let mut others = living_ids(txn, *user, ending.at).await?;
                    others.retain(|id| Some(*id) != *spare);
                    end(txn, *user, &others, *ending).await
                }
                .boxed()
            })
            .await
    }

    async fn reauthenticate(
        &self,
        user: UserId,
        session: SessionId,
        epoch: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.0
            .write((user, session, epoch, now), |db, (user, session, epoch, now)| {
                async move { prove_again(&db, *user, *session, *epoch, *now).await }.boxed()
            })
            .await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        if touches.is_empty() {
            return Ok(());
        }
        self.0
            .atomically(touches.to_vec(), |txn, touches| {
                async move {
                    for touch in touches {
                        let at = touch.at.micros();
                        let idle_end = touch.idle_expires_at.micros();
                        Entity::update_many()
                            .filter(one(touch.user, touch.session))
                            .filter(Column::LastSeenAt.lt(at))
                            .filter(Column::IdleExpiresAt.gt(at))
                            .col_expr(Column::LastSeenAt, Expr::value(at))
                            .col_expr(Column::IdleExpiresAt, not_beyond_the_end(idle_end))
                            .exec(txn)
                            .await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    async fn sweep(&self, now: Timestamp, most: u64) -> Result<u64, StoreError> {
        let over: Vec<uuid::Uuid> = Entity::find()
            .filter(Column::IdleExpiresAt.lte(now.micros()))
            .select_only()
            .column(Column::Id)
            .limit(most)
            .into_tuple()
            .all(self.0.reader())
            .await?;
        if over.is_empty() {
            return Ok(0);
        }
        // The time is asked again: a touch may have prolonged one of them meanwhile.
        let done = Entity::delete_many()
            .filter(Column::Id.is_in(over))
            .filter(Column::IdleExpiresAt.lte(now.micros()))
            .exec(self.0.writer())
            .await?;
        Ok(done.rows_affected)
    }

    async fn earliest_end(&self) -> Result<Option<Timestamp>, StoreError> {
        let earliest: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::IdleExpiresAt)
            .order_by_asc(Column::IdleExpiresAt)
            .limit(1)
            .into_tuple()
            .all(self.0.reader())
            .await?;
        Ok(earliest.first().copied().map(Timestamp::from_micros))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.0.ping().await
    }
}

#[async_trait]
impl CompareAndSet for DatabaseSessions {
    /// The generation: nothing else changes the meaning of a token.
    type Seen = u32;

    async fn read(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<(u32, Session)>, StoreError> {
        let found = find(self.0.reader(), user, session, now).await?;
        Ok(found.map(|session| (session.generation, session)))
    }

    async fn exchange(&self, seen: &u32, next: &Session, _: Timestamp) -> Result<bool, StoreError> {
        self.0
            .write((*seen, next.clone()), |db, (seen, next)| {
                async move { advance(&db, *seen, next).await }.boxed()
            })
            .await
    }

    async fn step(&self, grant: &RefreshGrant, terms: &RotationTerms) -> Result<Option<Session>, StoreError> {
        if !self.0.writer().support_returning() {
            return Ok(None);
        }
        self.0
            .write((*grant, *terms), |db, (grant, terms)| {
                async move { step(&db, grant, terms).await }.boxed()
            })
            .await
    }
}

async fn insert(db: &impl Connection, session: &Session) -> Result<(), StoreError> {
    Entity::insert(row(session)).exec_without_returning(db).await?;
    Ok(())
}

/// The compare-and-set, in one statement.
async fn advance(db: &impl Connection, seen: u32, next: &Session) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .filter(one(next.user, next.id))
        .filter(Column::Generation.eq(i64::from(seen)))
        .col_expr(Column::Generation, Expr::value(i64::from(next.generation)))
        .col_expr(Column::RotatedAt, Expr::value(next.rotated_at.micros()))
        .col_expr(Column::LastSeenAt, Expr::value(next.last_seen_at.micros()))
        .col_expr(Column::IdleExpiresAt, Expr::value(next.idle_expires_at.micros()))
        .exec(db)
        .await?;
    Ok(done.rows_affected > 0)
}

/// The step to the next generation where the presented one is current; the same rules as `domain::refresh::rotated`.
async fn step(
    db: &impl Connection,
    grant: &RefreshGrant,
    terms: &RotationTerms,
) -> Result<Option<Session>, StoreError> {
    let (now, idle_end) = (terms.now.micros(), terms.now.plus(terms.idle).micros());
    let rows = Entity::update_many()
        .filter(one(grant.user, grant.session))
        .filter(Column::Generation.eq(i64::from(grant.generation)))
        .filter(Column::IdleExpiresAt.gt(now))
        .filter(Column::ExpiresAt.gt(now))
        .col_expr(Column::Generation, Expr::col(Column::Generation).add(1))
        .col_expr(Column::RotatedAt, Expr::value(now))
        .col_expr(Column::LastSeenAt, Expr::value(now))
        .col_expr(Column::IdleExpiresAt, not_beyond_the_end(idle_end))
        .exec_with_returning(db)
        .await?;
    rows.into_iter().next().map(session).transpose()
}

fn not_beyond_the_end(idle_end: i64) -> Expr {
    Expr::case(Column::ExpiresAt.lt(idle_end), Expr::col(Column::ExpiresAt))
        .finally(Expr::value(idle_end))
        .into()
}

async fn prove_again(
    db: &impl Connection,
    user: UserId,
    session: SessionId,
    epoch: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let greatest =
        Expr::case(Column::Epoch.lt(epoch), Expr::value(i64::from(epoch))).finally(Expr::col(Column::Epoch));
    let done = Entity::update_many()
        .filter(one(user, session))
        .filter(Column::IdleExpiresAt.gt(now.micros()))
        .col_expr(Column::AuthenticatedAt, Expr::value(now.micros()))
        .col_expr(Column::Epoch, greatest.into())
        .exec(db)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Ends `sessions` of `user` inside `txn` and announces those that this call ended, which it returns.
async fn end(
    txn: &Txn,
    user: UserId,
    sessions: &[SessionId],
    ending: Ending,
) -> Result<Vec<SessionId>, StoreError> {
    let mut ended = Vec::new();
    for session in sessions {
        // One by one, so that of two that end the same session at once only one announces it.
        let gone = Entity::delete_many()
            .filter(one(user, *session))
            .filter(Column::IdleExpiresAt.gt(ending.at.micros()))
            .exec(txn)
            .await?;
        if gone.rows_affected > 0 {
            ended.push(*session);
        }
    }
    let news: Vec<_> = ended.iter().map(|id| announcement(*id, ending)).collect();
    revocations::append(txn, &news).await?;
    Ok(ended)
}

fn announcement(session: SessionId, ending: Ending) -> Revocation {
    Revocation { what: Revoked::Session(session), at: ending.at, expires_at: ending.tokens_until }
}

/// The ids of the sessions of `user` that live at `now`, the oldest first.
async fn living_ids(
    db: &impl Connection,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let ids: Vec<uuid::Uuid> = living(user, now)
        .select_only()
        .column(Column::Id)
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(SessionId).collect())
}

fn one(user: UserId, session: SessionId) -> Condition {
    Condition::all().add(Column::Id.eq(session.0)).add(Column::UserId.eq(user.0))
}

fn living(user: UserId, now: Timestamp) -> sea_orm::Select<Entity> {
    Entity::find().filter(Column::UserId.eq(user.0)).filter(Column::IdleExpiresAt.gt(now.micros()))
}

/// The session, if it lives at `now`.
async fn find(
    db: &impl Connection,
    user: UserId,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let rows = living(user, now).filter(Column::Id.eq(id.0)).all(db).await?;
    rows.into_iter().next().map(session).transpose()
}
