//! Stored keys.

use guardhouse::store::StoreError;
use guardhouse::store::keys::{StoredKey, all, insert, retire};

use super::session_backends::at;
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    keys_are_found_the_newest_of_each_algorithm_first,
    a_retired_key_keeps_its_row_and_loses_its_secret,
    of_two_nodes_that_make_the_same_key_one_is_told_that_the_other_was_faster,
);

fn key(id: &str, algorithm: &str, slot: i32) -> StoredKey {
    // As long as an RSA key of 4096 bits may become.
    let wrapped = (0..=255).cycle().take(2_500).collect();
    let (created_at, signs_from) = (at(1), at(slot.unsigned_abs().into()));
    StoredKey {
        id: id.into(),
        algorithm: algorithm.into(),
        slot,
        wrapped,
        created_at,
        signs_from,
        retired_at: None,
    }
}

fn keys_are_found_the_newest_of_each_algorithm_first(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let keys = [key("a", "EdDSA", 1), key("c", "EdDSA", 2), key("b", "EdDSA", 10), key("d", "HS256", 1)];
        for key in &keys {
            insert(db.writer(), key).await.unwrap();
        }
        let [a, c, b, d] = keys;
        assert_eq!(all(db.reader()).await.unwrap(), [b, c, a, d]);
    });
}

fn a_retired_key_keeps_its_row_and_loses_its_secret(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let keys = [key("a", "EdDSA", 1), key("b", "HS256", 1)];
        for key in &keys {
            insert(db.writer(), key).await.unwrap();
        }
        assert!(retire(db.writer(), "a", at(7)).await.unwrap());
        assert!(!retire(db.writer(), "a", at(8)).await.unwrap(), "once is enough");
        assert!(!retire(db.writer(), "c", at(8)).await.unwrap());
        let [a, b] = keys;
        let retired = StoredKey { retired_at: Some(at(7)), wrapped: Vec::new(), ..a };
        assert_eq!(all(db.reader()).await.unwrap(), [retired, b]);
    });
}

fn of_two_nodes_that_make_the_same_key_one_is_told_that_the_other_was_faster(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let racing = (0..6).map(|number| {
            let db = db.clone();
            tokio::spawn(async move { insert(db.writer(), &key(&format!("key {number}"), "EdDSA", 1)).await })
        });
        let outcomes = futures_util::future::join_all(racing).await;
        let (made, late): (Vec<_>, Vec<_>) =
            outcomes.into_iter().map(Result::unwrap).partition(Result::is_ok);
        assert_eq!((made.len(), late), (1, vec![Err(StoreError::Conflict("key slot")); 5]));
        let same_id = key(&all(db.reader()).await.unwrap()[0].id, "HS256", 1);
        assert_eq!(insert(db.writer(), &same_id).await, Err(StoreError::Conflict("key slot")));
        insert(db.writer(), &key("next", "EdDSA", 2)).await.expect("the next slot");
        insert(db.writer(), &key("other", "v4.public", 1)).await.expect("another algorithm");
    });
}
