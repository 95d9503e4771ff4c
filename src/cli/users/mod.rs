//! `guardhouse users`: through the same flows as over HTTP, so that what is done here is recorded and announced too.

mod export;
mod import;

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use futures_util::FutureExt;
use secrecy::{ExposeSecret, SecretString};

use super::desk::with_desk;
use super::progress::Bar;
use super::{complain, new_file, read_password, say};
use crate::config::Config;
use crate::domain::account::User;
use crate::domain::email::Email;
use crate::flows::account::AccountError;
use crate::flows::users::{Create, CreateError, Measure, create_user, list, set_roles, take_measure};
use crate::flows::{Desk, Fault, Invalid, Visit};
use crate::store::users::{Page, by_email_with_hash};

#[derive(Subcommand)]
pub(super) enum Users {
    /// Make an account; the password is read from the first line of standard input.
    Create {
        /// The account's address.
        email: String,
        /// How the person is called.
        #[arg(long)]
        name: Option<String>,
        /// What they may do; may be given several times.
        #[arg(long = "role", default_value = "user")]
        roles: Vec<String>,
        /// Make it without a password.
        #[arg(long)]
        no_password: bool,
    },
    /// List accounts in the order in which they were made.
    List {
        /// Only the account with this address.
        #[arg(long)]
        email: Option<String>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Keep an account from signing in and end its sessions.
    Disable {
        /// The account's address.
        email: String,
    },
    /// Let an account sign in again.
    Enable {
        /// The account's address.
        email: String,
    },
    /// Let an account sign in again from the networks that wrong passwords locked it for.
    Unlock {
        /// The account's address.
        email: String,
    },
    /// Give an account exactly these roles.
    SetRole {
        /// The account's address.
        email: String,
        /// The roles.
        #[arg(required = true)]
        roles: Vec<String>,
    },
    /// Make accounts of a file, with their password hashes: those of other systems, or our own.
    ///
    /// Accounts whose address is there already stay as they are, so the same file may be imported again. What was
    /// interrupted goes on where it was when it is started again.
    Import(import::Import),
    /// Write all accounts into a file that `users import` reads.
    Export(export::Export),
}

pub(super) fn run(config: Config, command: Users) -> anyhow::Result<ExitCode> {
    with_desk(config, "guardhouse users", |desk, visit| carry_out(desk, command, visit).boxed())
}

async fn carry_out(desk: &Desk, command: Users, visit: &Visit) -> anyhow::Result<ExitCode> {
    match command {
        Users::Import(command) => return import::run(desk, command, visit).await,
        Users::Export(command) => export::run(desk, &command, visit).await?,
        Users::Create { email, name, roles, no_password } => {
            let password = if no_password { None } else { Some(new_password()?) };
            let request = Create { email, password, name, roles };
            let user = create_user(desk, request, None, visit).await.map_err(|error| match error {
                CreateError::EmailTaken => anyhow::anyhow!("another account has this e-mail address"),
                CreateError::Invalid(invalid) => anyhow::anyhow!(words(&invalid)),
                CreateError::Fault(fault) => fault.into(),
            })?;
            say(user.id);
        }
        Users::List { email, json } => print_all(desk, email, json).await?,
        Users::Disable { email } => measure(desk, &email, Measure::Disable, visit).await?,
        Users::Enable { email } => measure(desk, &email, Measure::Enable, visit).await?,
        Users::Unlock { email } => measure(desk, &email, Measure::Unlock, visit).await?,
        Users::SetRole { email, roles } => {
            let user = named(desk, &email).await?;
            let changed = set_roles(desk, user.id, &roles, None, visit).await.map_err(told)?;
            print(&changed, false);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(desk: &Desk, email: &str, measure: Measure, visit: &Visit) -> anyhow::Result<()> {
    let user = named(desk, email).await?;
    take_measure(desk, user.id, measure, None, visit).await.map_err(told)?;
    let user = named(desk, email).await?;
    print(&user, false);
    Ok(())
}

async fn named(desk: &Desk, email: &str) -> anyhow::Result<User> {
    let canonical = Email::parse(email).with_context(|| format!("{email:?}"))?;
    let found = by_email_with_hash(desk.db.reader(), &canonical).await.map_err(Fault::from)?;
    found.map(|(user, _)| user).with_context(|| format!("there is no account {canonical}"))
}

async fn print_all(desk: &Desk, email: Option<String>, json: bool) -> anyhow::Result<()> {
    const ON_PAGE: u64 = 500;
    let email = email.map(|email| Email::parse(&email).with_context(|| format!("{email:?}"))).transpose()?;
    let mut page = Page { after: None, limit: ON_PAGE, email };
    loop {
        let users = list(desk, &page).await?;
        users.iter().for_each(|user| print(user, json));
        match users.last() {
            Some(last) if users.len() as u64 == ON_PAGE => page.after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

fn print(user: &User, json: bool) {
    let roles: Vec<_> = user.roles.iter().map(|role| role.as_str()).collect();
    let state = if user.is_enabled() { "enabled" } else { "disabled" };
    if json {
        let name = user.name.as_ref().map(|name| name.as_str());
        let line = serde_json::json!({
            "id": user.id, "email": user.email, "name": name, "roles": roles, "state": state,
            "created_at": user.created_at, "last_login_at": user.last_login_at,
        });
        say(line);
    } else {
        say(format_args!("{}  {:8}  {}  {}", user.id, state, user.email, roles.join(" ")));
    }
}

fn new_password() -> anyhow::Result<SecretString> {
    let password = read_password()?;
    if password.expose_secret().is_empty() {
        bail!("no password on standard input; use --no-password to make an account without one");
    }
    Ok(password)
}

fn told(error: AccountError) -> anyhow::Error {
    match error {
        AccountError::Gone => anyhow::anyhow!("the account is gone"),
        AccountError::Invalid(invalid) => anyhow::anyhow!(words(&invalid)),
        AccountError::Fault(fault) => fault.into(),
    }
}

fn words(invalid: &[Invalid]) -> String {
    invalid.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>().join("; ")
}
