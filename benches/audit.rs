//! What the audit log costs: sign-ins and refreshes with it, against the same use cases with a log that forgets.
//!
//! The hashes are the shipped ones; sessions are in the database that holds the log.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use criterion::Criterion;
use guardhouse::actors::Audit;
use guardhouse::actors::audit::{AuditSink, Parts};
use guardhouse::actors::keeper::Lifeline;
use guardhouse::domain::audit::address::Addresses;
use guardhouse::domain::audit::chain::Head;
use guardhouse::domain::audit::checkpoint::Checkpoint;
use guardhouse::domain::clock::{Clock, SystemClock};
use guardhouse::domain::id::InstanceId;
use guardhouse::flows::Desk;
use guardhouse::flows::login::{Login, login};
use guardhouse::flows::refresh::refresh;
use guardhouse::store::StoreError;
use guardhouse::store::audit::{Appended, Group};
use secrecy::SecretString;

use crate::login::shipped;
use crate::support::{Contest, House, Kind, PASSWORD, concurrently, email, visit};

/// Sign-ins under way at once, and refreshes: few wait for the disk, many for the processor.
const SIGN_INS: usize = 8;
const REFRESHES: [usize; 2] = [32, 256];
const PEOPLE: usize = 256;

/// With its log a use case may do this share of what it does without.
const LOGIN: f64 = 0.97;
const REFRESH: f64 = 0.95;

pub(crate) fn bench(criterion: &mut Criterion) {
    for (kind, name) in [(Kind::Sqlite, "sqlite"), (Kind::Postgres, "postgres"), (Kind::MySql, "mysql")] {
        if kind.is_available() {
            for durability in ["sync", "group"] {
                let settings = [("limits.enabled", "false"), ("audit.durability", durability)];
                let house = House::raise(kind, &[&shipped("1")[..], &settings].concat());
                house.populate(PEOPLE);
                sign_ins(criterion, &house, &format!("audit/{name}/{durability}"));
                for at_once in REFRESHES {
                    refreshes(criterion, &house, &format!("audit/{name}/{durability}"), at_once);
                }
            }
        }
    }
}

fn sign_ins(criterion: &mut Criterion, house: &House, name: &str) {
    let next = Arc::new(AtomicUsize::new(0));
    let signing_in = |desk: Desk| {
        let (runtime, next) = (house.running().runtime.clone(), next.clone());
        move |iterations| {
            let (desk, next) = (desk.clone(), next.clone());
            concurrently(&runtime, iterations, SIGN_INS, move |_| {
                let (desk, number) = (desk.clone(), next.fetch_add(1, Ordering::Relaxed));
                async move {
                    let request = Login { email: email(number % PEOPLE), password: PASSWORD.into() };
                    login(&desk, request, &visit()).await.expect("the password is right");
                }
            })
        }
    };
    Contest::new(format!("{name}/login"), "without a log", signing_in(forgetful(house)))
        .within(LOGIN, "with the log", signing_in(house.desk()))
        .in_slices_of(Duration::from_secs(2))
        .hold(criterion);
}

fn refreshes(criterion: &mut Criterion, house: &House, name: &str, at_once: usize) {
    let refreshing = |desk| refreshing(house, desk, at_once);
    Contest::new(format!("{name}/refresh/{at_once}"), "without a log", refreshing(forgetful(house)))
        .within(REFRESH, "with the log", refreshing(house.desk()))
        .in_slices_of(Duration::from_millis(300))
        .hold(criterion);
}

fn refreshing(house: &House, desk: Desk, at_once: usize) -> impl FnMut(u64) -> Duration + use<> {
    let open = {
        let desk = desk.clone();
        async move {
            let mut tokens = Vec::new();
            for number in 0..at_once {
                let request = Login { email: email(number), password: PASSWORD.into() };
                let signed_in = login(&desk, request, &visit()).await.expect("the password is right");
                tokens.push(Mutex::new(signed_in.refresh.expect("refresh tokens are given out").0));
            }
            tokens
        }
    };
    let tokens: Arc<Vec<Mutex<SecretString>>> = Arc::new(house.wait(open));
    let runtime = house.running().runtime.clone();
    move |iterations| {
        let (tokens, desk) = (tokens.clone(), desk.clone());
        concurrently(&runtime, iterations, at_once, move |lane| {
            let (tokens, desk) = (tokens.clone(), desk.clone());
            async move {
                let token = tokens[lane].lock().expect("no other lane").clone();
                let refreshed = refresh(&desk, &token, &visit()).await.expect("it is the newest");
                let (token, _) = refreshed.signed_in.refresh.expect("a successor");
                *tokens[lane].lock().expect("no other lane") = token;
            }
        })
    }
}

/// The house's desk with a log that forgets at once what it is told.
fn forgetful(house: &House) -> Desk {
    let desk = house.desk();
    let parts = Parts {
        sink: Arc::new(Nowhere),
        runtime: house.running().runtime.clone(),
        entropy: desk.entropy.clone(),
        instance: InstanceId::generate(SystemClock.now(), &*desk.entropy),
        clock: Arc::new(SystemClock),
        signer: None,
        addresses: Addresses::Full,
        spools: None,
        adopts: false,
    };
    let settings = guardhouse::config::Config::defaults().audit;
    let arbiter = crate::support::world().arbiter.clone();
    let audit = Audit::start(&settings, parts, &arbiter, Lifeline::default());
    Desk { audit, ..desk }
}

/// Takes everything and keeps nothing.
struct Nowhere;

#[async_trait::async_trait]
impl AuditSink for Nowhere {
    async fn append(
        &self,
        _: InstanceId,
        head: Option<Head>,
        group: &Arc<Group>,
    ) -> Result<Appended, StoreError> {
        Ok(Appended { head: head.unwrap_or(Head::START), linked: group.bound.clone(), adopted: 0 })
    }

    async fn sign(&self, _: &Checkpoint) -> Result<(), StoreError> {
        Ok(())
    }
}
