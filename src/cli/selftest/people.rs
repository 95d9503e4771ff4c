//! The accounts that the self-test makes for itself, a few of each kind, and takes away again.

use anyhow::Context;
use secrecy::SecretString;

use crate::domain::entropy::{SystemEntropy, bytes};
use crate::domain::id::UserId;
use crate::domain::password::Password;
use crate::flows::import::{check, store};
use crate::flows::users::delete;
use crate::flows::{Desk, Visit};
use crate::transfer::Record;

/// Accounts of each kind: more than one, so that no single row is what is measured.
const EACH: usize = 4;

/// Hashes of nobody's password: one that is dearer than what most houses configure, one that costs nothing, and one
/// that cannot be read.
const DEARER: &str = "$2b$09$abcdefghijklmnopqrstuu5Q0sH9PDbLiwSV1zLW5TtgrBlcIsRSa";
const CHEAPER: &str = "{SSHA}A/rYdQIK4F3yQGL5T5eMOGLVrtH0XKPkN6Wb6A==";
const UNREADABLE: &str = "!";

/// A kind of failed login. What the client sends is of one length and form for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Unknown,
    WrongPassword,
    Disabled,
    DisabledWrong,
    Dearer,
    Cheaper,
    Unreadable,
    NoPassword,
}

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::Unknown,
        Self::WrongPassword,
        Self::Disabled,
        Self::DisabledWrong,
        Self::Dearer,
        Self::Cheaper,
        Self::Unreadable,
        Self::NoPassword,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown user",
            Self::WrongPassword => "wrong password",
            Self::Disabled => "disabled account",
            Self::DisabledWrong => "disabled, wrong password",
            Self::Dearer => "dearer imported hash",
            Self::Cheaper => "cheaper imported hash",
            Self::Unreadable => "unreadable hash",
            Self::NoPassword => "without a password",
        }
    }
}

/// Who tries to sign in, and with what.
pub(super) struct People {
    run: String,
    password: String,
    made: Vec<UserId>,
}

impl People {
    /// Makes the accounts.
    pub(super) async fn make(desk: &Desk, visit: &Visit) -> anyhow::Result<Self> {
        let hex = |octets: [u8; 6]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        let run = hex(bytes(&SystemEntropy));
        let password = format!("selftest {} {}", hex(bytes(&SystemEntropy)), hex(bytes(&SystemEntropy)));
        let mut people = Self { run, password, made: Vec::new() };
        let own = Password::parse(&SecretString::from(people.password.as_str()))?;
        let own = desk.hashers.hash(own).await?;
        let mut arrivals = Vec::new();
        for kind in Kind::ALL {
            let hash = match kind {
                Kind::Unknown => continue,
                Kind::WrongPassword | Kind::Disabled | Kind::DisabledWrong => Some(own.clone()),
                Kind::Dearer => Some(SecretString::from(DEARER)),
                Kind::Cheaper => Some(SecretString::from(CHEAPER)),
                Kind::Unreadable => Some(SecretString::from(UNREADABLE)),
                Kind::NoPassword => None,
            };
            for number in 0..EACH {
                let disabled = matches!(kind, Kind::Disabled | Kind::DisabledWrong);
                let record = Record { disabled, ..Record::new(people.email(kind, number)) };
                let (user, _) = check(desk, record, visit).map_err(anyhow::Error::msg)?;
                people.made.push(user.id);
                arrivals.push((user, hash.clone()));
            }
        }
        store(desk, arrivals, visit).await.context("the accounts of the self-test cannot be made")?;
        Ok(people)
    }

    /// The address and password of attempt `number` of `kind`.
    pub(super) fn attempt(&self, kind: Kind, number: usize) -> (String, String) {
        let right = kind == Kind::Disabled;
        let password =
            if right { self.password.clone() } else { self.password.replace("selftest", "no match") };
        (self.email(kind, number % EACH), password)
    }

    fn email(&self, kind: Kind, number: usize) -> String {
        format!("selftest-{}-{}{number}@example.invalid", self.run, char::from(b'a' + kind as u8))
    }

    /// Takes the accounts away again.
    pub(super) async fn remove(self, desk: &Desk, visit: &Visit) -> anyhow::Result<()> {
        for user in self.made {
            delete(desk, user, user, visit).await.map_err(|error| {
                anyhow::anyhow!("the account {user} of the self-test is still there: {error:?}")
            })?;
        }
        Ok(())
    }
}
