//! `guardhouse clients`

use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;

use super::say;
use crate::domain::entropy::{SystemEntropy, bytes};
use crate::domain::secret::{CLIENT_SECRET_PREFIX, Sha256Digest};

#[derive(Subcommand)]
pub(super) enum Clients {
    /// Make the secret of a client, and the line of the configuration that knows it. The secret is printed once, to be
    /// given to the client, and stored nowhere.
    Secret,
}

pub(super) fn run(Clients::Secret: &Clients) -> anyhow::Result<ExitCode> {
    let secret = format!("{CLIENT_SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes::<32>(&SystemEntropy)));
    say(&secret);
    say(format_args!("secret_sha256 = \"{}\"", Sha256Digest::of(&secret)));
    eprintln!("the first line is for the client; the second belongs below [clients.NAME], beside `may`");
    Ok(ExitCode::SUCCESS)
}
