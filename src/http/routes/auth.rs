//! `/auth`: signing in and out, and one's own account.

use super::{Access, Code, Endpoint, Place, at, delete, get, patch, post};
use crate::flows::Fault;
use crate::flows::account::{AccountError, DeleteError};
use crate::flows::change_password::ChangePasswordError;
use crate::flows::login::LoginError;
use crate::flows::refresh::RefreshError;
use crate::flows::register::RegisterError;
use crate::http::account::{change_password, delete as delete_me, edit, me};
use crate::http::audit::{ActivityView, Page, activity};
use crate::http::auth::{
    LoginBody, LoginForm, NothingTold, RefreshBody, RegisterReply, login, logout, refresh, register,
};
use crate::http::sessions::{end, list};
use crate::http::views::{SessionView, TokenReply, UserView};
use crate::http::visit::{WhereAmI, whereami};

const SIGNING_IN: &str = "Signing in";
const OWN: &str = "One's own account";

pub(super) fn places() -> Vec<Place> {
    vec![
        at("/auth/register", SIGNING_IN, [registration("register", "Make an account for oneself")]),
        at("/auth/signup", SIGNING_IN, [registration("signup", "The same under another name")]),
        at(
            "/auth/login",
            SIGNING_IN,
            [post("login", "Sign in with a password", login)
                .about("An unknown address, a wrong password and a disabled account get the same answer after the same work.")
                .json::<LoginBody>()
                .form::<LoginForm>()
                .gives::<TokenReply<'_>>(200, "Signed in.")
                .headers(["Set-Cookie"])
                .fails::<LoginError>()],
        ),
        at(
            "/auth/refresh",
            SIGNING_IN,
            [post("refresh", "Exchange a refresh token", refresh)
                .about(
                    "Each refresh token is exchanged once; a repetition within `sessions.refresh_grace` gets the same \
                     successor, a later one ends the session. In cookie mode no body is looked at.",
                )
                .access(Access::RefreshToken)
                .json::<RefreshBody>()
                .gives::<TokenReply<'_>>(200, "Exchanged.")
                .headers(["Guardhouse-Refresh", "Set-Cookie"])
                .fails::<RefreshError>()],
        ),
        at(
            "/auth/logout",
            SIGNING_IN,
            [post("logout", "End sessions", logout)
                .about("Their tokens are refused from the answer on.")
                .done(204, "They have ended.")
                .headers(["Set-Cookie"])
                .fails::<Fault>()],
        ),
        at(
            "/auth/password",
            OWN,
            [post("changePassword", "Change one's password", change_password)
                .about("Every other session ends; this one and its access token go on.")
                .done(204, "Changed.")
                .fails::<ChangePasswordError>()],
        ),
        at(
            "/auth/me",
            OWN,
            [
                get("me", "One's own account", me).gives::<UserView>(200, "The account.").fails::<AccountError>(),
                patch("editMe", "Change one's own account", edit)
                    .gives::<UserView>(200, "The account as it is now.")
                    .fails::<AccountError>(),
                delete("deleteMe", "Delete one's own account", delete_me)
                    .done(204, "The account, its sessions and its tokens are gone.")
                    .fails::<DeleteError>(),
            ],
        ),
        at(
            "/auth/me/activity",
            OWN,
            [get("activity", "What happened to one's account, the newest first", activity)
                .gives::<Page<ActivityView>>(200, "One page.")
                .fails::<Fault>()],
        ),
        at(
            "/auth/sessions",
            OWN,
            [get("sessions", "One's sessions, the oldest first", list)
                .gives::<Vec<SessionView>>(200, "All of them.")
                .fails::<Fault>()],
        ),
        at(
            "/auth/sessions/{id}",
            OWN,
            [delete("endSession", "End one of one's sessions", end)
                .done(204, "It has ended.")
                .may([Code::NotFound])
                .fails::<Fault>()],
        ),
        at(
            "/auth/whereami",
            OWN,
            [get("whereami", "What the server saw of the way here", whereami)
                .about("For whoever sets up a proxy.")
                .gives::<WhereAmI>(200, "The client's address and the proxies.")],
        ),
    ]
}

fn registration(id: &'static str, summary: &'static str) -> Endpoint {
    post(id, summary, register)
        .about("`registration_closed`, `validation_failed`, `rate_limited`, `email_taken` are looked at in this order.")
        .gives::<RegisterReply>(201, "Registered; signed in too, where `registration.sign_in` is true.")
        .gives::<NothingTold>(202, "With `registration.reveal_taken = false`, whether the address was taken or not.")
        .headers(["Set-Cookie"])
        .fails::<RegisterError>()
}
