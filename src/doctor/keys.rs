//! The keys that sign.

use std::time::Duration;

use super::Finding;
use crate::config::Config;
use crate::domain::clock::Timestamp;
use crate::store::keys::StoredKey;

const DAY: Duration = Duration::from_secs(86_400);

/// Beyond this, whoever could have copied a key has had the time.
const OLD: Duration = Duration::from_secs(366 * 86_400);

pub(super) fn findings(config: &Config, stored: &[StoredKey], now: Timestamp) -> Vec<Finding> {
    const WHAT: &str = "keys.age";
    let wanted = config.tokens.algorithm.to_string();
    let signs = |key: &&StoredKey| {
        key.algorithm.eq_ignore_ascii_case(&wanted) && key.retired_at.is_none() && key.signs_from <= now
    };
    let Some(key) = stored.iter().filter(signs).max_by_key(|key| key.signs_from) else {
        return vec![if config.tokens.hs256_secret.is_some() {
            Finding::ok(WHAT, "tokens are signed with tokens.hs256_secret, which nobody replaces but you")
        } else {
            Finding::warn(WHAT, format!("no key for {wanted} signs yet"), "the next start makes one")
        }];
    };
    let (age, lifetime) = (now.since(key.signs_from), config.keys.lifetime);
    let value = format!("the {wanted} key {} has signed for {} days", key.id, age.as_secs() / DAY.as_secs());
    vec![if !lifetime.is_zero() && age > lifetime + DAY {
        let advice = "it should have been replaced (keys.lifetime): no server runs, or its keys cannot be looked at; see its log";
        Finding::fail(WHAT, value, advice)
    } else if age > OLD {
        Finding::warn(WHAT, value, "run `guardhouse keys rotate`, or set keys.lifetime")
    } else {
        Finding::ok(WHAT, value)
    }]
}
