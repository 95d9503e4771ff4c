//! The rules of a single log and of windows.

use proptest::prelude::*;

use super::*;
use crate::domain::clock::Timestamp;

fn windows() -> impl Strategy<Value = Vec<Window>> {
    prop::collection::vec(
        (1u32..6, 1u64..60).prop_map(|(max, per)| Window { max, per: Duration::from_secs(per) }),
        1..3,
    )
}

proptest! {
    #[test]
    fn no_window_ever_holds_more_than_its_maximum(windows in windows(), gaps in prop::collection::vec(0i64..20, 1..80)) {
        let (mut log, mut granted, mut now) = (GrantLog::default(), Vec::new(), Timestamp::from_seconds(1_000));
        for gap in gaps {
            now = now.plus(Duration::from_secs(gap.unsigned_abs()));
            match log.standing(&windows, Manner::Refuse, now) {
                Some(Standing::Room { remaining, .. }) => {
                    log.grant(&windows, now);
                    granted.push(now);
                    // What was promised as remaining must be there at once.
                    let mut ahead = log.clone();
                    for _ in 0..remaining {
                        let promised = matches!(ahead.standing(&windows, Manner::Refuse, now), Some(Standing::Room { .. }));
                        prop_assert!(promised);
                        ahead.grant(&windows, now);
                    }
                }
                Some(Standing::Full { retry_after, .. }) => {
                    // Exactly then, and not a microsecond earlier.
                    let at = now.plus(retry_after);
                    let (then, before) = (log.standing(&windows, Manner::Refuse, at), log.standing(&windows, Manner::Refuse, at.minus(Duration::from_micros(1))));
                    prop_assert!(matches!(then, Some(Standing::Room { .. })), "{then:?}");
                    prop_assert!(matches!(before, Some(Standing::Full { .. })), "{before:?}");
                }
                other => prop_assert!(false, "there are windows, and nobody is slowed down: {:?}", other),
            }
        }
        for window in &windows {
            for from in &granted {
                let inside = granted.iter().filter(|at| *at >= from && **at < from.plus(window.per)).count();
                prop_assert!(inside <= window.max as usize, "{inside} in {window}");
            }
        }
    }
}

#[test]
fn a_clock_set_back_frees_nothing() {
    let windows = [Window { max: 1, per: Duration::from_secs(10) }];
    let mut log = GrantLog::default();
    log.grant(&windows, Timestamp::from_seconds(100));
    let earlier = log.standing(&windows, Manner::Refuse, Timestamp::from_seconds(50));
    assert!(matches!(earlier, Some(Standing::Full { .. })), "{earlier:?}");
}

/// A log with grants at these seconds.
fn log_of(windows: &[Window], seconds: &[i64]) -> GrantLog {
    let mut log = GrantLog::default();
    for &second in seconds {
        log.grant(windows, Timestamp::from_seconds(second));
    }
    log
}

fn retry_after(standing: Option<Standing>) -> Option<Duration> {
    match standing {
        Some(Standing::Full { retry_after, .. }) => Some(retry_after),
        _ => None,
    }
}

#[test]
fn delays_begin_after_half_of_the_attempts_and_double_up_to_the_longest() {
    let window = Window { max: 12, per: Duration::from_secs(1_000) };
    let (first, longest) = (Duration::from_secs(2), Duration::from_secs(10));
    let manner = Manner::Delay(Delays { first, longest });
    let mut seconds = vec![100; 5];
    for expected in [None, Some(2), Some(4), Some(8), Some(10), Some(10), Some(10)] {
        let log = log_of(&[window], &seconds);
        let standing = log.standing(&[window], manner, Timestamp::from_seconds(100));
        assert_eq!(retry_after(standing), expected.map(Duration::from_secs), "after {}", seconds.len());
        let opens = Timestamp::from_seconds(100).plus(Duration::from_secs(expected.unwrap_or(0)));
        assert_eq!(retry_after(log.standing(&[window], manner, opens)), None, "and then there is room");
        seconds.push(100);
    }
    // The limit itself is what it was.
    let full = log_of(&[window], &[100; 12]).standing(&[window], manner, Timestamp::from_seconds(200));
    assert_eq!(retry_after(full), Some(Duration::from_secs(900)));
}

#[test]
fn small_limits_have_no_delays_and_the_shortest_window_counts_for_them() {
    let manner = Manner::Delay(Delays { first: Duration::from_secs(9), longest: Duration::from_secs(9) });
    let small = [Window { max: 5, per: Duration::from_secs(60) }];
    let log = log_of(&small, &[100; 4]);
    assert_eq!(retry_after(log.standing(&small, manner, Timestamp::from_seconds(100))), None);
    let two = [
        Window { max: 50, per: Duration::from_secs(86_400) },
        Window { max: 10, per: Duration::from_secs(60) },
    ];
    let log = log_of(&two, &[0; 9]);
    assert_eq!(
        retry_after(log.standing(&two, manner, Timestamp::from_seconds(1))),
        Some(Duration::from_secs(8))
    );
    assert_eq!(
        retry_after(log.standing(&two, manner, Timestamp::from_seconds(61))),
        None,
        "those of a minute ago"
    );
}

#[test]
fn who_is_slowed_down_waits_for_a_place_but_not_for_ever() {
    let window = Window { max: 2, per: Duration::from_secs(60) };
    let manner = Manner::Slow { longest: Duration::from_secs(10) };
    let mut log = log_of(&[window], &[100, 103]);
    for (now, wait) in [(105, 10), (155, 5), (159, 1)] {
        let standing = log.standing(&[window], manner, Timestamp::from_seconds(now));
        assert_eq!(standing, Some(Standing::Over { window, wait: Duration::from_secs(wait) }), "at {now}");
    }
    assert!(matches!(
        log.standing(&[window], manner, Timestamp::from_seconds(160)),
        Some(Standing::Room { .. })
    ));
    // What was slowed down counts as well, and pushes the oldest out.
    log.grant(&[window], Timestamp::from_seconds(105));
    let standing = log.standing(&[window], manner, Timestamp::from_seconds(162));
    assert_eq!(standing, Some(Standing::Over { window, wait: Duration::from_secs(1) }));
}

#[test]
fn without_windows_there_is_no_limit() {
    assert_eq!(GrantLog::default().standing(&[], Manner::Refuse, Timestamp::MIN), None);
}

#[test]
fn windows_are_read_and_written_as_one_text() {
    let window: Window = "5/15m".parse().expect("a window");
    assert_eq!(window, Window { max: 5, per: Duration::from_secs(900) });
    assert_eq!(window.to_string(), "5/15m");
    for bad in ["5", "0/1m", "5/0s", "x/1m", "5/1", "-1/1m", "5/1m/2"] {
        assert!(bad.parse::<Window>().is_err(), "{bad}");
    }
}
