//! Accounts and credentials.

use guardhouse::domain::account::{DisplayName, SecurityEpoch, User};
use guardhouse::domain::email::Email;
use guardhouse::domain::id::UserId;
use guardhouse::domain::role::{Role, Roles};
use guardhouse::store::users::{self, Change, Page};
use guardhouse::store::{StoreError, credentials};
use guardhouse_entity as entity;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::session_backends::at;
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    a_user_is_found_as_it_was_stored,
    an_address_and_an_id_belong_to_one_account,
    every_change_counts_the_epochs_as_the_domain_does,
    a_change_of_nobody_is_nobody,
    signing_in_is_noted_and_is_no_change,
    pages_follow_each_other_without_hole_or_overlap,
    deleting_a_user_takes_the_credential_along,
    there_is_one_credential_and_only_the_expected_one_is_replaced,
    of_many_replacements_of_one_hash_one_wins,
    a_broken_row_is_named_by_table_column_and_id,
);

pub fn email(number: u128) -> Email {
    Email::parse(&format!("user{number}@example.org")).expect("an address")
}

/// A user with every optional column empty.
pub fn somebody(number: u128) -> User {
    User {
        id: UserId(Uuid::from_u128(0xC000_0000 + number)),
        email: email(number),
        email_verified: false,
        name: None,
        roles: Roles::from(vec![Role::user()]),
        disabled_at: None,
        unlocked_at: None,
        security: SecurityEpoch::default(),
        created_at: at(0),
        updated_at: at(0),
        last_login_at: None,
    }
}

fn named(name: &str) -> Option<DisplayName> {
    Some(DisplayName::parse(name).expect("a name"))
}

fn a_user_is_found_as_it_was_stored(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let full = User {
            email_verified: true,
            name: named("Zoë 🦉 O'Neill; DROP TABLE users"),
            roles: Roles::from(vec![Role::admin(), Role::user()]),
            disabled_at: Some(at(7)),
            unlocked_at: Some(at(8)),
            security: SecurityEpoch { current: u32::MAX, sessions_from: u32::MAX - 1 },
            last_login_at: Some(at(9)),
            ..somebody(1)
        };
        for user in [full, somebody(2)] {
            users::insert(db.writer(), &user).await.unwrap();
            assert_eq!(users::by_id(db.reader(), user.id).await.unwrap().as_ref(), Some(&user));
            let found = users::by_email_with_hash(db.reader(), &user.email).await.unwrap();
            assert_eq!(found, Some((user.clone(), None)));
            credentials::insert(db.writer(), user.id, "$hash", at(0)).await.unwrap();
            let found = users::by_email_with_hash(db.reader(), &user.email).await.unwrap();
            assert_eq!(found, Some((user, Some("$hash".into()))));
        }
        assert_eq!(users::by_id(db.reader(), somebody(3).id).await.unwrap(), None);
        assert_eq!(users::by_email_with_hash(db.reader(), &email(3)).await.unwrap(), None);
    });
}

fn an_address_and_an_id_belong_to_one_account(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        users::insert(db.writer(), &somebody(1)).await.unwrap();
        let same_address = User { email: email(1), ..somebody(2) };
        let same_id = User { id: somebody(1).id, ..somebody(3) };
        for other in [same_address, same_id] {
            let refused = users::insert(db.writer(), &other).await;
            assert_eq!(refused, Err(StoreError::Conflict("e-mail address")));
        }
        // Registered at the same moment: one account, however they interleave.
        let racing = (10..22).map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                users::insert(db.writer(), &User { email: email(9), ..somebody(number) }).await
            })
        });
        let outcomes = futures_util::future::join_all(racing).await;
        let made = outcomes.iter().filter(|outcome| *outcome.as_ref().unwrap() == Ok(())).count();
        let refused = Err(StoreError::Conflict("e-mail address"));
        let conflicts = outcomes.iter().filter(|outcome| *outcome.as_ref().unwrap() == refused).count();
        assert_eq!((made, conflicts), (1, 11), "{outcomes:?}");
    });
}

fn every_change_counts_the_epochs_as_the_domain_does(kind: Kind) {
    let sessions_ended = |before: SecurityEpoch| SecurityEpoch {
        current: before.current + 1,
        sessions_from: before.current + 1,
    };
    TestDb::new(kind).run(|db| async move {
        let mut expected = somebody(1);
        users::insert(db.writer(), &expected).await.unwrap();
        users::insert(db.writer(), &somebody(2)).await.unwrap();
        let admin = Roles::from(vec![Role::admin(), Role::user()]);
        let story = [
            Change::Name(named("Ada")),
            Change::Roles(admin.clone()),
            Change::Roles(admin),
            Change::Disable,
            Change::Enable,
            Change::Unlock,
            Change::Name(None),
            Change::Roles(Roles::from(vec![])),
            Change::EndSessions,
            Change::Disable,
            Change::Disable,
        ];
        for (second, change) in (1..).zip(story) {
            let now = at(second);
            expected.updated_at = now;
            match &change {
                Change::Name(name) => expected.name = name.clone(),
                Change::Roles(roles) => {
                    expected.roles = roles.clone();
                    expected.security.current += 1;
                }
                Change::Disable => {
                    expected.disabled_at = Some(now);
                    expected.security = sessions_ended(expected.security);
                }
                Change::Enable => expected.disabled_at = None,
                Change::Unlock => expected.unlocked_at = Some(now),
                Change::EndSessions => expected.security = sessions_ended(expected.security),
            }
            let changed = users::change(db.writer(), expected.id, &change, now).await.unwrap();
            assert_eq!(changed.as_ref(), Some(&expected), "after {change:?}");
        }
        assert_eq!((expected.security.current, expected.security.sessions_from), (7, 7));
        let other = users::by_id(db.reader(), somebody(2).id).await.unwrap();
        assert_eq!(other, Some(somebody(2)), "nobody else was changed");
    });
}

fn a_change_of_nobody_is_nobody(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        for change in [Change::Name(None), Change::Disable, Change::EndSessions] {
            assert_eq!(users::change(db.writer(), somebody(1).id, &change, at(1)).await.unwrap(), None);
        }
        users::signed_in(db.writer(), somebody(1).id, at(1)).await.unwrap();
        assert!(!users::delete(db.writer(), somebody(1).id).await.unwrap());
    });
}

fn signing_in_is_noted_and_is_no_change(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        users::insert(db.writer(), &somebody(1)).await.unwrap();
        users::signed_in(db.writer(), somebody(1).id, at(5)).await.unwrap();
        let expected = User { last_login_at: Some(at(5)), ..somebody(1) };
        assert_eq!(users::by_id(db.reader(), expected.id).await.unwrap(), Some(expected));
    });
}

fn pages_follow_each_other_without_hole_or_overlap(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        // Stored in an order that is not the one of their ids, which cross the byte borders where texts and bytes differ.
        let mut ids: Vec<u128> = (0..25).map(|number| number * 37 % 25 * 0x11).collect();
        for number in &ids {
            users::insert(db.writer(), &somebody(*number)).await.unwrap();
        }
        ids.sort_unstable();
        let (mut page, mut seen, mut sizes) = (Page { limit: 10, ..Page::default() }, Vec::new(), Vec::new());
        loop {
            let users = users::list(db.reader(), &page).await.unwrap();
            let Some(last) = users.last() else { break };
            page.after = Some(last.id);
            sizes.push(users.len());
            seen.extend(users.iter().map(|user| user.id));
            // Who is added behind the page is seen, who is added before it is not and moves nothing.
            if sizes.len() == 1 {
                users::insert(db.writer(), &somebody(1)).await.unwrap();
            }
        }
        let expected: Vec<_> = ids.iter().map(|number| somebody(*number).id).collect();
        assert_eq!((seen, sizes), (expected, vec![10, 10, 5]));
        let only = Page { email: Some(email(0x11)), limit: 10, after: None };
        let found: Vec<_> =
            users::list(db.reader(), &only).await.unwrap().iter().map(|user| user.id).collect();
        assert_eq!(found, [somebody(0x11).id]);
        let behind = Page { after: Some(somebody(0x11).id), ..only };
        assert_eq!(users::list(db.reader(), &behind).await.unwrap(), []);
    });
}

fn deleting_a_user_takes_the_credential_along(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        for number in [1, 2] {
            users::insert(db.writer(), &somebody(number)).await.unwrap();
            credentials::insert(db.writer(), somebody(number).id, "$hash", at(0)).await.unwrap();
        }
        assert!(users::delete(db.writer(), somebody(1).id).await.unwrap());
        assert!(!users::delete(db.writer(), somebody(1).id).await.unwrap());
        assert_eq!(credentials::find(db.reader(), somebody(1).id).await.unwrap(), None);
        assert_eq!(entity::credentials::Entity::find().all(db.reader()).await.unwrap().len(), 1);
        users::insert(db.writer(), &User { email: email(1), ..somebody(3) })
            .await
            .expect("the address is free");
    });
}

fn there_is_one_credential_and_only_the_expected_one_is_replaced(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let id = somebody(1).id;
        users::insert(db.writer(), &somebody(1)).await.unwrap();
        credentials::insert(db.writer(), id, "$Old", at(0)).await.unwrap();
        let second = credentials::insert(db.writer(), id, "$other", at(0)).await;
        assert_eq!(second, Err(StoreError::Conflict("credential")));
        for wrong in ["$old", "$Ol", "", "$Öld"] {
            assert!(!credentials::replace(db.writer(), id, wrong, "$new", at(1)).await.unwrap(), "{wrong:?}");
        }
        assert!(!credentials::replace(db.writer(), somebody(2).id, "$Old", "$new", at(1)).await.unwrap());
        assert_eq!(credentials::find(db.reader(), id).await.unwrap().as_deref(), Some("$Old"));
        assert!(credentials::replace(db.writer(), id, "$Old", "$new", at(1)).await.unwrap());
        assert!(!credentials::replace(db.writer(), id, "$Old", "$newer", at(2)).await.unwrap());
        let row = entity::credentials::Entity::find().one(db.reader()).await.unwrap().unwrap();
        assert_eq!((row.hash.as_str(), row.updated_at), ("$new", at(1).micros()));
        let stranger = credentials::insert(db.writer(), somebody(2).id, "$hash", at(0)).await;
        assert!(stranger.is_err(), "a credential without a user");
    });
}

fn of_many_replacements_of_one_hash_one_wins(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let id = somebody(1).id;
        users::insert(db.writer(), &somebody(1)).await.unwrap();
        credentials::insert(db.writer(), id, "$old", at(0)).await.unwrap();
        let racing = (0..12).map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                let new = format!("$new{number}");
                credentials::replace(db.writer(), id, "$old", &new, at(1)).await.unwrap().then_some(new)
            })
        });
        let outcomes = futures_util::future::join_all(racing).await;
        let won: Vec<_> = outcomes.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(credentials::find(db.reader(), id).await.unwrap(), won.into_iter().next());
    });
}

fn a_broken_row_is_named_by_table_column_and_id(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        use entity::users::Column;
        users::insert(db.writer(), &somebody(1)).await.unwrap();
        let id = somebody(1).id;
        for (name, column, broken, whole) in [
            ("epoch", Column::Epoch, Expr::value(-1i64), Expr::value(0i64)),
            ("epoch", Column::Epoch, Expr::value(1i64 << 32), Expr::value(0i64)),
            ("sessions_from", Column::SessionsFrom, Expr::value(i64::MAX), Expr::value(0i64)),
            ("email", Column::Email, Expr::value("USER1@example.org "), Expr::value("user1@example.org")),
            ("name", Column::Name, Expr::value("two\nlines"), Expr::value(None::<String>)),
            ("roles", Column::Roles, Expr::value("admin"), Expr::value("[]")),
            ("roles", Column::Roles, Expr::value("[\"Admin\"]"), Expr::value("[]")),
        ] {
            let write = |value| {
                let update = entity::users::Entity::update_many().filter(Column::Id.eq(id.0));
                update.col_expr(column, value).exec(db.writer())
            };
            write(broken).await.unwrap();
            let corrupt = StoreError::Corrupt { table: "users", column: name, id: id.to_string() };
            assert_eq!(users::by_id(db.reader(), id).await, Err(corrupt.clone()));
            let page = Page { limit: 5, ..Page::default() };
            assert_eq!(users::list(db.reader(), &page).await, Err(corrupt));
            write(whole).await.unwrap();
        }
        assert!(users::by_id(db.reader(), id).await.unwrap().is_some());
    });
}
