//! `guardhouse keys`

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Subcommand, ValueEnum};
use futures_util::FutureExt;

use super::desk::with_desk;
use super::say;
use crate::config::Config;
use crate::domain::entropy::{SystemEntropy, bytes};
use crate::flows::keys::{import, retire, rotate};
use crate::flows::{Desk, Visit};
use crate::keyring::Listed;
use crate::tokens::algorithm::KeyAlgorithm;
use crate::tokens::import::{MAX_KEY_TEXT_BYTES, import as read_key};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Show every key there is or was, and what it is good for.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Make a new key. Running servers publish it at once and sign with it after `keys.announcement`; what older keys
    /// have signed is accepted until it expires.
    Rotate {
        /// What for; `tokens.algorithm` if not given.
        #[arg(long, value_enum)]
        algorithm: Option<Algorithm>,
        /// Sign with it from now on. Verifiers that have not fetched it yet refuse its tokens for as long as they keep
        /// the published keys, and other servers until their next look (`keys.poll_interval`).
        #[arg(long)]
        at_once: bool,
    },
    /// Add a key that was made elsewhere: PEM (PKCS#8, PKCS#1, SEC1), a private JWK, or PASERK.
    Import {
        /// What for.
        #[arg(long, value_enum)]
        algorithm: Algorithm,
        /// The file, or `-` for standard input.
        file: PathBuf,
        /// Sign with it from now on; see `rotate`.
        #[arg(long)]
        at_once: bool,
    },
    /// Print the public keys for those who verify.
    ExportPublic {
        /// In which form.
        #[arg(long, value_enum, default_value = "jwks")]
        format: Format,
    },
    /// Retire a key before its time, because somebody else may have it: every token it has signed is refused. The key
    /// that signs has to be rotated first.
    Retire {
        /// Its `kid`.
        kid: String,
    },
    /// Print a fresh shared secret for `tokens.hs256_secret`; nothing is stored.
    Secret,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Algorithm {
    /// JWT signatures with Ed25519.
    #[value(name = "EdDSA")]
    EdDsa,
    /// JWT signatures with ECDSA on P-256.
    #[value(name = "ES256")]
    Es256,
    /// JWT signatures with RSA.
    #[value(name = "RS256")]
    Rs256,
    /// JWTs with a secret that only the servers have.
    #[value(name = "HS256")]
    Hs256,
    /// PASETO v4.public.
    #[value(name = "v4.public")]
    V4Public,
    /// PASETO v4.local, encrypted.
    #[value(name = "v4.local")]
    V4Local,
    /// Refresh tokens.
    #[value(name = "refresh")]
    Refresh,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// A JWK set, as at `/.well-known/jwks.json`.
    Jwks,
    /// PASERK, as at `/.well-known/paserk.json`.
    Paserk,
}

impl From<Algorithm> for KeyAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::EdDsa,
            Algorithm::Es256 => Self::Es256,
            Algorithm::Rs256 => Self::Rs256,
            Algorithm::Hs256 => Self::Hs256,
            Algorithm::V4Public => Self::V4Public,
            Algorithm::V4Local => Self::V4Local,
            Algorithm::Refresh => Self::Refresh,
        }
    }
}

pub(super) fn run(config: Config, command: Keys) -> anyhow::Result<ExitCode> {
    if matches!(command, Keys::Secret) {
        say(URL_SAFE_NO_PAD.encode(bytes::<48>(&SystemEntropy)));
        return Ok(ExitCode::SUCCESS);
    }
    with_desk(config, "guardhouse keys", |desk, visit| carry_out(desk, command, visit).boxed())
}

async fn carry_out(desk: &Desk, command: Keys, visit: &Visit) -> anyhow::Result<ExitCode> {
    match command {
        Keys::List { json } => desk.keys.list(visit.now).iter().for_each(|key| print(key, json)),
        Keys::Rotate { algorithm, at_once } => {
            print(&rotate(desk, algorithm.map(Into::into), at_once, None, visit).await?, false);
        }
        Keys::Import { algorithm, file, at_once } => {
            let key =
                read_key(algorithm.into(), &read(&file)?).with_context(|| format!("{}", file.display()))?;
            print(&import(desk, key, at_once, None, visit).await?, false);
        }
        Keys::ExportPublic { format } => {
            let published = desk.keys.published();
            say(match format {
                Format::Jwks => serde_json::to_string_pretty(&published.jwks)?,
                Format::Paserk => serde_json::to_string_pretty(&published.paserks)?,
            });
        }
        Keys::Retire { kid } => retire(desk, &kid, None, visit).await?,
        Keys::Secret => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_KEY_TEXT_BYTES as u64 + 1).read_to_string(&mut text)?;
    } else {
        let opened =
            std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let read = opened.take(MAX_KEY_TEXT_BYTES as u64 + 1).read_to_string(&mut text);
        read.with_context(|| format!("{} is not text", file.display()))?;
    }
    Ok(text)
}

fn print(listed: &Listed, json: bool) {
    let (key, phase) = (&listed.key, listed.phase_name());
    if json {
        say(serde_json::json!({
            "kid": key.id, "algorithm": key.algorithm, "phase": phase, "created_at": key.created_at,
            "signs_from": key.signs_from, "retired_at": key.retired_at,
        }));
    } else {
        say(format_args!("{}  {:9}  {phase:9}  signs from {}", key.id, key.algorithm, key.signs_from));
    }
}
