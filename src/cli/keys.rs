//! `guardhouse keys`

use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Subcommand, ValueEnum};

use super::{runtime, say};
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::entropy::{SystemEntropy, bytes};
use crate::house;
use crate::tokens::keys::KeyAlgorithm;

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Make a key. A signing key goes into the database and signs from the next start on, while older ones still
    /// verify; a shared secret is printed, to be put into the configuration.
    Generate {
        /// What for.
        #[arg(long, value_enum)]
        algorithm: Algorithm,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Algorithm {
    /// JWT signatures with Ed25519.
    #[value(name = "EdDSA")]
    EdDsa,
    /// PASETO v4.public.
    #[value(name = "v4.public")]
    V4Public,
    /// Refresh tokens.
    #[value(name = "refresh")]
    Refresh,
    /// A shared secret for `tokens.hs256_secret`: printed, not stored.
    #[value(name = "HS256")]
    Hs256,
}

pub(super) fn run(config: &Config, Keys::Generate { algorithm }: &Keys) -> anyhow::Result<ExitCode> {
    let algorithm = match algorithm {
        Algorithm::Hs256 => {
            say(URL_SAFE_NO_PAD.encode(bytes::<48>(&SystemEntropy)));
            return Ok(ExitCode::SUCCESS);
        }
        Algorithm::EdDsa => KeyAlgorithm::EdDsa,
        Algorithm::V4Public => KeyAlgorithm::V4Public,
        Algorithm::Refresh => KeyAlgorithm::Refresh,
    };
    runtime()?.block_on(async {
        let db = house::database(config).await?;
        if config.database.migrate {
            db.migrate_up().await?;
        }
        let id = house::generate_key(config, &db, algorithm, SystemClock.now(), &SystemEntropy).await?;
        say(id);
        eprintln!("made; nodes that start from now on use it first");
        db.close().await;
        Ok(ExitCode::SUCCESS)
    })
}
