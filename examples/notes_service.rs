//! A complete small service behind Guardhouse: everybody keeps notes of their own, administrators see how many there are.
//!
//! ```sh
//! guardhouse clients secret                     # the line goes into the server's [clients.notes], may = ["revocations"]
//! AUTH=http://127.0.0.1:8080 AUTH_ISSUER=http://localhost:8080 AUTH_CLIENT=notes AUTH_SECRET=ghc_… \
//!     cargo run --example notes_service --no-default-features --features guard
//! curl -H "Authorization: Bearer $ACCESS" -d 'buy milk' http://127.0.0.1:3000/notes
//! ```
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it out")]

use std::collections::HashMap;
use std::env::var;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::{App, HttpServer, Responder, get, post, web};
use guardhouse::domain::id::UserId;
use guardhouse::guard::actix::{NotAdmitted, OptionalAuth, RequireRole, RoleName};
use guardhouse::guard::{CurrentUser, Guard, OnStale};

/// Whoever may see everything.
struct Admin;

impl RoleName for Admin {
    const NAME: &'static str = "admin";
}

#[derive(Default)]
struct Notes(Mutex<HashMap<UserId, Vec<String>>>);

impl Notes {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<UserId, Vec<String>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// For everybody, known or not.
#[get("/")]
async fn greeting(OptionalAuth(user): OptionalAuth) -> String {
    user.map_or_else(|| "hello, stranger\n".to_owned(), |user| format!("hello, {}\n", user.id))
}

/// One's own notes, and nobody else's: the user comes from the token.
#[get("/notes")]
async fn list(user: CurrentUser, notes: web::Data<Notes>) -> impl Responder {
    web::Json(notes.with(|notes| notes.get(&user.id).cloned().unwrap_or_default()))
}

#[post("/notes")]
async fn add(user: CurrentUser, notes: web::Data<Notes>, text: String) -> Result<String, NotAdmitted> {
    // A role can also be asked for inside a handler.
    if text.len() > 1_000 {
        user.require_role("admin")?;
    }
    notes.with(|notes| notes.entry(user.id).or_default().push(text));
    Ok("noted\n".to_owned())
}

/// For administrators.
#[get("/statistics")]
async fn statistics(_: RequireRole<Admin>, notes: web::Data<Notes>) -> String {
    notes.with(|notes| format!("{} notes of {} users\n", notes.values().flatten().count(), notes.len()))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = var("AUTH").unwrap_or_else(|_| "http://127.0.0.1:8080".into());
    let mut guard = Guard::builder(&address).poll_interval(Duration::from_millis(500));
    if let Ok(issuer) = var("AUTH_ISSUER") {
        guard = guard.issuer(issuer);
    }
    if let (Ok(client), Ok(secret)) = (var("AUTH_CLIENT"), var("AUTH_SECRET")) {
        guard = guard.follow(client, secret).when_stale(Duration::from_secs(60), OnStale::Refuse);
    }
    let guard = web::Data::new(guard.build()?);
    let notes = web::Data::new(Notes::default());
    let app = move || {
        App::new()
            .app_data(guard.clone())
            .app_data(notes.clone())
            .service(greeting)
            .service(list)
            .service(add)
            .service(statistics)
    };
    let server = HttpServer::new(app).workers(1);
    let server = server.bind(var("NOTES").unwrap_or_else(|_| "127.0.0.1:3000".into()))?;
    for address in server.addrs() {
        println!("listening on {address}");
    }
    Ok(server.run().await?)
}
