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
            match log.standing(&windows, now) {
                Some(Standing::Room { remaining, .. }) => {
                    log.grant(&windows, now);
                    granted.push(now);
                    // What was promised as remaining must be there at once.
                    let mut ahead = log.clone();
                    for _ in 0..remaining {
                        let promised = matches!(ahead.standing(&windows, now), Some(Standing::Room { .. }));
                        prop_assert!(promised);
                        ahead.grant(&windows, now);
                    }
                }
                Some(Standing::Full { retry_after, .. }) => {
                    // Exactly then, and not a microsecond earlier.
                    let at = now.plus(retry_after);
                    let (then, before) = (log.standing(&windows, at), log.standing(&windows, at.minus(Duration::from_micros(1))));
                    prop_assert!(matches!(then, Some(Standing::Room { .. })), "{then:?}");
                    prop_assert!(matches!(before, Some(Standing::Full { .. })), "{before:?}");
                }
                None => prop_assert!(false, "there are windows"),
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
    let earlier = log.standing(&windows, Timestamp::from_seconds(50));
    assert!(matches!(earlier, Some(Standing::Full { .. })), "{earlier:?}");
}

#[test]
fn without_windows_there_is_no_limit() {
    assert_eq!(GrantLog::default().standing(&[], Timestamp::MIN), None);
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
