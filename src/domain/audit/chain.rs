//! The chain of one process's log: each record's link is a hash over its place, its predecessor's link and itself.

use serde::{Deserialize, Serialize};

use super::octets::{Encoding, Hash};
use super::record::Record;
use crate::domain::id::InstanceId;

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The number of the last record, counting from 1; 0 where there is none.
    pub seq: u64,
    /// Its link.
    pub link: Hash,
}

impl Head {
    /// Of a chain without records.
    pub const START: Self = Self { seq: 0, link: Hash::ZERO };

    /// The end of `chain` once the record with this `digest` is behind this one.
    #[must_use]
    pub fn then(&self, chain: InstanceId, digest: &Hash) -> Self {
        let seq = self.seq.saturating_add(1);
        let link = Encoding::new("guardhouse audit link v1")
            .field(chain.0.as_bytes())
            .field(seq.to_be_bytes())
            .field(self.link.0)
            .field(digest.0)
            .hash();
        Self { seq, link }
    }
}

/// A record in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// The chain it stands in: the process that linked it.
    pub chain: InstanceId,
    /// Its place and its link.
    #[serde(flatten)]
    pub head: Head,
    /// What stands there.
    #[serde(flatten)]
    pub record: Record,
}

/// The detail of a chain's first record: the newest checkpoint of another chain that it saw. Whoever removes that
/// chain, or its end, would have to change this one too.
pub fn names_predecessor(chain: InstanceId, head: &Head) -> String {
    format!("after {chain} {} {}", head.seq, head.link)
}

/// What [`names_predecessor`] wrote.
pub fn named_predecessor(detail: &str) -> Option<(InstanceId, Head)> {
    let mut words = detail.strip_prefix("after ")?.split(' ');
    let chain = words.next()?.parse().ok()?;
    let head = Head { seq: words.next()?.parse().ok()?, link: words.next()?.parse().ok()? };
    words.next().is_none().then_some((chain, head))
}
