//! Settings that are fine by themselves and cannot both hold. Only pairs across sections live here; a section checks
//! its own.

use super::Config;
use super::leaf::Complaint;
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

    let (access, refresh) = (config.tokens.access_lifetime, config.sessions.refresh_lifetime);
    if config.sessions.refresh_tokens
        && access > refresh
        && reader.sound(&["tokens.access_lifetime", "sessions.refresh_lifetime", "sessions.refresh_tokens"])
    {
        let other = reader.origin("sessions.refresh_lifetime");
        reader.refuse(
            "tokens.access_lifetime",
            Complaint::with_help(
                format!(
                    "access tokens would live for {}, longer than the refresh tokens that renew them: \
                     `sessions.refresh_lifetime` is {} ({other})",
                    format_duration(access),
                    format_duration(refresh)
                ),
                "shorten the one, lengthen the other, or set `sessions.refresh_tokens = false`",
            ),
        );
    }
}
