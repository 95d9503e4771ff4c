//! Rate limits as flows apply them: which counters an attempt takes a place in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Desk, Fault, Visit};
use crate::actors::Refused;
use crate::config;
use crate::domain::address::{host, neighbourhood, network};
use crate::domain::audit::{Free, FreeKind, Subject};
use crate::domain::clock::Timestamp;
use crate::domain::id::UserId;
use crate::domain::limit::{Cell, Manner, Place, Rule, Verdict, Window};
use crate::store::StoreError;

/// The configured windows.
#[derive(Debug, Clone)]
pub struct RateLimits {
    login_address: Arc<[Window]>,
    login_network: Arc<[Window]>,
    login_account: Arc<[Window]>,
    account_manner: Manner,
    login_anywhere: Arc<[Window]>,
    anywhere_manner: Manner,
    register_address: Arc<[Window]>,
    register_network: Arc<[Window]>,
    refresh_address: Arc<[Window]>,
    refresh_user: Arc<[Window]>,
    proof_user: Arc<[Window]>,
    oauth_address: Arc<[Window]>,
    oauth_client: Arc<[Window]>,
}

impl From<&config::Limits> for RateLimits {
    fn from(settings: &config::Limits) -> Self {
        let login = &settings.login;
        let windows = |list: &[Window]| list.into();
        Self {
            login_address: windows(&login.address),
            login_network: windows(&login.network),
            login_account: windows(&login.account),
            account_manner: login.delays.map_or(Manner::Refuse, Manner::Delay),
            login_anywhere: windows(&login.anywhere),
            anywhere_manner: Manner::Slow { longest: login.longest_hold },
            register_address: windows(&settings.register.address),
            register_network: windows(&settings.register.network),
            refresh_address: windows(&settings.refresh.address),
            refresh_user: windows(&settings.refresh.user),
            proof_user: windows(&settings.proof.user),
            oauth_address: windows(&settings.oauth2.address),
            oauth_client: windows(&settings.oauth2.client),
        }
    }
}

impl RateLimits {
    /// For a guess at the password of `account` (in its canonical form, where it has one) from `address`. What was counted
    /// for the account before it was `unlocked` does not count any more.
    pub(super) fn guess(&self, account: &str, address: IpAddr, unlocked: Option<Timestamp>) -> Vec<Cell> {
        // Long names are shortened so that a key has a bounded size; who collides there shares a counter.
        let mut account: String = account.chars().take(254).collect();
        if let Some(unlocked) = unlocked {
            account = format!("{account} {}", unlocked.micros());
        }
        let from_here = format!("{account} {}", neighbourhood(address));
        vec![
            by_host(Rule::LoginAddress, address, &self.login_address),
            by_network(Rule::LoginNetwork, address, &self.login_network),
            cell(Rule::LoginAccount, from_here, &self.login_account).with(self.account_manner),
            cell(Rule::LoginAnywhere, account, &self.login_anywhere).with(self.anywhere_manner),
        ]
    }

    /// For how long what was counted for an account may lock it.
    pub(super) fn longest_lock(&self) -> Duration {
        self.login_account.iter().map(|window| window.per).max().unwrap_or_default()
    }

    /// For a registration from `address`.
    pub(super) fn register(&self, address: IpAddr) -> Vec<Cell> {
        vec![
            by_host(Rule::RegisterAddress, address, &self.register_address),
            by_network(Rule::RegisterNetwork, address, &self.register_network),
        ]
    }

    /// For an exchange of a refresh token of `user`.
    pub(super) fn refresh(&self, user: UserId, address: IpAddr) -> Vec<Cell> {
        vec![
            by_host(Rule::RefreshAddress, address, &self.refresh_address),
            cell(Rule::RefreshUser, user.to_string(), &self.refresh_user),
        ]
    }

    /// For a password that `user`, who is signed in, gives again.
    pub(super) fn proof(&self, user: UserId) -> Cell {
        cell(Rule::ProofUser, user.to_string(), &self.proof_user)
    }

    /// For a question about tokens from `address`.
    pub(super) fn question(&self, address: IpAddr) -> Vec<Cell> {
        vec![by_host(Rule::OauthAddress, address, &self.oauth_address)]
    }

    /// For a question of `client` about tokens.
    pub(super) fn client(&self, client: &str) -> Vec<Cell> {
        vec![cell(Rule::OauthClient, client.to_owned(), &self.oauth_client)]
    }
}

fn by_host(rule: Rule, address: IpAddr, windows: &Arc<[Window]>) -> Cell {
    cell(rule, host(address).to_string(), windows)
}

fn by_network(rule: Rule, address: IpAddr, windows: &Arc<[Window]>) -> Cell {
    cell(rule, network(address).to_string(), windows)
}

fn cell(rule: Rule, subject: String, windows: &Arc<[Window]>) -> Cell {
    Cell::new(rule, subject, windows.clone())
}

/// An attempt beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// Which limit.
    pub rule: Rule,
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
#[derive(Default)]
pub(super) struct Places {
    taken: Vec<Place>,
    last: Vec<Rule>,
    wait: Duration,
}

impl Places {
    /// Those that a right password gives back: it was no guess. The address keeps its own: it may try many accounts.
    pub(super) fn of_the_guess(mut self) -> Self {
        self.taken.retain(|place| place.cell.rule != Rule::LoginAddress);
        self
    }

    /// How long the attempt has to wait before it goes on.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// Whether it took the last place that `rule` had.
    pub(super) fn was_last(&self, rule: Rule) -> bool {
        self.last.contains(&rule)
    }
}

/// Takes a place in every one of `cells`, or says why there is none.
pub(super) async fn take(desk: &Desk, visit: &Visit, cells: Vec<Cell>) -> Result<Places, NotTaken> {
    match try_take(desk, visit, cells).await? {
        Ok(places) => Ok(places),
        Err(limited) => Err(refused(desk, visit, limited)),
    }
}

/// As [`take`], without a record of the refusal.
pub(super) async fn try_take(
    desk: &Desk,
    visit: &Visit,
    cells: Vec<Cell>,
) -> Result<Result<Places, Limited>, NotTaken> {
    match desk.limits.take(cells, visit.now).await.map_err(|refused| NotTaken::Fault(refused.into()))? {
        Verdict::Unlimited => Ok(Ok(Places::default())),
        Verdict::Granted { places: taken, last, wait, .. } => Ok(Ok(Places { taken, last, wait })),
        Verdict::TableFull => {
            Err(NotTaken::Fault(Refused::Full { retry_after: Duration::from_secs(60) }.into()))
        }
        Verdict::OutOfReach => {
            let reason = StoreError::Unavailable("the shared rate limits are out of reach".into());
            Err(NotTaken::Fault(reason.into()))
        }
        Verdict::Limited { rule, window, retry_after } => Ok(Err(Limited { rule, window, retry_after })),
    }
}

/// Records that an attempt was refused.
pub(super) fn refused(desk: &Desk, visit: &Visit, limited: Limited) -> NotTaken {
    let subject = Subject::default().detail(limited.rule.as_str());
    // Not waited for: who is over the limit must not be able to make the server wait for the disk.
    desk.audit.note(Free::new(visit.now, FreeKind::RateLimited, subject, &visit.origin));
    NotTaken::Limited(limited)
}

/// Gives places back. Where that fails a counter is one too high, which is no reason to fail what it counted.
pub(super) async fn forgive(desk: &Desk, visit: &Visit, places: Places) {
    if let Err(refused) = desk.limits.forgive(places.taken, visit.now).await {
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
