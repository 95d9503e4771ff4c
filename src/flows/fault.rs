//! What may go wrong in any flow, through nobody's wrong input.

use std::time::Duration;

use crate::actors::Refused;
use crate::actors::audit::NotRecorded;
use crate::breach::Unasked;
use crate::store::StoreError;
use crate::tokens::SealError;

/// A fault of the house itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An actor did not take the work.
    #[error(transparent)]
    Busy(#[from] Refused),
    /// The audit log did not take the record, and nothing may happen without one.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
    /// A list of refused passwords could not be asked.
    #[error(transparent)]
    Unasked(#[from] Unasked),
    /// A token could not be made.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What a fault means to whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Too much at once; nothing was done.
    Overloaded {
        /// When there is likely to be room.
        retry_after: Duration,
    },
    /// A store is away; the same request may succeed later.
    StorageUnavailable,
    /// A bug, or data that nobody here wrote.
    Internal,
}

impl Fault {
    /// What to tell whoever asked; the details are for the log.
    pub fn meaning(&self) -> Meaning {
        match self {
            Self::Store(StoreError::Unavailable(_) | StoreError::Contended(_))
            | Self::NotRecorded(_)
            | Self::Unasked(_) => Meaning::StorageUnavailable,
            Self::Busy(Refused::Full { retry_after }) => Meaning::Overloaded { retry_after: *retry_after },
            Self::Busy(Refused::Stale) => Meaning::Overloaded { retry_after: Duration::from_secs(1) },
            Self::Busy(Refused::Crashed)
            | Self::Seal(_)
            | Self::Store(StoreError::Conflict(_) | StoreError::Corrupt { .. } | StoreError::Other(_)) => {
                Meaning::Internal
            }
        }
    }
}

/// Lets `?` turn every fault into a flow's own error, which must have a variant `Fault`.
macro_rules! carries_faults {
    ($error:ty) => {
        impl<F> From<F> for $error
        where
            $crate::flows::Fault: From<F>,
        {
            fn from(fault: F) -> Self {
                Self::Fault(fault.into())
            }
        }
    };
}
pub(super) use carries_faults;
