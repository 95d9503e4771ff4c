//! Texts that some databases take for equal are different here: accents, case, blanks, U+0000.

use guardhouse::domain::account::DisplayName;
use guardhouse::domain::email::Email;
use guardhouse::domain::role::Role;
use guardhouse::store::users;
use guardhouse_entity::users::{ActiveModel, Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use super::users::somebody;
use crate::on_every_database;
use crate::support::{Kind, TestDb};

on_every_database!(
    e7_addresses_that_a_lenient_collation_takes_for_equal_are_different_accounts,
    e7_every_spelling_of_one_address_is_one_account,
    e8_no_u_0000_reaches_the_database_from_a_value_of_the_domain,
);

/// Written past the domain, which would refuse most of them.
fn row(number: u128, email: &str) -> ActiveModel {
    ActiveModel {
        id: Set(Uuid::from_u128(number)),
        email: Set(email.into()),
        email_verified: Set(false),
        name: Set(None),
        roles: Set("[]".into()),
        disabled_at: Set(None),
        unlocked_at: Set(None),
        epoch: Set(0),
        sessions_from: Set(0),
        created_at: Set(0),
        updated_at: Set(0),
        last_login_at: Set(None),
    }
}

fn e7_addresses_that_a_lenient_collation_takes_for_equal_are_different_accounts(kind: Kind) {
    const DIFFERENT: [&str; 12] = [
        "e@x.org",
        "é@x.org",
        "e\u{301}@x.org",
        "E@x.org",
        " e@x.org",
        "ss@x.org",
        "ß@x.org",
        "ı@x.org",
        "i@x.org",
        "e@x.org\u{200b}",
        "\u{ff45}@x.org",
        "🦉@x.org",
    ];
    TestDb::new(kind).run(|db| async move {
        for (number, email) in (1..).zip(DIFFERENT) {
            Entity::insert(row(number, email)).exec_without_returning(db.writer()).await.expect(email);
        }
        for (number, email) in (1..).zip(DIFFERENT) {
            let found = Entity::find().filter(Column::Email.eq(email)).all(db.reader()).await.unwrap();
            let ids: Vec<_> = found.iter().map(|row| row.id.as_u128()).collect();
            assert_eq!(ids, [number], "{email:?}");
        }
        // `%` and `_` mean themselves.
        for pattern in ["%", "_@x.org", "e%"] {
            let found = Entity::find().filter(Column::Email.eq(pattern)).all(db.reader()).await.unwrap();
            assert_eq!(found, [], "{pattern:?}");
        }
    });
    // Blanks at the end are padded away by MySQL's collations, so no address that is looked up has one.
    for blank in ["e@x.org ", "e@x.org\t", "e@x.org\u{a0}", " e@x.org"] {
        assert!(Email::parse(blank).is_err(), "{blank:?}");
    }
}

fn e7_every_spelling_of_one_address_is_one_account(kind: Kind) {
    TestDb::new(kind).run(|db| async move {
        let ada = guardhouse::domain::account::User {
            email: Email::parse("Ada@Bücher.Example").unwrap(),
            ..somebody(1)
        };
        users::insert(db.writer(), &ada).await.unwrap();
        for spelling in [
            "ada@bücher.example",
            "ADA@BÜCHER.EXAMPLE",
            "ada@xn--bcher-kva.example",
            "aDa@Bu\u{308}cher.example",
        ] {
            let email = Email::parse(spelling).unwrap();
            let found = users::by_email_with_hash(db.reader(), &email).await.unwrap();
            assert_eq!(found.map(|(user, _)| user.id), Some(ada.id), "{spelling}");
        }
        for other in ["adá@bücher.example", "ada@bucher.example", "ada@bücher.example.org"] {
            if let Ok(email) = Email::parse(other) {
                assert_eq!(users::by_email_with_hash(db.reader(), &email).await.unwrap(), None, "{other}");
            }
        }
    });
}

fn e8_no_u_0000_reaches_the_database_from_a_value_of_the_domain(kind: Kind) {
    for text in ["a\0b", "\0", "a\0@x.org", "a@x\0.org"] {
        assert!(Email::parse(text).is_err());
        assert!(DisplayName::parse(text).is_err());
        assert!(Role::try_from(text.to_owned()).is_err());
    }
    // Past the domain, PostgreSQL refuses it; nobody panics, and nothing else is harmed.
    TestDb::new(kind).run(|db| async move {
        let written = Entity::insert(row(1, "a\0@x.org")).exec_without_returning(db.writer()).await;
        assert_eq!(written.is_err(), kind == Kind::Postgres, "{written:?}");
        Entity::insert(row(2, "a@x.org")).exec_without_returning(db.writer()).await.unwrap();
        let found = Entity::find().filter(Column::Email.eq("a@x.org")).all(db.reader()).await.unwrap();
        assert_eq!(found.len(), 1);
    });
}
