//! The yardsticks: the least that lets a refresh token be used once, in each kind of store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::Builder;
use fred::types::config::Config;
use fred::types::scripts::Script;
use guardhouse::domain::clock::{Clock, SystemClock};
use guardhouse::domain::id::SessionId;
use guardhouse::domain::refresh::RefreshGrant;
use guardhouse::flows::Desk;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};

use super::{MOST, Rows};
use crate::support::{House, concurrently};

/// Memory: one addition under one lock.
pub(super) fn map(rows: &Rows, house: &House, lanes: usize) -> impl FnMut(u64) -> Duration + use<> {
    let map: HashMap<SessionId, u32> = rows.0.iter().map(|row| (row.grant.session, 0)).collect();
    let (map, rows) = (Arc::new(Mutex::new(map)), rows.clone());
    let runtime = house.running().runtime.clone();
    move |iterations| {
        let (map, rows) = (map.clone(), rows.clone());
        concurrently(&runtime, iterations, lanes, move |lane| {
            let mut map = map.lock().expect("nothing panics while it holds the map");
            *map.get_mut(&rows.0[lane].grant.session).expect("a session of ours") += 1;
            async {}
        })
    }
}

/// SQL: one conditional UPDATE, committed by itself, on the connections that the house writes with.
pub(super) fn update(rows: &Rows, house: &House, lanes: usize) -> impl FnMut(u64) -> Duration + use<> {
    let (rows, desk, runtime) = (rows.clone(), house.desk(), house.running().runtime.clone());
    move |iterations| {
        let (rows, desk) = (rows.clone(), desk.clone());
        concurrently(&runtime, iterations, lanes, move |lane| {
            let (rows, desk) = (rows.clone(), desk.clone());
            async move {
                let generation = rows.0[lane].generation.fetch_add(1, Ordering::Relaxed);
                let statement = statement(&desk, rows.0[lane].grant, generation);
                let done = desk.db.writer().execute_raw(statement).await.expect("the database obeys");
                assert_eq!(done.rows_affected(), 1);
            }
        })
    }
}

/// The statement that a rotation comes down to. Its times differ with each call, as they do there.
fn statement(desk: &Desk, grant: RefreshGrant, generation: u32) -> Statement {
    static LATER: AtomicI64 = AtomicI64::new(0);
    let now = SystemClock.now().micros() + LATER.fetch_add(1, Ordering::Relaxed);
    let idle = now + desk.rules().lifetimes.idle.as_micros() as i64;
    let backend = desk.db.writer().get_database_backend();
    let (set, of) = if backend == DatabaseBackend::Postgres {
        (
            "generation = $1, rotated_at = $2, last_seen_at = $3, idle_expires_at = $4",
            "id = $5 AND user_id = $6 AND generation = $7",
        )
    } else {
        (
            "generation = ?, rotated_at = ?, last_seen_at = ?, idle_expires_at = ?",
            "id = ? AND user_id = ? AND generation = ?",
        )
    };
    let generation = i64::from(generation);
    let values: [Value; 7] = [
        (generation + 1).into(),
        now.into(),
        now.into(),
        idle.into(),
        grant.session.0.into(),
        grant.user.0.into(),
        generation.into(),
    ];
    Statement::from_sql_and_values(backend, format!("UPDATE sessions SET {set} WHERE {of}"), values)
}

/// Redis: a script that compares one string and sets it.
pub(super) struct Redis {
    client: Client,
    script: Script,
    generations: Arc<[AtomicI64; MOST]>,
}

const SCRIPT: &str = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end \
                      redis.call('SET', KEYS[1], ARGV[2], 'PX', 600000) return 1";

impl Redis {
    pub(super) fn connect(house: &House, url: &str) -> Self {
        let config = Config::from_url(url).expect("the address of a Redis");
        let client = house.wait(async move {
            let client = Builder::from_config(config).build().expect("a client");
            client.init().await.expect("Redis answers");
            for lane in 0..MOST {
                client.set::<(), _, _>(key(lane), 0, None, None, false).await.expect("Redis obeys");
            }
            client
        });
        Self { client, script: Script::from_lua(SCRIPT), generations: Arc::default() }
    }

    pub(super) fn exchanging(&self, house: &House, lanes: usize) -> impl FnMut(u64) -> Duration + use<> {
        let (client, script, generations) =
            (self.client.clone(), self.script.clone(), self.generations.clone());
        let runtime = house.running().runtime.clone();
        move |iterations| {
            let (client, script, generations) = (client.clone(), script.clone(), generations.clone());
            concurrently(&runtime, iterations, lanes, move |lane| {
                let (client, script, generations) = (client.clone(), script.clone(), generations.clone());
                async move {
                    let seen = generations[lane].fetch_add(1, Ordering::Relaxed);
                    let arguments = vec![seen.to_string(), (seen + 1).to_string()];
                    let done = script.evalsha_with_reload::<u8, _, _>(&client, key(lane), arguments).await;
                    assert_eq!(done.expect("Redis obeys"), 1);
                }
            })
        }
    }
}

fn key(lane: usize) -> String {
    format!("guardhouse-bench:{lane}")
}
