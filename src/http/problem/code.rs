//! Every public code, once: its name, its status, its title. Clients may rely on name and status.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident: $name:literal, $status:ident, $title:literal;)*) => {
        /// A stable code of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name, in snake case.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// What it means, for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    /// The request cannot be understood.
    InvalidRequest: "invalid_request", BAD_REQUEST, "The request cannot be understood";
    /// No such user, a wrong password, or a disabled account.
    InvalidCredentials: "invalid_credentials", UNAUTHORIZED, "The e-mail address or the password is wrong";
    /// No bearer token was presented.
    TokenMissing: "token_missing", UNAUTHORIZED, "An access token is needed";
    /// The token is not ours.
    TokenInvalid: "token_invalid", UNAUTHORIZED, "The access token is not valid";
    /// The token's time is over.
    TokenExpired: "token_expired", UNAUTHORIZED, "The access token has expired";
    /// The token was ended before its time.
    TokenRevoked: "token_revoked", UNAUTHORIZED, "The access token has been revoked";
    /// The refresh token is not valid.
    RefreshInvalid: "refresh_invalid", UNAUTHORIZED, "The refresh token is not valid";
    /// The refresh token had been exchanged before.
    RefreshReplayed: "refresh_replayed", UNAUTHORIZED, "The refresh token was used before; the session has been ended";
    /// Somebody else's.
    NotYours: "not_yours", FORBIDDEN, "This belongs to somebody else";
    /// Another site made a browser send this, with a cookie of ours.
    CrossSite: "cross_site_request", FORBIDDEN, "This request comes from another site";
    /// A role is missing.
    RoleRequired: "role_required", FORBIDDEN, "This needs a role that the account does not have";
    /// People may not register themselves here.
    RegistrationClosed: "registration_closed", FORBIDDEN, "Registration is closed";
    /// Nothing is here.
    NotFound: "not_found", NOT_FOUND, "There is nothing here";
    /// Not with this method.
    MethodNotAllowed: "method_not_allowed", METHOD_NOT_ALLOWED, "This cannot be done with this method";
    /// The client accepts nothing that we can send.
    NotAcceptable: "not_acceptable", NOT_ACCEPTABLE, "None of the accepted formats is available";
    /// The client took too long to send its request.
    RequestTimeout: "request_timeout", REQUEST_TIMEOUT, "The request took too long to arrive";
    /// Another account has this address.
    EmailTaken: "email_taken", CONFLICT, "Another account has this e-mail address";
    /// The body is too long.
    BodyTooLarge: "body_too_large", PAYLOAD_TOO_LARGE, "The request body is too large";
    /// Not JSON.
    UnsupportedMediaType: "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "This format is not accepted here";
    /// This server is not called that.
    MisdirectedRequest: "misdirected_request", MISDIRECTED_REQUEST, "This server does not answer under this name";
    /// Understood, but not acceptable.
    ValidationFailed: "validation_failed", UNPROCESSABLE_ENTITY, "Something in the request is not acceptable";
    /// Too many attempts.
    RateLimited: "rate_limited", TOO_MANY_REQUESTS, "Too many attempts";
    /// Too many requests are waiting.
    Overloaded: "overloaded", SERVICE_UNAVAILABLE, "The server is busy; try again shortly";
    /// A store is away.
    StorageUnavailable: "storage_unavailable", SERVICE_UNAVAILABLE, "The server cannot reach its storage";
    /// Our fault.
    Internal: "internal", INTERNAL_SERVER_ERROR, "Something went wrong on the server";
}

impl Code {
    /// The `WWW-Authenticate` challenge (RFC 6750 section 3) that goes with a missing or bad access token.
    pub const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::TokenMissing | Self::InvalidCredentials | Self::RefreshInvalid | Self::RefreshReplayed => {
                Some("Bearer realm=\"guardhouse\"")
            }
            Self::TokenInvalid | Self::TokenExpired | Self::TokenRevoked => {
                Some("Bearer realm=\"guardhouse\", error=\"invalid_token\"")
            }
            _ => None,
        }
    }
}
