//! The hash pool against the bare hash on as many threads, each with memory that it keeps; and that hash against the
//! `argon2` crate's.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock, RwLockWriteGuard};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use criterion::Criterion;
use futures_util::FutureExt;
use guardhouse::actors::Hashers;
use guardhouse::actors::hasher::{PasswordVerification, StoredHash};
use guardhouse::config::{Config, Hashing, Sources};
use guardhouse::domain::clock::Stopwatch;
use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::domain::password::Password;
use guardhouse_argon2::{Backend, Memory, Recipe};
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use crate::support::{Contest, PASSWORD, concurrently, in_actix, note, resident_bytes, world};

/// As many as there are processors on the machine that the budgets were set on.
pub(crate) const THREADS: usize = 2;

pub(crate) fn bench(criterion: &mut Criterion) {
    let settings = settings();
    let before = resident_bytes();
    let shared = settings.clone();
    let hashers = in_actix(move || Hashers::start(&shared, Arc::new(SystemEntropy)));
    let stored = world().runtime.block_on(hashers.hash(password())).expect("the pool is idle");

    saturated(criterion, &settings, &hashers, &stored, before);
    hop(criterion, &hashers);
    refused(criterion, &hashers, &stored);
    // Last, for what it leaves to the allocator would be counted as the pool's memory.
    backends(criterion, &settings);
}

/// One thread, the shipped cost: our block function on each kind of vectors against the `argon2` crate, both in memory
/// that they keep.
fn backends(criterion: &mut Criterion, settings: &Hashing) {
    let params = params(settings);
    let crates = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut blocks = vec![Block::default(); params.block_count()];
    let mut reference = Reference::start(settings);
    let mut contest = Contest::new("hash_pool/argon2", "the argon2 crate", |iterations| {
        timed(iterations, |output| {
            crates
                .hash_password_into_with_memory(PASSWORD.as_bytes(), SALT, output, blocks.as_mut_slice())
                .expect("the shipped cost");
        })
    });
    for backend in Backend::available() {
        let (recipe, mut memory) = (recipe(&params).with_backend(backend), Memory::default());
        let run = move |iterations| {
            timed(iterations, |output| {
                recipe.hash_into(PASSWORD.as_bytes(), SALT, &mut memory, output).expect("the shipped cost");
            })
        };
        contest = match backend {
            Backend::PORTABLE => contest.against(backend.name(), run),
            _ => contest.within(1.4, backend.name(), run),
        };
    }
    if let Some(reference) = &mut reference {
        contest = contest.against("the C reference", |iterations| reference.run(iterations));
    }
    contest.in_slices_of(Duration::from_millis(400)).hold(criterion);
}

/// The C reference in a process of its own, where `GUARDHOUSE_BENCH_ARGON2_C` names it: see scripts/argon2-reference.
struct Reference {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    memory_kib: u32,
    passes: u32,
}

impl Reference {
    fn start(settings: &Hashing) -> Option<Self> {
        let program = std::env::var_os("GUARDHOUSE_BENCH_ARGON2_C")?;
        let child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("GUARDHOUSE_BENCH_ARGON2_C is a program");
        let (asks, answers) = (child.stdin.take(), child.stdout.take());
        Some(Self {
            child,
            asks: asks.expect("a pipe"),
            answers: BufReader::new(answers.expect("a pipe")),
            memory_kib: settings.argon2.memory_kib,
            passes: settings.argon2.iterations,
        })
    }

    fn run(&mut self, hashes: u64) -> Duration {
        writeln!(self.asks, "{hashes} {} {}", self.memory_kib, self.passes).expect("it reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        Duration::from_nanos(line.trim().parse().expect("nanoseconds"))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn timed(iterations: u64, mut hash: impl FnMut(&mut [u8; 32])) -> Duration {
    let started = Stopwatch::start();
    for _ in 0..iterations {
        let mut output = [0; 32];
        hash(&mut output);
        black_box(output);
    }
    started.elapsed()
}

/// Hashes a second when more want one than there are threads.
fn saturated(
    criterion: &mut Criterion,
    settings: &Hashing,
    hashers: &Hashers,
    stored: &StoredHash,
    before: u64,
) {
    let pool = |iterations| {
        let (hashers, stored) = (hashers.clone(), stored.clone());
        concurrently(world().runtime.handle(), iterations, 4 * THREADS, move |_| {
            let (hashers, stored) = (hashers.clone(), stored.clone());
            async move {
                let verified = hashers.verify(password(), Some(stored)).await.expect("the queue has room");
                assert!(matches!(verified.outcome, PasswordVerification::Match { upgrade: None }));
            }
        })
    };
    pool(4 * THREADS as u64);
    let (mebibyte, grown) = (1 << 20, resident_bytes().saturating_sub(before));
    note(format!(
        "hash_pool: {THREADS} threads of {} MiB took {} MiB of memory with {} hashes waiting",
        settings.argon2.memory_kib / 1_024,
        grown / mebibyte,
        3 * THREADS,
    ));
    let mut bare = BareHash::new(settings);
    Contest::new("hash_pool/saturated", "bare hashes on as many threads", |iterations| bare.run(iterations))
        .within(0.95, "hash pool", pool)
        .in_slices_of(Duration::from_millis(400))
        .hold(criterion);
}

/// What the way to a hash thread costs beside a hash of some ten milliseconds.
fn hop(criterion: &mut Criterion, hashers: &Hashers) {
    let (sender, receiver) = std::sync::mpsc::channel::<oneshot::Sender<()>>();
    std::thread::spawn(move || {
        while let Ok(reply) = receiver.recv() {
            let _ = reply.send(());
        }
    });
    let runtime = world().runtime.handle();
    Contest::new("hash_pool/errand", "a thread behind a channel", |iterations| {
        let sender = sender.clone();
        concurrently(runtime, iterations, 1, move |_| {
            let sender = sender.clone();
            async move {
                let (reply, answer) = oneshot::channel();
                sender.send(reply).expect("the thread lives");
                answer.await.expect("the thread answers");
            }
        })
    })
    .against("errand to a hash thread", |iterations| {
        let hashers = hashers.clone();
        concurrently(runtime, iterations, 1, move |_| {
            let hashers = hashers.clone();
            async move { hashers.errand(|| ()).await.expect("the pool is idle") }
        })
    })
    .hold(criterion);
}

/// What it costs to say no.
fn refused(criterion: &mut Criterion, hashers: &Hashers, stored: &StoredHash) {
    let _jam = jam(hashers, world().runtime.handle());
    let slots = Semaphore::new(0);
    let candidate = password();
    Contest::new("hash_pool/refused", "an empty semaphore", |iterations| {
        let started = Stopwatch::start();
        for _ in 0..iterations {
            assert!(black_box(slots.try_acquire()).is_err());
        }
        started.elapsed()
    })
    .against("a full hash pool", |iterations| {
        let (hashers, stored, candidate) = (hashers.clone(), stored.clone(), candidate.clone());
        concurrently(world().runtime.handle(), iterations, 1, move |_| {
            let (hashers, stored, candidate) = (hashers.clone(), stored.clone(), candidate.clone());
            async move {
                assert!(hashers.verify(candidate, Some(stored)).await.is_err());
            }
        })
    })
    .hold(criterion);
}

/// Fills a hash pool; it stays full until what is returned is dropped.
pub(crate) fn jam(hashers: &Hashers, runtime: &Handle) -> RwLockWriteGuard<'static, ()> {
    let lock: &'static RwLock<()> = Box::leak(Box::default());
    let held = lock.write().expect("a new lock");
    let capacity = hashers.observe().capacity;
    for _ in 0..capacity {
        let hashers = hashers.clone();
        // Those that do not begin within the queue's deadline are refused in the end, which nobody minds.
        runtime.spawn(async move { hashers.errand(move || drop(lock.read())).await });
    }
    // Full is not only when every place is taken, but also when the wait would be too long.
    while !matches!(hashers.place().now_or_never(), Some(Err(_))) {
        std::thread::yield_now();
    }
    held
}

/// The shipped cost on [`THREADS`] threads.
fn settings() -> Hashing {
    // A machine that is busy with something else must not look like a pool that is.
    let flags = [("hashing.threads", THREADS.to_string()), ("hashing.deadline", "30s".to_owned())];
    let flags = flags.map(|(key, value)| (key.to_owned(), value)).to_vec();
    let config = Config::load(&Sources { flags, ..Sources::default() });
    config.unwrap_or_else(|faults| panic!("{faults}")).hashing
}

fn password() -> Password {
    Password::parse(&SecretString::from(PASSWORD)).expect("a password")
}

const SALT: &[u8] = b"0123456789abcdef";

fn params(settings: &Hashing) -> Params {
    let cost = settings.argon2;
    Params::new(cost.memory_kib, cost.iterations, cost.lanes, None).expect("a shipped cost")
}

fn recipe(params: &Params) -> Recipe<'_> {
    Recipe::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The bare hash: [`THREADS`] threads of the pool's priority, each with memory of its own that it keeps.
pub(crate) struct BareHash {
    params: Params,
    niceness: i32,
    memories: Vec<Memory>,
}

impl BareHash {
    pub(crate) fn new(settings: &Hashing) -> Self {
        let memories = (0..settings.threads.get()).map(|_| Memory::default()).collect();
        Self { params: params(settings), niceness: settings.niceness, memories }
    }

    pub(crate) fn run(&mut self, iterations: u64) -> Duration {
        let started = Stopwatch::start();
        let (params, niceness, next) = (&self.params, self.niceness, AtomicU64::new(0));
        std::thread::scope(|scope| {
            for memory in &mut self.memories {
                scope.spawn(|| {
                    rustix::process::nice(niceness).expect("a thread may yield to others");
                    let recipe = recipe(params);
                    // One at a time, as the pool does: a thread that others keep from running holds up no share.
                    while next.fetch_add(1, Ordering::Relaxed) < iterations {
                        let mut output = [0; 32];
                        recipe
                            .hash_into(PASSWORD.as_bytes(), SALT, memory, &mut output)
                            .expect("the shipped cost");
                        black_box(output);
                    }
                });
            }
        });
        started.elapsed()
    }
}
