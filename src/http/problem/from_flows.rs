//! What flows have in common, as problems. What only one flow may say stands beside its handler.

use std::collections::BTreeSet;

use super::{Code, FieldError, Problem, Told, told, whole_seconds};
use crate::flows::fault::Meaning;
use crate::flows::users::Denied;
use crate::flows::{Fault, Invalid, Limited};

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault.meaning() {
            Meaning::Overloaded { retry_after } => Self::new(Code::Overloaded).retry_after(retry_after),
            Meaning::StorageUnavailable => {
                tracing::warn!(%fault, "a store is unavailable");
                Self::new(Code::StorageUnavailable).header("retry-after", "1")
            }
            Meaning::Internal => {
                tracing::error!(%fault, "a request failed");
                Self::new(Code::Internal)
            }
        }
    }
}

impl From<Limited> for Problem {
    /// `RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-09.
    fn from(limited: Limited) -> Self {
        let seconds = whole_seconds(limited.retry_after);
        let (rule, window) = (limited.rule.as_str(), limited.window);
        Self::new(Code::RateLimited)
            .detail(format!("too many attempts; try again in {seconds} s"))
            .retry_after(limited.retry_after)
            .header("ratelimit", format!("\"{rule}\";r=0;t={seconds}"))
            .header("ratelimit-policy", format!("\"{rule}\";q={};w={}", window.max, window.per.as_secs()))
    }
}

impl From<Vec<Invalid>> for Problem {
    fn from(invalid: Vec<Invalid>) -> Self {
        let error =
            |Invalid { pointer, code, detail }| FieldError { pointer: pointer.to_owned(), code, detail };
        Self::new(Code::ValidationFailed).errors(invalid.into_iter().map(error).collect())
    }
}

told!(Denied { NotYours => NotYours, RoleRequired => RoleRequired } {});

impl Told for Fault {
    fn codes(into: &mut BTreeSet<Code>) {
        into.extend([Code::Overloaded, Code::StorageUnavailable, Code::Internal]);
    }
}

impl Told for Limited {
    fn codes(into: &mut BTreeSet<Code>) {
        into.insert(Code::RateLimited);
    }
}

impl Told for Vec<Invalid> {
    fn codes(into: &mut BTreeSet<Code>) {
        into.insert(Code::ValidationFailed);
    }
}
