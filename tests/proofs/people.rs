//! Many people who sign in and refresh, through the flows and without HTTP.

use guardhouse::domain::audit::Origin;
use guardhouse::domain::clock::Timestamp;
use guardhouse::domain::id::{SessionId, UserId};
use guardhouse::flows::authenticate::authenticate;
use guardhouse::flows::refresh::{RefreshError, Refreshed, refresh};
use guardhouse::flows::register::{Register, Registered, register};
use guardhouse::flows::{Desk, Visit};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinSet;

use crate::support::house::PASSWORD;

/// How many register at a time: the hash pool has a short queue.
const DOORS: usize = 16;

/// Somebody with a session, and the tokens of its beginning.
#[derive(Debug, Clone)]
pub struct Person {
    pub user: UserId,
    pub session: SessionId,
    pub access: SecretString,
    pub refresh: SecretString,
}

/// A request at `now`.
pub fn visit(now: Timestamp) -> Visit {
    let origin = Origin { address: [127, 0, 0, 1].into(), user_agent: None, request_id: "proof".into() };
    Visit { now, origin }
}

/// Registers `number` people.
pub async fn move_in(desk: &Desk, number: usize, now: Timestamp) -> Vec<Person> {
    let mut people = Vec::with_capacity(number);
    let numbers: Vec<usize> = (0..number).collect();
    for some in numbers.chunks(DOORS) {
        let mut coming = JoinSet::new();
        for number in some {
            let (number, desk) = (*number, desk.clone());
            coming.spawn(async move {
                let email = format!("person{number}@example.org");
                let request = Register { email, password: PASSWORD.into(), name: None };
                match register(&desk, request, &visit(now)).await {
                    Ok(Registered::SignedIn(signed_in)) => Person {
                        user: signed_in.user.id,
                        session: signed_in.session,
                        access: signed_in.access_token,
                        refresh: signed_in.refresh.expect("refresh tokens are given out").0,
                    },
                    other => panic!("person {number} could not register: {other:?}"),
                }
            });
        }
        people.extend(coming.join_all().await);
    }
    people
}

/// One refresh.
pub async fn exchange(desk: &Desk, token: &SecretString, now: Timestamp) -> Result<Refreshed, RefreshError> {
    refresh(desk, token, &visit(now)).await
}

/// Whether an access token is good for `session`.
pub async fn is_good(desk: &Desk, access: &SecretString, session: SessionId, now: Timestamp) -> bool {
    let caller = authenticate(desk, access.expose_secret(), now).await;
    caller.is_ok_and(|caller| caller.session == session)
}

/// The generation that a refresh token says of itself.
pub fn generation(token: &str) -> u32 {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let bytes =
        URL_SAFE_NO_PAD.decode(token.strip_prefix("ghr_").expect("a refresh token")).expect("base64url");
    u32::from_be_bytes(bytes[37..41].try_into().expect("four bytes"))
}
