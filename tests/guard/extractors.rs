//! The extractors, each through a small actix-web App.

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use guardhouse::domain::role::{Role, Roles};
use guardhouse::guard::CurrentUser;
use guardhouse::guard::actix::{OptionalAuth, RequireAuth, RequireRole, RoleName};
use serde_json::Value;

use super::*;

struct Admin;

impl RoleName for Admin {
    const NAME: &'static str = "admin";
}

struct Told {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: String,
}

impl Told {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

fn ask(guard: Option<Guard>, path: &str, authorization: &[&str]) -> Told {
    let system = actix_web::rt::System::new();
    system.block_on(async {
        let mut app = App::new()
            .route("/user", web::get().to(async |user: CurrentUser| user.id.to_string()))
            .route(
                "/anybody",
                web::get().to(async |OptionalAuth(user): OptionalAuth| user.is_some().to_string()),
            )
            .route("/known", web::get().to(async |_: RequireAuth| "known"))
            .route("/admin", web::get().to(async |admin: RequireRole<Admin>| admin.user.id.to_string()));
        if let Some(guard) = guard {
            app = app.app_data(web::Data::new(guard));
        }
        let app = init_service(app).await;
        let mut request = TestRequest::get().uri(path);
        for value in authorization {
            request = request.append_header(("authorization", *value));
        }
        let answer = call_service(&app, request.to_request()).await;
        let text =
            |(name, value): (&actix_web::http::header::HeaderName, &actix_web::http::header::HeaderValue)| {
                (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
            };
        let (status, headers) = (answer.status(), answer.headers().iter().map(text).collect());
        let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
        Told { status, headers, body }
    })
}

#[test]
fn each_extractor_lets_in_whom_it_should() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let guard = World::new(&[&key], |builder| builder).fetched().guard;
    let admin = Claims { roles: Roles::from(vec![Role::user(), Role::admin()]), ..claims() };
    let [user, admin] = [claims(), admin].map(|claims| format!("Bearer {}", sealed(&key, &claims)));
    let id = claims().subject.to_string();
    let expired = Claims { expires_at: claims().issued_at.plus(Duration::from_secs(1)), ..claims() };
    let bad = "bearer nonsense";
    for (path, authorization, status, said) in [
        ("/user", &[user.as_str()][..], 200, id.as_str()),
        ("/user", &[&user.replacen("Bearer", "bearer", 1)], 200, &id),
        ("/user", &[], 401, "token_missing"),
        ("/user", &["Basic dTpw"], 401, "token_missing"),
        ("/user", &["Bearer"], 401, "token_invalid"),
        ("/user", &[bad], 401, "token_invalid"),
        ("/user", &[&user, &admin], 401, "token_invalid"),
        ("/known", &[&user], 200, "known"),
        ("/known", &[], 401, "token_missing"),
        ("/anybody", &[], 200, "false"),
        ("/anybody", &[&user], 200, "true"),
        ("/anybody", &[bad], 401, "token_invalid"),
        ("/admin", &[&admin], 200, &id),
        ("/admin", &[&user], 403, "role_required"),
        ("/admin", &[], 401, "token_missing"),
    ] {
        let told = ask(Some(guard.clone()), path, authorization);
        assert_eq!(told.status, status, "{path} {authorization:?}: {}", told.body);
        if status == 200 {
            assert_eq!(told.body, said);
            continue;
        }
        let problem: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&json!(said), &json!(status)), "{path}");
        assert_eq!(told.header("content-type"), "application/problem+json");
        assert_eq!(told.header("cache-control"), "no-store");
        let challenge = match said {
            "token_missing" => "Bearer realm=\"guardhouse\"",
            "role_required" => "Bearer realm=\"guardhouse\", error=\"insufficient_scope\"",
            _ => "Bearer realm=\"guardhouse\", error=\"invalid_token\"",
        };
        assert_eq!(told.header("www-authenticate"), challenge, "{path}");
    }
    let late = ask(Some(guard), "/user", &[&format!("Bearer {}", sealed(&key, &expired))]);
    // Within the leeway of five seconds.
    assert_eq!(late.status, 200, "{}", late.body);
}

#[test]
fn who_cannot_be_judged_is_told_to_come_back_and_a_missing_guard_is_nobody_s_fault_but_ours() {
    let key = key(KeyAlgorithm::EdDsa, 1);
    let lazy = World::new(&[&key], |builder| builder).guard;
    let told = ask(Some(lazy), "/user", &[&format!("Bearer {}", sealed(&key, &claims()))]);
    assert_eq!((told.status.as_u16(), told.header("retry-after")), (503, "5"));
    assert_eq!(ask(None, "/user", &[]).status, 500);
}
