//! Requests on many threads while the keys change under them.

use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;

#[test]
fn no_token_of_a_published_key_is_refused_while_others_come_and_go() {
    let staying = key(KeyAlgorithm::EdDsa, 1);
    let guests = [key(KeyAlgorithm::EdDsa, 2), key(KeyAlgorithm::V4Public, 3)];
    let world = World::new(&[&staying], |builder| builder).fetched();
    let good = sealed(&staying, &claims());
    let others: Vec<_> = guests.iter().map(|key| sealed(key, &claims())).collect();
    let (is_over, verified) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    assert!(world.guard.verify(&good).is_ok());
                    for other in &others {
                        assert!(matches!(world.guard.verify(other), Ok(_) | Err(Refusal::Invalid)));
                    }
                    verified.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for round in 0..200 {
            let guest = &guests[round % 2];
            let published = [&staying, guest];
            world.server.publish(if round % 3 == 0 { &published[..1] } else { &published });
            let end = Timestamp::from_seconds(START + 1_000);
            let entry = json!([{ "session": Uuid::from_u128(round as u128), "expires_at": end }]);
            world.server.tell(page(&round.to_string(), false, START, entry));
            world.guard.fetch_keys().unwrap();
            world.guard.fetch_endings().unwrap();
            // What was retired is over for everybody from now on.
            for (token, key) in others.iter().zip(&guests) {
                let is_published = round % 3 != 0 && std::ptr::eq(key, guest);
                assert_eq!(world.guard.verify(token).is_ok(), is_published, "round {round}");
            }
        }
        // On a busy machine the others may not have had a turn yet.
        crate::binary::process::until("some requests", || verified.load(Ordering::SeqCst) > 100);
        is_over.store(true, Ordering::SeqCst);
    });
}
