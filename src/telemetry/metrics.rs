//! The catalogue of metrics: every name with its unit and what it means.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// From a refused request (microseconds) to a hash behind a full queue (seconds).
const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Powers of two up to the largest audit batch.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Makes the process's recorder. There can be one for each process; the handle renders it.
///
/// # Errors
///
/// When there is a recorder already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".into()), COUNTS)?
        .install_recorder()?;
    describe();
    gauge!("guardhouse_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

fn describe() {
    let counters = [
        ("auth_login_success_total", "sign-ins that succeeded"),
        ("auth_login_failure_total", "sign-ins with a wrong password, an unknown or a disabled account"),
        ("auth_token_refresh_total", "refresh tokens exchanged"),
        ("guardhouse_registrations_total", "people who registered"),
        ("guardhouse_http_requests_total", "requests answered, by method, route and status"),
        (
            "guardhouse_gate_refused_total",
            "messages not handled, by gate and reason (full, slow, stale, crashed)",
        ),
        (
            "guardhouse_connections_refused_total",
            "connections closed before HTTP began, by reason: no proper PROXY protocol header (untrusted, late, ended, malformed), no TLS (tls, late)",
        ),
        ("guardhouse_refusals_held_total", "refusals answered late, to clients who came back too soon"),
        ("guardhouse_actor_restarts_total", "actors restarted after a panic"),
        ("guardhouse_flow_panics_total", "use cases that panicked"),
        ("guardhouse_rate_limited_total", "attempts beyond a rate limit, by rule"),
        (
            "guardhouse_limits_uncounted_total",
            "attempts that could not be counted in the shared limits, by what became of them",
        ),
        ("guardhouse_limits_exhausted_total", "limits whose last place a wrong password took, by rule"),
        ("guardhouse_logins_slowed_total", "sign-ins held because many guess at the account"),
        ("guardhouse_refresh_replays_total", "refresh tokens presented long after they were exchanged"),
        ("guardhouse_keys_unusable_total", "stored keys that did not open and were left out"),
        ("guardhouse_config_reloads_total", "configurations loaded by SIGHUP, by outcome (taken, refused)"),
        ("guardhouse_clients_refused_total", "credentials of services that were wrong"),
        ("guardhouse_sessions_opened_total", "sessions opened"),
        ("guardhouse_sessions_ended_total", "sessions ended before their time, by reason"),
        ("guardhouse_sessions_swept_total", "expired sessions removed"),
        ("guardhouse_audit_written_total", "audit events committed in groups"),
        (
            "guardhouse_audit_linked_total",
            "records that were given their place in the chain after their commit",
        ),
        ("guardhouse_audit_spooled_total", "audit events that went to the spool while the database was away"),
        ("guardhouse_audit_write_failures_total", "groups of audit events that must be tried again"),
        ("guardhouse_audit_lost_total", "audit events that were not accepted, by kind"),
        ("guardhouse_spans_exported_total", "spans that the collector of traces took"),
        (
            "guardhouse_spans_dropped_total",
            "spans that no collector got, by reason: too many waited (full), it did not take them (refused)",
        ),
        (
            "guardhouse_deliveries_total",
            "tries to deliver audit records, by delivery and outcome (delivered, retried, dead)",
        ),
    ];
    for (name, help) in counters {
        describe_counter!(name, Unit::Count, help);
    }
    let gauges = [
        ("guardhouse_gate_depth", "messages waiting or being handled, by gate"),
        ("guardhouse_limiter_keys", "keys of this node with attempts that still count"),
        ("guardhouse_limiter_bytes", "memory of this node that they are reckoned to take"),
        ("guardhouse_limiter_budget_bytes", "memory of this node that they may take"),
        (
            "guardhouse_busiest_address_share",
            "share of the requests that the busiest address sent in the last minute",
        ),
        ("guardhouse_limits_store_up", "whether the shared limits are in reach (1) or done without (0)"),
        ("guardhouse_revocations", "revocations held in memory"),
        ("guardhouse_revocations_fresh_timestamp_seconds", "up to when this node knows every ended session"),
        (
            "guardhouse_database_connections",
            "connections to the database, by pool (read, write) and state (busy, idle)",
        ),
        (
            "guardhouse_redis_latency_seconds",
            "time of the commands to Redis of the last seconds, by statistic (mean, max)",
        ),
        (
            "guardhouse_signing_key_timestamp_seconds",
            "since when the key that signs has signed; 0 for a shared secret",
        ),
        ("guardhouse_build_info", "1, with the version of the program"),
        ("guardhouse_audit_spooled_bytes", "audit events that wait in the spool for the database"),
        (
            "guardhouse_sessions_overdue_seconds",
            "for how long the oldest expired session waits for the sweep",
        ),
        ("guardhouse_audit_pending", "audit events not yet committed"),
        (
            "guardhouse_delivery_failures",
            "failures in a row of a delivery whose receiver is left alone for a while",
        ),
        ("guardhouse_config_loaded_timestamp_seconds", "when the configuration that holds was loaded"),
        ("guardhouse_keys_looked_at_timestamp_seconds", "when this node last looked at the stored keys"),
    ];
    for (name, help) in gauges {
        describe_gauge!(name, Unit::Count, help);
    }
    let lag = "age of the oldest record that a delivery could not deliver yet";
    describe_gauge!("guardhouse_delivery_lag_seconds", Unit::Seconds, lag);
    let overdue = "for how long the oldest expired session has waited for the sweep";
    describe_gauge!("guardhouse_sessions_overdue_seconds", Unit::Seconds, overdue);
    let times = [
        ("auth_operation_duration_seconds", "time of a use case, by operation and outcome"),
        ("guardhouse_http_request_duration_seconds", "time of a request, by method, route and status"),
        ("guardhouse_gate_wait_seconds", "time from entering a gate to being picked up, by gate"),
        ("guardhouse_gate_work_seconds", "time from being picked up to the answer, by gate"),
        (
            "guardhouse_hash_seconds",
            "time of hashing a password, by operation (hash, verify) and scheme of the stored hash",
        ),
        (
            "guardhouse_database_seconds",
            "time at the database, waits for it included, by kind (read, write, transaction)",
        ),
        ("guardhouse_revocation_lag_seconds", "time from a revocation to this node knowing of it"),
    ];
    for (name, help) in times {
        describe_histogram!(name, Unit::Seconds, help);
    }
    describe_histogram!("guardhouse_audit_batch_size", Unit::Count, "audit events in one commit");
}
