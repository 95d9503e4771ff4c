//! A guess at an account's password, as the limits see it: what it is counted under, how it is slowed down, and what a wrong
//! one means.

use super::limited::{self, NotTaken, Places, try_take};
use super::{Desk, Visit};
use crate::domain::address::{neighbourhood, network};
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::id::UserId;
use crate::domain::limit::Rule;
use crate::store::users;

/// Takes the places of a guess at the password of `email`; what is no address is nobody's account, and all such guesses
/// from one network count together.
pub(super) async fn take(desk: &Desk, visit: &Visit, email: Option<&Email>) -> Result<Places, NotTaken> {
    let account = email.map_or("", Email::as_str);
    let rules = desk.rules();
    let limits = &rules.limits;
    let address = visit.origin.address;
    let limited = match try_take(desk, visit, limits.guess(account, address, None)).await? {
        Ok(places) => return Ok(places),
        Err(limited) => limited,
    };
    // Only who is locked out costs the look whether an administrator has unlocked the account since.
    if limited.rule == Rule::LoginAccount
        && let Some(email) = email
        && let Some(unlocked) = unlocked(desk, visit, email).await?
    {
        return limited::take(desk, visit, limits.guess(account, address, Some(unlocked))).await;
    }
    Err(limited::refused(desk, visit, limited))
}

/// When an administrator unlocked the account, if what was counted before that may still lock it.
async fn unlocked(desk: &Desk, visit: &Visit, email: &Email) -> Result<Option<Timestamp>, NotTaken> {
    let found = users::by_email_with_hash(desk.db.reader(), email).await;
    let found = found.map_err(|error| NotTaken::Fault(error.into()))?;
    let unlocked = found.and_then(|(user, _)| user.unlocked_at);
    Ok(unlocked.filter(|at| at.plus(desk.rules().limits.longest_lock()) > visit.now))
}

/// Holds a guess at an account that many guess at.
pub(super) async fn slow_down(desk: &Desk, visit: &Visit, places: &Places) {
    let wait = places.wait();
    if wait.is_zero() {
        return;
    }
    let subject = Subject::default().detail(format!("held for {} ms", wait.as_millis()));
    desk.audit.note(Free::new(visit.now, FreeKind::LoginSlowed, subject, &visit.origin));
    desk.limits.hold(wait).await;
}

/// Records what a wrong guess led to. Written with the failure that comes after it.
pub(super) fn note_consequences(desk: &Desk, visit: &Visit, user: Option<UserId>, places: &Places) {
    let address = visit.origin.address;
    let told = [
        (
            Rule::LoginAccount,
            FreeKind::AccountLocked,
            format!("for the network of {}", neighbourhood(address)),
        ),
        (
            Rule::LoginNetwork,
            FreeKind::SprayingSuspected,
            format!("from the network of {}", network(address)),
        ),
    ];
    for (rule, kind, detail) in told {
        if places.was_last(rule) {
            metrics::counter!("guardhouse_limits_exhausted_total", "rule" => rule.as_str()).increment(1);
            let user = user.filter(|_| rule == Rule::LoginAccount);
            let subject = Subject { user, ..Subject::default() }.detail(detail);
            desk.audit.note(Free::new(visit.now, kind, subject, &visit.origin));
        }
    }
}
