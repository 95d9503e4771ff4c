//! Why nothing came of a back-up or a restore: it is told of the database or of the file, whichever it was.

use std::path::Path;

use crate::archive::ArchiveFault;
use crate::copy::Difference;
use crate::store::StoreError;
use crate::store::copy::CopyFault;

#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Database(#[from] CopyFault),
    #[error(transparent)]
    File(#[from] ArchiveFault),
    /// Somebody else wrote into the database.
    #[error("what is there now is not what is in the file: {0}; make an empty database and begin again")]
    Different(Difference),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Database(error.into())
    }
}

impl Fault {
    /// With the name of what it happened to.
    pub(super) fn named(self, place: &str, file: &Path) -> anyhow::Error {
        let named = match self {
            Self::Database(_) | Self::Different(_) => place.to_owned(),
            Self::File(_) => file.display().to_string(),
        };
        anyhow::Error::from(self).context(named)
    }
}
