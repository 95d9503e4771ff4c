//! What can be wrong with the file of a back-up.

use std::io;

/// The file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveFault {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("it is no back-up: {0}")]
    NotABackup(&'static str),
    /// It was made under another passphrase, or its beginning was altered.
    #[error(
        "it does not open with this passphrase: it was made under another one, or its beginning was altered"
    )]
    WrongPassphrase,
    /// Opening it would take more memory than anything that was made here.
    #[error("its header asks for scrypt with 2^{0}, and no more than 2^20 is done")]
    TooExpensive(u8),
    /// A piece is not what was written, or the end is missing.
    #[error(
        "it was cut off or altered: what comes after the first {0} bytes of its content is not what was written"
    )]
    Altered(u64),
    /// What was sealed is none of ours.
    #[error("its content is no back-up of this version: {0}")]
    Content(&'static str),
}
