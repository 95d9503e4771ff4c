//! Rate limits as flows apply them: which counters an attempt takes a place in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Desk, Fault, Visit};
use crate::actors::Refused;
use crate::config;
use crate::domain::address::{host, neighbourhood};
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::limit::{Cell, Place, Rule, Verdict, Window};
use crate::store::StoreError;

/// The configured windows.
#[derive(Debug, Clone)]
pub struct RateLimits {
    login_address: Arc<[Window]>,
    login_account: Arc<[Window]>,
    register_address: Arc<[Window]>,
}

impl From<&config::Limits> for RateLimits {
    fn from(settings: &config::Limits) -> Self {
        Self {
            login_address: settings.login.address.clone().into(),
            login_account: settings.login.account.clone().into(),
            register_address: settings.register.address.clone().into(),
        }
    }
}

impl RateLimits {
    /// For a guess at the password of `account` (in its canonical form, where it has one) from `address`.
    pub(super) fn guess(&self, account: &str, address: IpAddr) -> Vec<Cell> {
        vec![
            cell(Rule::LoginAddress, host(address).to_string(), &self.login_address),
            self.account(account, address),
        ]
    }

    fn account(&self, account: &str, address: IpAddr) -> Cell {
        // Long names are shortened so that a key has a bounded size; who collides there shares a counter.
        let account: String = account.chars().take(254).collect();
        cell(Rule::LoginAccount, format!("{account} {}", neighbourhood(address)), &self.login_account)
    }

    /// For a registration from `address`.
    pub(super) fn register(&self, address: IpAddr) -> Vec<Cell> {
        vec![cell(Rule::RegisterAddress, host(address).to_string(), &self.register_address)]
    }
}

fn cell(rule: Rule, subject: String, windows: &Arc<[Window]>) -> Cell {
    Cell { rule, subject, windows: windows.clone() }
}

/// An attempt beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// Which limit.
    pub rule: &'static str,
    /// Which of its windows.
    pub window: Window,
    /// When there is room again.
    pub retry_after: Duration,
}

/// A place was not to be had.
#[derive(Debug)]
pub(super) enum NotTaken {
    Limited(Limited),
    Fault(Fault),
}

/// The places that an attempt took.
pub(super) struct Places(Vec<Place>);

impl Places {
    /// Those that a right password gives back. The address keeps its own: it may try many accounts.
    pub(super) fn of_the_account(mut self) -> Self {
        self.0.retain(|place| place.cell.rule == Rule::LoginAccount);
        self
    }
}

/// Takes a place in every one of `cells`, or says why there is none.
pub(super) async fn take(desk: &Desk, visit: &Visit, cells: Vec<Cell>) -> Result<Places, NotTaken> {
    match desk.limits.take(cells, visit.now).await.map_err(|refused| NotTaken::Fault(refused.into()))? {
        Verdict::Unlimited => Ok(Places(Vec::new())),
        Verdict::Granted { places, .. } => Ok(Places(places)),
        Verdict::TableFull => {
            Err(NotTaken::Fault(Refused::Full { retry_after: Duration::from_secs(60) }.into()))
        }
        Verdict::OutOfReach => {
            let reason = StoreError::Unavailable("the shared rate limits are out of reach".into());
            Err(NotTaken::Fault(reason.into()))
        }
        Verdict::Limited { rule, window, retry_after } => {
            let subject = Subject::default().detail(rule.as_str());
            // Not waited for: who is over the limit must not be able to make the server wait for the disk.
            desk.audit.note(Free::new(visit.now, FreeKind::RateLimited, subject, &visit.origin));
            Err(NotTaken::Limited(Limited { rule: rule.as_str(), window, retry_after }))
        }
    }
}

/// Gives places back. Where that fails a counter is one too high, which is no reason to fail what it counted.
pub(super) async fn forgive(desk: &Desk, visit: &Visit, places: Places) {
    if let Err(refused) = desk.limits.forgive(places.0, visit.now).await {
        tracing::warn!(%refused, "attempts could not be forgiven");
    }
}

/// Lets `?` turn a refused place into a flow's own error, which must have variants `Limited` and `Fault`.
macro_rules! may_be_limited {
    ($error:ty) => {
        impl From<$crate::flows::limited::NotTaken> for $error {
            fn from(not_taken: $crate::flows::limited::NotTaken) -> Self {
                match not_taken {
                    $crate::flows::limited::NotTaken::Limited(limited) => Self::Limited(limited),
                    $crate::flows::limited::NotTaken::Fault(fault) => Self::Fault(fault),
                }
            }
        }
    };
}
pub(super) use may_be_limited;
