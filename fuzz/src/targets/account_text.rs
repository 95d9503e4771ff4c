//! The short texts of an account: e-mail address, name, password, role, and the ids that lists continue after. What is
//! accepted is in its canonical form, and that form is accepted as itself.

use std::str::FromStr;

use guardhouse::domain::account::DisplayName;
use guardhouse::domain::email::Email;
use guardhouse::domain::id::{SessionId, UserId};
use guardhouse::domain::password::{LONGEST, Password};
use guardhouse::domain::role::{Role, Roles};
use guardhouse::domain::session::AuthMethod;
use secrecy::SecretString;

use super::common::vectors;

/// `data` is any of these texts.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    email(text);
    name(text);
    password(text);
    role(text);
    id(text);
    if let Some(method) = AuthMethod::parse(text) {
        assert_eq!(method.as_str(), text);
    }
}

fn email(text: &str) {
    let Ok(email) = Email::parse(text) else { return };
    let canonical = email.as_str();
    assert_eq!(Email::parse(canonical).as_ref(), Ok(&email), "{text:?} is not stable");
    let plain = |c: char| c.is_ascii_graphic() && !c.is_ascii_uppercase() && !"\"(),:;<>[\\]".contains(c);
    assert!(canonical.len() <= 254 && canonical.chars().all(plain), "{canonical:?} from {text:?}");
    let (local, domain) = canonical.split_once('@').expect("an address has an @");
    assert!(
        !local.is_empty() && domain.contains('.') && !domain.contains('@'),
        "{canonical:?} from {text:?}"
    );
    assert_eq!(
        Email::parse(&text.to_ascii_uppercase()),
        Ok(email),
        "letter case makes two accounts of {text:?}"
    );
}

fn name(text: &str) {
    let Ok(name) = DisplayName::parse(text) else { return };
    let shown = name.as_str();
    assert_eq!(DisplayName::parse(shown).as_ref(), Ok(&name), "{text:?} is not stable");
    assert!((1..=200).contains(&shown.chars().count()) && shown.trim() == shown, "{shown:?} from {text:?}");
    assert!(!shown.chars().any(char::is_control), "{shown:?} from {text:?}");
}

fn password(text: &str) {
    let Ok(password) = Password::parse(&SecretString::from(text)) else { return };
    let normal = std::str::from_utf8(password.as_bytes()).expect("a password is text");
    assert!(normal.len() <= LONGEST && !normal.contains('\0'));
    let again = Password::parse(&SecretString::from(normal)).expect("the normal form is a password");
    assert_eq!(again.as_bytes(), password.as_bytes(), "{text:?} is not stable");
}

fn role(text: &str) {
    let Ok(role) = Role::try_from(text.to_owned()) else { return };
    assert_eq!(role.as_str(), text);
    let roles = Roles::from(vec![role.clone(), Role::admin(), role.clone()]);
    let json = serde_json::to_string(&roles).expect("roles are JSON");
    assert_eq!(serde_json::from_str::<Roles>(&json).expect("what we write"), roles);
    assert!(roles.contains(&role) && roles.is_admin());
}

fn id(text: &str) {
    let Ok(id) = UserId::from_str(text) else { return };
    assert_eq!(UserId::from_str(&id.to_string()), Ok(id));
    assert_eq!(SessionId::from_str(text).map(|id| id.0), Ok(id.0));
}

/// Addresses good and bad, naughty strings, and one of each other text.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors(include_str!("../../../tests/vectors/isemail.json"));
    seeds.extend(vectors(include_str!("../../../tests/vectors/naughty_strings.json")));
    let texts =
        ["Ada.Lovelace@B\u{dc}CHER.example", "Zoe\u{308}", "pa\u{308}sswo\u{308}rd", "billing-admin", "pwd"];
    let ids = ["01990000-0000-7000-8000-000000000001", "urn:uuid:01990000-0000-7000-8000-000000000001"];
    seeds.extend(texts.iter().chain(&ids).map(|text| text.as_bytes().to_vec()));
    seeds
}
