//! What is fetched when: by a clock that stands still, nobody sleeps.

use guardhouse::guard::Rounds;

use super::*;

struct Day {
    world: World,
    rounds: Rounds,
}

impl Day {
    fn new(keys: &[&SigningKey], max_age: u64, set: impl FnOnce(GuardBuilder) -> GuardBuilder) -> Self {
        let server = Imagined::new(keys);
        *server.max_age.lock().unwrap() = Duration::from_secs(max_age);
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START)));
        let builder =
            Guard::builder(ISSUER).audience(AUDIENCE).clock(clock.clone()).source(To(server.clone()));
        let (guard, rounds) = set(builder).build_with_rounds().unwrap();
        Self { world: World { guard, server, clock }, rounds }
    }

    /// How often keys and endings were asked for.
    fn asked(&self) -> (usize, usize) {
        (self.world.server.fetched.load(Ordering::SeqCst), self.world.server.asked.lock().unwrap().len())
    }

    fn run_due(&mut self) -> Duration {
        self.rounds.run_due().expect("there is a guard")
    }

    /// As the thread does, for so many seconds, while `meanwhile` happens before each round and every second.
    fn pass(&mut self, seconds: u64, mut meanwhile: impl FnMut(&Guard)) {
        let end = self.world.clock.now().plus(Duration::from_secs(seconds));
        loop {
            meanwhile(&self.world.guard);
            let wait = self.run_due();
            assert!(!wait.is_zero(), "it would run in circles");
            let wait = wait.min(Duration::from_secs(1));
            if self.world.clock.now().plus(wait) > end {
                self.world.clock.set(end);
                return;
            }
            self.world.clock.advance(wait);
        }
    }
}

fn calm(builder: GuardBuilder) -> GuardBuilder {
    builder.poll_interval(Duration::from_secs(3_600)).when_stale(Duration::from_secs(9_999), OnStale::Allow)
}

#[test]
fn keys_are_kept_as_long_as_they_say_within_bounds() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    for (max_age, kept) in [(0, 5), (4, 5), (60, 60), (300, 300), (86_400, 300)] {
        let mut day = Day::new(&[&key], max_age, calm);
        assert_eq!(day.run_due().as_secs(), kept, "max-age={max_age}");
        day.world.clock.advance(Duration::from_secs(kept) - Duration::from_millis(1));
        assert_eq!(day.run_due(), Duration::from_millis(1));
        assert_eq!(day.asked(), (1, 1), "max-age={max_age}");
        day.world.clock.advance(Duration::from_millis(1));
        day.run_due();
        assert_eq!(day.asked(), (2, 1), "max-age={max_age}");
    }
    let bounds = |guard| calm(guard).refresh_interval(Duration::from_secs(20), Duration::from_secs(40));
    for (max_age, kept) in [(0, 20), (30, 30), (300, 40)] {
        assert_eq!(Day::new(&[&key], max_age, bounds).run_due().as_secs(), kept, "max-age={max_age}");
    }
}

#[test]
fn endings_are_asked_for_at_every_interval_and_no_oftener() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let mut day = Day::new(&[&key], 300, |builder| builder.poll_interval(Duration::from_millis(250)));
    day.pass(10, |_| ());
    assert_eq!(day.asked(), (1, 41));
}

#[test]
fn an_unknown_key_is_fetched_at_once_but_at_most_every_few_seconds() {
    let (old, new) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::EdDsa, 2));
    let token = sealed(&new, &claims());
    let mut day = Day::new(&[&old], 300, calm);
    day.run_due();
    day.world.clock.advance(Duration::from_secs(100));
    day.world.server.publish(&[&old, &new]);
    assert_eq!(day.world.guard.verify(&token), Err(Refusal::Invalid));
    day.run_due();
    assert_eq!(day.asked().0, 2, "at once");
    assert!(day.world.guard.verify(&token).is_ok());

    // And now somebody who makes keys up.
    let foreign = sealed(&key(KeyAlgorithm::EdDsa, 3), &claims());
    assert_eq!(day.world.guard.verify(&foreign), Err(Refusal::Invalid));
    assert_eq!(day.run_due(), Duration::from_secs(5), "not before its time, but then");
    assert_eq!(day.asked().0, 2);
    let before = day.asked();
    day.pass(60, |guard| {
        for _ in 0..100 {
            assert_eq!(guard.verify(&foreign), Err(Refusal::Invalid));
        }
    });
    let after = day.asked();
    assert!((12..=13).contains(&(after.0 - before.0)), "{before:?} {after:?}");
    assert_eq!(after.1, before.1, "keys that are made up are no reason to ask for endings");

    // Other bad tokens are no reason at all.
    day.pass(5, |_| ());
    let before = day.asked();
    let damaged = format!("{}A", &sealed(&old, &claims())[..200]);
    day.pass(60, |guard| {
        for bad in [damaged.as_str(), "", "x"] {
            assert_eq!(guard.verify(bad), Err(Refusal::Invalid), "{bad}");
        }
    });
    assert_eq!(day.asked(), before);
}

#[test]
fn a_server_that_is_away_is_asked_ever_more_seldom_and_whoever_waits_does_not_hurry_it() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let patient = |builder: GuardBuilder| builder.when_stale(Duration::from_secs(9_999), OnStale::Refuse);
    let mut day = Day::new(&[&key], 300, patient);
    *day.world.server.is_away.lock().unwrap() = true;
    let mut waits = Vec::new();
    for _ in 0..4 {
        // Each round comes when keys and endings are due together.
        waits.push(day.run_due().as_secs());
        for _ in 0..100 {
            assert_eq!(day.world.guard.verify("a.b.c"), Err(Refusal::Unknown));
        }
        assert_eq!(day.run_due().as_secs(), waits[waits.len() - 1]);
        day.world.clock.advance(Duration::from_secs(waits[waits.len() - 1]));
    }
    assert_eq!(waits, [1, 2, 4, 5], "endings after 5 s at the latest");
    let before = day.asked().0;
    day.pass(600, |guard| assert_eq!(guard.verify("a.b.c"), Err(Refusal::Unknown)));
    assert!(
        (19..=22).contains(&(day.asked().0 - before)),
        "{}: every 30 s in the end",
        day.asked().0 - before
    );

    *day.world.server.is_away.lock().unwrap() = false;
    day.pass(31, |_| ());
    let token =
        sealed(&key, &Claims { expires_at: claims().expires_at.plus(Duration::from_secs(999)), ..claims() });
    assert!(day.world.guard.verify(&token).is_ok());
}

#[test]
fn keys_that_could_not_be_fetched_again_are_tried_soon_and_those_that_are_known_go_on() {
    let (old, new) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::EdDsa, 2));
    let mut day = Day::new(&[&old], 300, calm);
    day.run_due();
    *day.world.server.is_away.lock().unwrap() = true;
    day.world.clock.advance(Duration::from_secs(300));
    assert_eq!(day.run_due().as_secs(), 1, "and not after five minutes more");
    assert!(day.world.guard.verify(&sealed(&old, &claims())).is_ok());
    *day.world.server.is_away.lock().unwrap() = false;
    day.world.server.publish(&[&new]);
    day.world.clock.advance(Duration::from_secs(1));
    assert_eq!(day.run_due().as_secs(), 300, "as before the failure");
    assert_eq!(day.world.guard.verify(&sealed(&old, &claims())), Err(Refusal::Invalid), "it was retired");
    assert!(day.world.guard.verify(&sealed(&new, &claims())).is_ok());
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let mut day = Day::new(&[&key], 300, |builder| builder);
    day.world.clock.set(Timestamp::from_seconds(START + 1_000_000));
    day.run_due();
    day.world.clock.set(Timestamp::from_seconds(START));
    day.run_due();
    assert_eq!(day.asked(), (2, 2));
}

#[test]
fn rounds_end_with_the_last_guard() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let Day { world, mut rounds } = Day::new(&[&key], 300, calm);
    let other = world.guard.clone();
    drop(world.guard);
    assert!(rounds.run_due().is_some());
    drop(other);
    assert_eq!(rounds.run_due(), None);
}

#[test]
fn a_thousand_tokens_a_second_with_made_up_keys_do_not_wake_the_thread_more_than_once() {
    let (ours, theirs) = (key(KeyAlgorithm::EdDsa, 1), key(KeyAlgorithm::EdDsa, 2));
    let server = Imagined::new(&[&ours]);
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START)));
    let builder = Guard::builder(ISSUER).audience(AUDIENCE).clock(clock).source(To(server.clone()));
    let guard = calm(builder).build().unwrap();
    let foreign = sealed(&theirs, &claims());
    for _ in 0..1_000 {
        assert_eq!(guard.verify(&foreign), Err(Refusal::Invalid));
    }
    drop(guard);
    crate::binary::process::until("its end", || Arc::strong_count(&server) == 1);
    assert_eq!(server.fetched.load(Ordering::SeqCst), 1, "the time of a fetch has not come by this clock");
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}
