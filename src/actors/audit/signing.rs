//! Signing the end of the chain.

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::writer::AuditWriter;
use crate::domain::audit::checkpoint::Statement;
use crate::store::StoreError;

impl AuditWriter {
    /// Signs the end of the chain, unless that is done. Whether it is being done.
    pub(super) fn sign(&mut self, context: &mut Context<Self>) -> bool {
        let Some(signer) = self.parts.signer.clone() else { return false };
        let Some(head) = self.head.filter(|head| head.seq > self.signed && !self.signing) else {
            return false;
        };
        self.signing = true;
        let checkpoint =
            signer.load().sign(self.parts.instance, head, self.parts.clock.now(), Statement::Reached);
        let longest = self.longest;
        let (sink, signed) = (self.parts.sink.clone(), checkpoint.clone());
        let write = self.parts.runtime.spawn(async move {
            let written = tokio::time::timeout(longest, sink.sign(&signed)).await;
            written.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())))
        });
        context.spawn(write.into_actor(self).map(move |written, writer, context| {
            writer.signing = false;
            let written = written.unwrap_or_else(|panicked| Err(StoreError::Other(panicked.to_string())));
            match written {
                Ok(()) => {
                    writer.signed = checkpoint.head.seq;
                    // Outside of the database: who can change that cannot change this.
                    tracing::info!(%checkpoint, "signed the audit log");
                }
                Err(error) => {
                    tracing::warn!(%error, "a checkpoint of the audit log could not be stored");
                    // Whoever waits for the end does not wait for this.
                    writer.answer_draining();
                }
            }
            writer.finish_draining(context);
        }));
        true
    }
}
