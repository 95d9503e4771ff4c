//! `guardhouse serve`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use sd_notify::NotifyState;

use super::foundations;
use crate::config::{Config, Sources};
use crate::house::Reloader;
use crate::{lifecycle, telemetry};

pub(super) fn serve(config: Config, sources: Sources) -> anyhow::Result<ExitCode> {
    let filter = Some(telemetry::logs::install(&config.log)?);
    let data_dir = config.data_dir.clone();
    let running = lifecycle::start(foundations(config)?, Some(Reloader { sources, filter }))?;
    let (address, ops_address) = (running.address, running.ops_address);
    tracing::info!(%address, %ops_address, "listening");
    let [public, ops] = lifecycle::ADDRESS_FILES;
    let files = [write(&data_dir, public, address)?, write(&data_dir, ops, ops_address)?];
    // A service manager that waits for it may now start what needs this server.
    tell_manager(NotifyState::Ready);
    let code = running.wait();
    for file in files {
        // Whoever still finds the file would ask an address that may be somebody else's by now.
        let _ = std::fs::remove_file(file);
    }
    Ok(code)
}

/// Tells systemd, where it wants to be told (`Type=notify`).
fn tell_manager(state: NotifyState) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}

/// Leaves an address for scripts, whole or not at all.
fn write(data_dir: &Path, name: &str, address: SocketAddr) -> anyhow::Result<PathBuf> {
    let (path, draft) = (data_dir.join(name), data_dir.join(format!("{name}.new")));
    std::fs::write(&draft, format!("{address}\n"))
        .and_then(|()| std::fs::rename(&draft, &path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
