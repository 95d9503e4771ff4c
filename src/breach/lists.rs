//! The lists that a house refuses new passwords by, as configured.

use std::path::Path;
use std::sync::Arc;

use super::{BreachFilter, FilterFault, common, spellings};
use crate::domain::password::{Password, Violation};

/// The configured lists. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    common: Option<Arc<BreachFilter>>,
    breached: Option<Arc<BreachFilter>>,
}

/// A list could not be asked, so nobody knows whether the password is on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unasked(String);

impl Lists {
    /// The built-in list where `common`, and the filter at `breached`.
    ///
    /// # Errors
    ///
    /// [`FilterFault`] when the file is no sound filter.
    pub fn open(common_too: bool, breached: Option<&Path>) -> Result<Self, FilterFault> {
        let breached = breached.map(BreachFilter::open).transpose()?;
        if let Some(filter) = &breached {
            let (entries, source) = (filter.entries(), filter.source());
            tracing::info!(entries, source, "passwords that were stolen elsewhere are refused");
        }
        Ok(Self { common: common_too.then(common).map(Arc::new), breached: breached.map(Arc::new) })
    }

    /// On which of the lists `password` is. Asked on a thread that may wait for the disk.
    ///
    /// # Errors
    ///
    /// [`Unasked`] when a file cannot be read or is damaged.
    pub async fn violations(&self, password: &Password) -> Result<Vec<Violation>, Unasked> {
        let (lists, password) = (self.clone(), password.clone());
        let asked = tokio::task::spawn_blocking(move || lists.ask(&password)).await;
        asked.map_err(|panicked| Unasked(panicked.to_string()))?.map_err(|error| Unasked(error.to_string()))
    }

    fn ask(&self, password: &Password) -> std::io::Result<Vec<Violation>> {
        let mut violations = Vec::new();
        if let Some(common) = &self.common {
            for spelling in spellings(password.as_str()) {
                if common.contains(spelling.as_bytes())? {
                    violations.push(Violation::Common);
                    break;
                }
            }
        }
        if let Some(breached) = &self.breached
            && breached.contains(password.as_bytes())?
        {
            violations.push(Violation::Breached);
        }
        Ok(violations)
    }
}
