//! Makes a record of an event: its id, its salt, and as much of the address as is kept.

use std::sync::Arc;

use crate::domain::audit::Event;
use crate::domain::audit::address::Addresses;
use crate::domain::audit::record::Record;
use crate::domain::entropy::Entropy;
use crate::domain::id::{InstanceId, uuid_v7};

/// What all records of this process have in common.
#[derive(Clone)]
pub(super) struct Recorder {
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) instance: InstanceId,
    pub(super) addresses: Addresses,
}

impl Recorder {
    pub(super) fn record(&self, event: &Event) -> Record {
        let id = uuid_v7(event.at, &*self.entropy);
        Record::new(id, self.instance, event, self.addresses.kept(event.origin.address), &*self.entropy)
    }
}
