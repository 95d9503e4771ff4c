//! Settings that are fine by themselves and cannot both hold. Only pairs across sections live here; a section checks
//! its own.

use std::time::Duration;

use super::Config;
use super::leaf::Complaint;
use super::limits::LimitStoreKind;
use super::reader::Reader;
use super::sessions::SessionStoreKind;
use crate::domain::duration::format_duration;

pub(super) fn check(reader: &mut Reader, config: &Config) {
    if config.sessions.store == SessionStoreKind::Redis
        && config.redis.is_none()
        && reader.sound(&["sessions.store", "redis.url", "redis.url_file"])
    {
        reader.refuse(
            "sessions.store",
            Complaint::with_help(
                "sessions are to be kept in `redis`, but `redis.url` is not set",
                "set `redis.url`, `redis.url_file` or the variable REDIS_URL, or use `sessions.store = \"database\"`",
            ),
        );
    }

    // One address that is missing is one fault.
    if config.limits.enabled
        && config.limits.store == LimitStoreKind::Redis
        && config.sessions.store != SessionStoreKind::Redis
        && config.redis.is_none()
        && reader.sound(&["limits.enabled", "limits.store", "redis.url", "redis.url_file"])
    {
        reader.refuse(
            "limits.store",
            Complaint::with_help(
                "limits are to be counted in `redis`, but `redis.url` is not set",
                "set `redis.url`, `redis.url_file` or the variable REDIS_URL, or use `limits.store = \"memory\"`",
            ),
        );
    }

    // The idle timeout is itself no longer than the life of a session.
    let (access, idle) = (config.tokens.access_lifetime, config.sessions.idle_timeout);
    if config.sessions.refresh_tokens
        && access > idle
        && reader.sound(&["tokens.access_lifetime", "sessions.idle_timeout", "sessions.refresh_tokens"])
    {
        let other = reader.origin("sessions.idle_timeout");
        reader.refuse(
            "tokens.access_lifetime",
            Complaint::with_help(
                format!(
                    "access tokens would live for {}, longer than a session that is not used: `sessions.idle_timeout` is \
                     {} ({other})",
                    format_duration(access),
                    format_duration(idle)
                ),
                "shorten the one, lengthen the other, or set `sessions.refresh_tokens = false`",
            ),
        );
    }

    let staleness = config.sessions.revocation.max_staleness;
    if config.sessions.store == SessionStoreKind::Redis
        && staleness < Duration::from_secs(1)
        && reader.sound(&["sessions.store", "sessions.revocation.max_staleness"])
    {
        reader.refuse(
            "sessions.revocation.max_staleness",
            Complaint::with_help(
                format!(
                    "the feed in Redis is read a few times a second and would always be older than {}",
                    format_duration(staleness)
                ),
                "use 1s or more",
            ),
        );
    }
}
