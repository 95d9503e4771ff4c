//! What every home of limits must do, as sentences.

use std::time::Duration;

use futures_util::future::join_all;
use guardhouse::domain::limit::{Delays, Manner, Outlook, Rule, Standing, Verdict};

use super::limits_backends::{Store, account, address, at, cell, is_granted, just_before, places, take};

crate::limit_stores!(
    a_window_has_so_many_places_and_not_one_more_until_the_oldest_has_left_it,
    of_several_windows_all_hold_and_the_one_that_is_full_for_longest_is_told,
    an_attempt_takes_a_place_in_every_cell_or_in_none,
    the_tightest_of_several_cells_is_told,
    peeking_takes_nothing,
    rules_and_subjects_count_apart,
    whatever_a_subject_is_called_it_counts_for_itself,
    without_windows_nothing_is_counted,
    a_place_that_is_given_back_is_free_at_once_and_only_that_one,
    what_is_gone_cannot_be_given_back,
    a_clock_that_lies_behind_frees_nothing,
    far_away_times_and_endless_windows_are_counted_as_any,
    a_hundred_attempts_at_once_get_the_places_there_are,
    attempts_at_once_over_several_cells_leave_nothing_behind_where_they_are_refused,
    a_limit_of_a_thousand_is_exact,
    delays_grow_in_every_store_alike,
    who_is_slowed_down_is_counted_and_never_refused,
    the_last_place_is_told,
    the_store_answers,
);

fn limited(verdict: &Verdict) -> Option<(Rule, String, Duration)> {
    match verdict {
        Verdict::Limited { rule, window, retry_after } => Some((*rule, window.to_string(), *retry_after)),
        _ => None,
    }
}

async fn a_window_has_so_many_places_and_not_one_more_until_the_oldest_has_left_it(store: Store) {
    let cell = address("a", "2/10s");
    assert!(is_granted(&take(&store, &cell, at(0)).await));
    assert!(is_granted(&take(&store, &cell, at(4)).await));
    let full = |seconds| Some((Rule::LoginAddress, "2/10s".to_owned(), seconds));
    assert_eq!(limited(&take(&store, &cell, at(4)).await), full(Duration::from_secs(6)));
    let early = take(&store, &cell, just_before(at(10))).await;
    assert_eq!(limited(&early), full(Duration::from_micros(1)));
    assert!(is_granted(&take(&store, &cell, at(10)).await));
    assert_eq!(limited(&take(&store, &cell, at(10)).await), full(Duration::from_secs(4)));
    assert!(is_granted(&take(&store, &cell, at(100)).await));
}

async fn of_several_windows_all_hold_and_the_one_that_is_full_for_longest_is_told(store: Store) {
    let cell = address("a", "2/10s 3/60s");
    for second in [0, 1, 10] {
        assert!(is_granted(&take(&store, &cell, at(second)).await), "{second}");
    }
    // Two in ten seconds and three in sixty: the first has room at 11, the second at 60.
    let told = limited(&take(&store, &cell, at(10)).await);
    assert_eq!(told, Some((Rule::LoginAddress, "3/1m".to_owned(), Duration::from_secs(50))));
    assert!(!is_granted(&take(&store, &cell, just_before(at(60))).await));
    assert!(is_granted(&take(&store, &cell, at(60)).await));
}

async fn an_attempt_takes_a_place_in_every_cell_or_in_none(store: Store) {
    let (here, ada, bob) = (address("192.0.2.1", "3/1m"), account("ada", "1/1m"), account("bob", "9/2m"));
    let attempt = |who, second| store.take(vec![here.clone(), who], at(second));
    assert_eq!(places(attempt(ada.clone(), 0).await.unwrap()).len(), 2);
    for _ in 0..5 {
        let told = limited(&attempt(ada.clone(), 1).await.unwrap());
        assert_eq!(told, Some((Rule::LoginAccount, "1/1m".to_owned(), Duration::from_secs(59))));
    }
    // The address was not charged for those.
    assert!(is_granted(&attempt(bob.clone(), 2).await.unwrap()));
    assert!(is_granted(&attempt(bob.clone(), 3).await.unwrap()));
    let told = limited(&attempt(bob.clone(), 3).await.unwrap());
    assert_eq!(told, Some((Rule::LoginAddress, "3/1m".to_owned(), Duration::from_secs(57))));
    // Nor bob for that: he has seven of nine left.
    let Outlook::Room { standing: Standing::Room { remaining, .. }, .. } =
        store.peek(&[bob], at(3)).await.unwrap()
    else {
        panic!("bob has room")
    };
    assert_eq!(remaining, 6);
}

async fn the_tightest_of_several_cells_is_told(store: Store) {
    let (here, ada) = (address("a", "9/1m"), account("ada", "3/1m 4/1h"));
    assert!(is_granted(&store.take(vec![here.clone(), ada.clone()], at(0)).await.unwrap()));
    let verdict = store.take(vec![here, ada], at(20)).await.unwrap();
    let Verdict::Granted { rule, standing: Standing::Room { window, remaining, reset }, .. } = verdict else {
        panic!("{verdict:?}")
    };
    let told = (rule, window.to_string(), remaining, reset);
    assert_eq!(told, (Rule::LoginAccount, "3/1m".to_owned(), 1, Duration::from_secs(40)));
}

async fn peeking_takes_nothing(store: Store) {
    let cells = [address("a", "1/1m"), account("b", "2/1m")];
    for _ in 0..3 {
        let outlook = store.peek(&cells, at(0)).await.unwrap();
        assert!(matches!(outlook, Outlook::Room { rule: Rule::LoginAddress, .. }), "{outlook:?}");
    }
    assert!(is_granted(&store.take(cells.to_vec(), at(0)).await.unwrap()));
    let outlook = store.peek(&cells, at(1)).await.unwrap();
    assert!(matches!(outlook, Outlook::Full { rule: Rule::LoginAddress, .. }), "{outlook:?}");
    assert_eq!(store.peek(&[], at(1)).await.unwrap(), Outlook::Unlimited);
}

async fn rules_and_subjects_count_apart(store: Store) {
    for rule in [Rule::LoginAddress, Rule::LoginAccount, Rule::RegisterAddress] {
        for subject in ["a", "b"] {
            let one = cell(rule, subject, "1/1m");
            assert!(is_granted(&take(&store, &one, at(0)).await), "{rule:?} {subject}");
            assert!(!is_granted(&take(&store, &one, at(0)).await), "{rule:?} {subject}");
        }
    }
}

async fn whatever_a_subject_is_called_it_counts_for_itself(store: Store) {
    let long = "x".repeat(5_000);
    let names = [
        "",
        " ",
        "*",
        "?",
        "{}",
        "{",
        "}",
        "}{",
        "{a}",
        "{a",
        "a}",
        "a\n",
        "a\r\nDEL b\r\n",
        "a\0",
        "[a]",
        "\\",
        "*1",
        "a:b",
        "é",
        "e\u{301}",
        "🦉",
        "A",
        "a",
        "%7B%7D",
        &long,
        &long[1..],
    ];
    for name in names {
        assert!(is_granted(&take(&store, &account(name, "1/1m"), at(0)).await), "{name:?}");
    }
    for name in names {
        assert!(!is_granted(&take(&store, &account(name, "1/1m"), at(0)).await), "{name:?}");
    }
    let all: Vec<_> = names.iter().map(|name| account(name, "2/1m")).collect();
    assert_eq!(places(store.take(all, at(0)).await.unwrap()).len(), names.len());
}

async fn without_windows_nothing_is_counted(store: Store) {
    let (free, one) = (address("a", ""), account("b", "1/1m"));
    assert_eq!(take(&store, &free, at(0)).await, Verdict::Unlimited);
    assert_eq!(store.take(Vec::new(), at(0)).await.unwrap(), Verdict::Unlimited);
    let taken = places(store.take(vec![free.clone(), one.clone()], at(0)).await.unwrap());
    assert_eq!(taken.iter().map(|place| place.cell.clone()).collect::<Vec<_>>(), std::slice::from_ref(&one));
    assert!(!is_granted(&store.take(vec![free, one], at(0)).await.unwrap()));
}

async fn a_place_that_is_given_back_is_free_at_once_and_only_that_one(store: Store) {
    let cells = [address("a", "3/1m"), account("b", "3/1m")];
    let attempt = |second| store.take(cells.to_vec(), at(second));
    let first = places(attempt(0).await.unwrap());
    places(attempt(10).await.unwrap());
    places(attempt(20).await.unwrap());
    assert!(!is_granted(&attempt(20).await.unwrap()));
    // Of the account alone: the address stays full.
    store.forgive(&first[1..]).await.unwrap();
    assert!(is_granted(&take(&store, &cells[1], at(20)).await));
    let told = limited(&attempt(20).await.unwrap());
    assert_eq!(told.map(|(rule, ..)| rule), Some(Rule::LoginAccount), "its oldest is of ten seconds now");
    store.forgive(&first[..1]).await.unwrap();
    assert!(is_granted(&take(&store, &cells[0], at(20)).await));
    assert!(!is_granted(&take(&store, &cells[0], just_before(at(70))).await));
    assert!(is_granted(&take(&store, &cells[0], at(70)).await));
}

async fn what_is_gone_cannot_be_given_back(store: Store) {
    let cell = address("a", "2/1m");
    let first = places(take(&store, &cell, at(0)).await);
    places(take(&store, &cell, at(1)).await);
    store.forgive(&first).await.unwrap();
    store.forgive(&first).await.unwrap();
    assert!(is_granted(&take(&store, &cell, at(2)).await));
    assert!(!is_granted(&take(&store, &cell, at(2)).await), "it was given back once");
    // Two minutes later all of them are out of sight; to give them back makes no more room.
    let old = places(take(&store, &cell, at(100)).await);
    for _ in 0..2 {
        places(take(&store, &cell, at(200)).await);
    }
    store.forgive(&old).await.unwrap();
    assert!(!is_granted(&take(&store, &cell, at(200)).await));
    store.forgive(&[]).await.unwrap();
}

async fn a_clock_that_lies_behind_frees_nothing(store: Store) {
    let cell = address("a", "2/10s");
    places(take(&store, &cell, at(100)).await);
    let behind = places(take(&store, &cell, at(50)).await);
    assert_eq!(behind[0].at, at(100), "noted under the newest: the log stays in order");
    assert_eq!(
        limited(&take(&store, &cell, at(0)).await).map(|(.., wait)| wait),
        Some(Duration::from_secs(110)),
        "whoever's clock is behind waits for longer"
    );
    store.forgive(&behind).await.unwrap();
    assert!(is_granted(&take(&store, &cell, at(50)).await));
    assert!(!is_granted(&take(&store, &cell, just_before(at(110))).await));
    assert!(is_granted(&take(&store, &cell, at(110)).await));
}

async fn far_away_times_and_endless_windows_are_counted_as_any(store: Store) {
    let endless = address("a", "1/1s 2/3000000d");
    // 1970, and the year 2250: beyond it a script's numbers are no exact microseconds any more.
    for now in [at(0).minus(Duration::from_secs(1_800_000_000)), at(7_000_000_000)] {
        assert!(is_granted(&take(&store, &endless, now).await), "{now}");
        assert!(!is_granted(&take(&store, &endless, now).await), "{now}");
    }
    let told = limited(&take(&store, &endless, at(7_100_000_000)).await);
    assert_eq!(told.map(|(_, window, _)| window).as_deref(), Some("2/3000000d"));
}

async fn a_hundred_attempts_at_once_get_the_places_there_are(store: Store) {
    let cell = address("a", "7/15m");
    let attempts = (0..100).map(|_| {
        let (store, cell) = (store.clone(), cell.clone());
        tokio::spawn(async move { is_granted(&take(&store, &cell, at(0)).await) })
    });
    let granted = join_all(attempts).await.into_iter().filter(|granted| *granted.as_ref().unwrap()).count();
    assert_eq!(granted, 7);
}

async fn attempts_at_once_over_several_cells_leave_nothing_behind_where_they_are_refused(store: Store) {
    let here = address("192.0.2.1", "50/1m");
    let attempts = (0..200).map(|number| {
        let who = account(&format!("user {}", number % 4), "3/1m");
        let (store, cells) = (store.clone(), vec![here.clone(), who]);
        tokio::spawn(async move { is_granted(&store.take(cells, at(0)).await.unwrap()) })
    });
    let granted = join_all(attempts).await.into_iter().filter(|granted| *granted.as_ref().unwrap()).count();
    assert_eq!(granted, 12);
    let mut left = 0;
    while is_granted(&take(&store, &here, at(0)).await) {
        left += 1;
    }
    assert_eq!(left, 50 - 12);
}

async fn a_limit_of_a_thousand_is_exact(store: Store) {
    let cell = address("a", "1000/1h");
    for number in 0..1_000 {
        assert!(is_granted(&take(&store, &cell, at(number / 10)).await), "{number}");
    }
    assert!(!is_granted(&take(&store, &cell, just_before(at(3_600))).await));
    let granted = join_all((0..30).map(|_| take(&store, &cell, at(3_600)))).await;
    assert_eq!(granted.iter().filter(|verdict| is_granted(verdict)).count(), 10, "those of the first second");
}

async fn the_store_answers(store: Store) {
    store.probe(at(0)).await.unwrap();
}

async fn delays_grow_in_every_store_alike(store: Store) {
    let (first, longest) = (Duration::from_secs(1), Duration::from_secs(5));
    let guess = account("ada", "10/15m 50/1d").with(Manner::Delay(Delays { first, longest }));
    let mut now = at(0);
    for _ in 0..5 {
        assert!(is_granted(&take(&store, &guess, now).await));
    }
    for delay in [1, 2, 4, 5, 5] {
        let told = limited(&take(&store, &guess, now).await);
        assert_eq!(told, Some((Rule::LoginAccount, "10/15m".to_owned(), Duration::from_secs(delay))));
        now = now.plus(Duration::from_secs(delay));
        assert!(!is_granted(&take(&store, &guess, just_before(now)).await), "{delay}");
        assert!(is_granted(&take(&store, &guess, now).await), "{delay}");
    }
    let told = limited(&take(&store, &guess, now).await);
    assert_eq!(
        told,
        Some((Rule::LoginAccount, "10/15m".to_owned(), Duration::from_secs(900 - 17))),
        "locked"
    );
}

async fn who_is_slowed_down_is_counted_and_never_refused(store: Store) {
    let slow =
        cell(Rule::LoginAnywhere, "ada", "2/1m").with(Manner::Slow { longest: Duration::from_secs(7) });
    let here = address("192.0.2.1", "9/1m");
    for expected in [0, 0, 7, 7] {
        let verdict = store.take(vec![here.clone(), slow.clone()], at(0)).await.unwrap();
        let Verdict::Granted { wait, places, .. } = verdict else { panic!("{verdict:?}") };
        assert_eq!((wait, places.len()), (Duration::from_secs(expected), 2));
    }
    let verdict = take(&store, &slow, at(58)).await;
    let Verdict::Granted { wait, places, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(wait, Duration::from_secs(2), "no longer than until there is room");
    store.forgive(&places).await.unwrap();
    let Verdict::Granted { wait, .. } = take(&store, &slow, at(60)).await else { panic!("it has room") };
    assert_eq!(wait, Duration::ZERO);
}

async fn the_last_place_is_told(store: Store) {
    let (here, ada) = (address("a", "3/1m"), account("ada", "2/1m"));
    let mut told = Vec::new();
    for who in [ada.clone(), ada, account("bob", "9/1m")] {
        let verdict = store.take(vec![here.clone(), who], at(0)).await.unwrap();
        let Verdict::Granted { last, .. } = verdict else { panic!("{verdict:?}") };
        told.push(last);
    }
    assert_eq!(told, [vec![], vec![Rule::LoginAccount], vec![Rule::LoginAddress]]);
}
