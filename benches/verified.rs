//! What a request costs whose token is checked, against a bare actix-web handler: in the house, and in another service
//! behind the guard.
//!
//! Clients and server share the processors, so this is the processor time of everything but the client's thread.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use criterion::Criterion;
use guardhouse::guard::Guard;
use guardhouse::guard::actix::RequireAuth;

use crate::login::{CLIENTS, NO_STORE, USERS, access_token, connect, shipped};
use crate::support::{Client, Contest, House, Kind, bare_server, get, in_turn, serve, server_cpu};

/// What verifying may cost beside answering.
const VERIFIED: f64 = 0.90;

pub(crate) fn bench(criterion: &mut Criterion) {
    let house = House::raise(Kind::Sqlite, &shipped("2"));
    house.populate(USERS);
    let address = house.running().address;
    let token = access_token(address);
    let [me, nothing, nobody] =
        [get("/auth/me", Some(&token)), get(NO_STORE, Some(&token)), get("/auth/whereami", None)];
    let answer = Client::connect(address).exchange(&me);
    assert_eq!(answer.status, 200);
    let size = answer.body.len();
    let guard = Guard::builder(format!("http://{address}")).issuer("http://localhost:8080").build();
    let guard = guard.expect("the house publishes its keys");
    let mut bare = connect(bare_server(size), CLIENTS);
    let mut guarded = connect(guarded_server(guard, size), CLIENTS);
    let mut clients = [0; 3].map(|_| connect(address, CLIENTS));
    let [unverified, missing, read] = &mut clients;
    Contest::new("tokens/cpu_per_request", "bare actix-web", |iterations| {
        server_cpu(|| in_turn(&mut bare, &me, 200, iterations))
    })
    .within(VERIFIED, "behind the guard", |iterations| {
        server_cpu(|| in_turn(&mut guarded, &me, 200, iterations))
    })
    .against("whereami, no token", |iterations| server_cpu(|| in_turn(unverified, &nobody, 200, iterations)))
    .within(VERIFIED, "verified, no store", |iterations| {
        server_cpu(|| in_turn(missing, &nothing, 404, iterations))
    })
    .against("GET /auth/me, one read", |iterations| server_cpu(|| in_turn(read, &me, 200, iterations)))
    .in_slices_of(Duration::from_millis(80))
    .hold(criterion);
}

/// As [`bare_server`], but for those with a good token.
fn guarded_server(guard: Guard, size: usize) -> std::net::SocketAddr {
    let (guard, body): (_, &'static str) = (web::Data::new(guard), "x".repeat(size).leak());
    serve(move |config| {
        let answer = move |_: RequireAuth| async move {
            HttpResponse::Ok().content_type("application/json").body(body)
        };
        // What clients ask when they connect.
        let greeting = web::get().to(HttpResponse::Ok);
        config.app_data(guard.clone()).route("/health/live", greeting).default_service(web::to(answer));
    })
}
