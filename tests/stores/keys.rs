//! Stored keys.

use guardhouse::store::StoreError;
use guardhouse::store::keys::{StoredKey, insert, of_algorithm};

use super::session_backends::at;
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    keys_are_found_by_their_algorithm_the_newest_first,
    of_two_nodes_that_make_the_same_key_one_is_told_that_the_other_was_faster,
);

fn key(id: &str, algorithm: &str, slot: i32) -> StoredKey {
    let wrapped = (0..=255).cycle().take(1_024).collect();
    StoredKey { id: id.into(), algorithm: algorithm.into(), slot, wrapped, created_at: at(1) }
}

fn keys_are_found_by_their_algorithm_the_newest_first(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let keys = [key("a", "EdDSA", 1), key("c", "EdDSA", 2), key("b", "EdDSA", 10), key("d", "HS256", 1)];
        for key in &keys {
            insert(db.writer(), key).await.unwrap();
        }
        let found = of_algorithm(db.reader(), "EdDSA").await.unwrap();
        assert_eq!(found, [keys[2].clone(), keys[1].clone(), keys[0].clone()]);
        assert_eq!(of_algorithm(db.reader(), "HS256").await.unwrap(), keys[3..]);
        assert_eq!(of_algorithm(db.reader(), "eddsa").await.unwrap(), [], "names are exact");
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
        let same_id = key(&of_algorithm(db.reader(), "EdDSA").await.unwrap()[0].id, "HS256", 1);
        assert_eq!(insert(db.writer(), &same_id).await, Err(StoreError::Conflict("key slot")));
        insert(db.writer(), &key("next", "EdDSA", 2)).await.expect("the next slot");
        insert(db.writer(), &key("other", "v4.public", 1)).await.expect("another algorithm");
    });
}
