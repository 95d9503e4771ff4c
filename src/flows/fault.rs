//! What may go wrong in any flow, through nobody's wrong input.

use crate::actors::Refused;
use crate::actors::audit::NotRecorded;
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
    /// A token could not be made.
    #[error(transparent)]
    Seal(#[from] SealError),
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
