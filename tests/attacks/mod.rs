//! The table of attacks: each that concerns this release is a test named after its id; the others say what they wait
//! for. Many are told at length in `tests/http`, `tests/tokens`, `tests/stores` and `tests/kill.rs`; here is the short
//! form over HTTP, and the whole list in one place:
//!
//! ```text
//! cargo test --test guardhouse attacks::the_table -- --nocapture
//! ```

mod credentials;
mod faults;
mod sessions;
mod tokens;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

/// What became of one attack.
type Outcome = Result<(), String>;

/// Runs an attack and keeps what became of it: the table and the attack's own test share one run.
fn outcome(cell: &OnceLock<Outcome>, attack: fn()) -> &Outcome {
    cell.get_or_init(|| {
        catch_unwind(AssertUnwindSafe(attack)).map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without words")
                .to_owned()
        })
    })
}

macro_rules! attacks {
    ($($id:literal $room:ident::$name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                if let Err(how) = outcome(&runs::$name, $room::$name) {
                    panic!("{}: {how}", $id);
                }
            }
        )*

        #[allow(non_upper_case_globals, reason = "one cell for each attack, named after it")]
        mod runs {
            use super::{OnceLock, Outcome};
            $(pub(super) static $name: OnceLock<Outcome> = OnceLock::new();)*
        }

        /// Every attack of this release, run if it has not been yet.
        fn table() -> Vec<(&'static str, &'static str, &'static Outcome)> {
            vec![$(($id, stringify!($name), outcome(&runs::$name, $room::$name)),)*]
        }
    };
}

attacks! {
    "J36" tokens::j36_unprotected_header_names_the_algorithm,
    "J37" tokens::j37_encrypted_tokens_are_refused_before_any_work,
    "J38" tokens::j38_a_removed_key_is_refused_and_an_older_one_is_not,
    "J39" tokens::j39_clock_moved_back_and_forth,
    "J40" tokens::j40_issued_in_the_future_and_the_same_jti_twice,
    "P1" tokens::p1_no_official_vector_is_a_token_of_ours,
    "P14" tokens::p14_paserk_texts_and_wrapped_keys_are_no_tokens,
    "S10" sessions::s10_disabled_and_deleted_users_are_out_at_once,
    "S11" sessions::s11_a_role_removed_while_a_token_lives,
    "S12" sessions::s12_a_stale_view_of_revocations_never_says_not_revoked,
    "S13" sessions::s13_a_second_instance_learns_of_a_revocation_in_time,
    "R7" sessions::r7_a_client_that_lost_the_answer_gets_no_second_chain,
    "R9" sessions::r9_sliding_refresh_ends_at_the_absolute_end,
    "R10" sessions::r10_the_database_holds_no_token_and_no_password,
    "R11" sessions::r11_two_hundred_sessions_for_one_user,
    "R12" sessions::r12_refresh_races_on_every_database,
    "L3" credentials::l3_a_user_with_an_older_hash_looks_like_nobody,
    "W8" credentials::w8_fifty_parallel_logins_are_served_or_told_to_wait,
    "W9" credentials::w9_both_normal_forms_of_a_password_work,
    "W11" credentials::w11_a_hash_is_renewed_at_login,
    "W12" credentials::w12_a_tampered_hash_lets_nobody_in_and_costs_nothing,
    "W14" credentials::w14_without_its_list_no_new_password_is_accepted_and_logins_go_on,
    "W13" credentials::w13_unusable_markers_never_match,
    "E7" credentials::e7_no_collation_takes_one_address_for_another,
    "E8" credentials::e8_nul_is_refused_before_the_database,
    "H5" wire::h5_who_reads_slowly_keeps_nobody_out,
    "H19" wire::h19_a_proxy_header_from_an_untrusted_peer,
    "H20" wire::h20_no_tls_is_spoken_and_none_is_pretended,
    "X10" wire::x10_the_rightmost_untrusted_address_counts,
    "X13" wire::x13_limits_hold_when_the_clock_steps_and_keys_are_strange,
    "X14" wire::x14_every_proof_of_a_password_is_under_the_same_limit,
    "I7" faults::i7_whatever_is_changed_in_the_audit_log_is_found_and_named,
    "I13" wire::i13_a_planted_cookie_is_refused_and_the_genuine_one_still_works,
    "I2" wire::i2_filters_and_orders_are_an_allow_list,
    "F1" faults::f1_without_a_database_nobody_gets_in,
    "F2" faults::f2_after_a_stop_no_token_is_good_twice,
    "F3" faults::f3_a_panic_or_a_full_queue_hurts_no_other,
}

/// What has nothing to attack yet.
const LATER: [(&str, &str); 16] = [
    ("M3", "no password reset by mail yet"),
    ("M5", "no mails yet"),
    ("M6", "the address of an account cannot be changed yet"),
    ("E9", "no social login yet"),
    ("I8", "many writers, kill -9 and two processes: tests/kill.rs, with the chain proved after each"),
    ("O4", "no authorization codes yet"),
    ("O9", "no scopes and no clients yet"),
    ("O10", "no clients yet"),
    ("O11", "no consent page yet"),
    ("O12", "no dynamic registration yet"),
    ("O13", "no social login yet"),
    ("O14", "no passkeys yet"),
    ("T2", "no recovery codes yet"),
    ("H5/2", "HTTP/2 is not spoken; its preface is refused (framing)"),
    ("X13/redis", "with Redis down, slow or emptied: http::shared_limits"),
    ("S12/redis", "with Redis stopped and emptied: with the tests of the Redis store"),
];

#[test]
fn the_table() {
    let rows = table();
    for (id, name, outcome) in &rows {
        println!("{id:<10} {name:<70} {}", if outcome.is_ok() { "holds" } else { "DOES NOT HOLD" });
    }
    for (id, why) in LATER {
        println!("{id:<10} later: {why}");
    }
    let failed: Vec<_> =
        rows.iter().filter_map(|(id, _, outcome)| outcome.as_ref().err().map(|how| (id, how))).collect();
    assert!(failed.is_empty(), "{failed:?}");
}
