//! An event as it is stored and proved: what is hashed, and how what is personal can be erased without a trace and
//! without breaking the proof.
//!
//! The address, the user agent and the request id are hashed by themselves, with a salt of the row: the commitment.
//! The record's own hash covers the commitment only. Erasing removes the three and the salt; what stays proves that
//! nothing else was changed, and without the salt nobody can try all addresses against it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Event;
use super::octets::{Encoding, Hash, Salt};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::{Entropy, bytes};
use crate::domain::id::InstanceId;

/// The most characters of a detail that are kept.
pub const DETAIL_LENGTH: usize = 512;

/// An event with its id and the process that saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// UUIDv7, from the time of the event.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// The kind's name.
    pub kind: String,
    /// How it went.
    pub outcome: String,
    /// Whom it is about.
    pub user: Option<Uuid>,
    /// Who did it, where that is somebody else.
    pub actor: Option<Uuid>,
    /// In which session.
    pub session: Option<Uuid>,
    /// More for the operator.
    pub detail: Option<String>,
    /// The process that saw it.
    pub instance: InstanceId,
    /// The commitment to what is personal.
    pub commitment: Hash,
    /// What is personal, unless it was erased.
    pub personal: Option<Personal>,
}

/// What can be traced to a person or a device, with the salt of its commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// See the module.
    pub salt: Salt,
    /// The client's address, as far as `audit.address` lets it be kept.
    pub address: String,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// The request's id, which the client may have chosen.
    pub request_id: String,
}

impl Personal {
    /// The hash that stands for it in the record's.
    pub fn commitment(&self) -> Hash {
        Encoding::new("guardhouse audit personal v1")
            .field(self.salt.0)
            .field(&self.address)
            .optional(self.user_agent.as_ref())
            .field(&self.request_id)
            .hash()
    }
}

impl Record {
    /// `event` as `instance` saw it, under the name `id`, with `address` in place of the client's.
    pub fn new(
        id: Uuid,
        instance: InstanceId,
        event: &Event,
        address: String,
        entropy: &dyn Entropy,
    ) -> Self {
        let Event { at, kind, outcome, subject, origin } = event;
        let personal = Personal {
            salt: Salt(bytes(entropy)),
            address,
            user_agent: origin.user_agent.clone(),
            request_id: origin.request_id.clone(),
        };
        Self {
            id,
            at: *at,
            kind: (*kind).to_owned(),
            outcome: outcome.as_str().to_owned(),
            user: subject.user.map(|id| id.0),
            actor: subject.actor.map(|id| id.0),
            session: subject.session.map(|id| id.0),
            detail: subject.detail.as_ref().map(|text| text.chars().take(DETAIL_LENGTH).collect()),
            instance,
            commitment: personal.commitment(),
            personal: Some(personal),
        }
    }

    /// Who acted: the one whose address it is.
    pub fn acting(&self) -> Option<Uuid> {
        self.actor.or(self.user)
    }

    /// Whether what is personal is what was committed to. What was erased says nothing any more.
    pub fn keeps_its_commitment(&self) -> bool {
        self.personal.as_ref().is_none_or(|personal| personal.commitment() == self.commitment)
    }

    /// The record's hash, the same before and after its personal part is erased.
    pub fn digest(&self) -> Hash {
        Encoding::new("guardhouse audit event v1")
            .field(self.id.as_bytes())
            .field(self.at.micros().to_be_bytes())
            .field(&self.kind)
            .field(&self.outcome)
            .optional(self.user.as_ref().map(Uuid::as_bytes))
            .optional(self.actor.as_ref().map(Uuid::as_bytes))
            .optional(self.session.as_ref().map(Uuid::as_bytes))
            .optional(self.detail.as_ref())
            .field(self.instance.0.as_bytes())
            .field(self.commitment.0)
            .hash()
    }
}
