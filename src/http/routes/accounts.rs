//! `/users`: accounts, for their owners and for administrators.

use super::{Code, Endpoint, Place, at, delete, get, patch, post};
use crate::flows::Fault;
use crate::flows::account::{AccountError, DeleteError};
use crate::flows::users::{CreateError, Denied};
use crate::http::users::{
    DeleteBody, ListReply, create, delete as delete_user, disable, edit, enable, find, list, revoke_sessions,
    unlock,
};
use crate::http::views::UserView;

const GROUP: &str = "Accounts";

pub(super) fn places() -> Vec<Place> {
    vec![
        at(
            "/users",
            GROUP,
            [
                get("users", "Every account", list)
                    .gives::<ListReply>(200, "One page.")
                    .fails::<Fault>()
                    .admin(),
                post("createUser", "Make an account for somebody", create)
                    .about("An account without a password cannot sign in with one.")
                    .gives::<UserView>(201, "The account.")
                    .fails::<CreateError>()
                    .admin(),
            ],
        ),
        at(
            "/users/{id}",
            GROUP,
            [
                get("user", "One account", find)
                    .about("Somebody else's id is `not_yours`, whether it exists or not.")
                    .gives::<UserView>(200, "The account.")
                    .fails::<AccountError>()
                    .may([Code::NotYours]),
                patch("editUser", "Change an account", edit)
                    .about("Roles only by an administrator. A change of roles voids the access tokens that say otherwise.")
                    .gives::<UserView>(200, "The account as it is now.")
                    .fails::<AccountError>()
                    .fails::<Denied>(),
                delete("deleteUser", "Delete an account", delete_user)
                    .about("Who deletes their own account proves who they are with its password.")
                    .json::<DeleteBody>()
                    .body_optional()
                    .done(204, "The account, its sessions and its tokens are gone.")
                    .fails::<AccountError>()
                    .fails::<DeleteError>()
                    .may([Code::NotYours]),
            ],
        ),
        at(
            "/users/{id}/disable",
            GROUP,
            [measure(post("disableUser", "Keep somebody out", disable))
                .about("Every session ends. Not one's own account.")
                .may([Code::ValidationFailed])],
        ),
        at("/users/{id}/enable", GROUP, [measure(post("enableUser", "Let somebody in again", enable))]),
        at(
            "/users/{id}/unlock",
            GROUP,
            [measure(post("unlockUser", "Forget wrong passwords", unlock))
                .about("Those from before do not lock the account any more.")],
        ),
        at(
            "/users/{id}/sessions/revoke",
            GROUP,
            [measure(post("revokeUserSessions", "End every session of somebody", revoke_sessions))],
        ),
    ]
}

fn measure(endpoint: Endpoint) -> Endpoint {
    endpoint.done(204, "Done.").fails::<AccountError>().admin()
}
