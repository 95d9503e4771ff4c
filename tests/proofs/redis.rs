//! Redis as its administrator sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Whether `scripts/servers` can give us a Redis. Where one is required, its absence fails the test.
pub fn redis_is_available() -> bool {
    let there = std::env::var("GUARDHOUSE_TEST_REDIS_URL").is_ok();
    let required = std::env::var("GUARDHOUSE_TEST_REQUIRE").unwrap_or_default();
    assert!(
        there || !required.split(',').any(|one| one == "redis"),
        "redis is required but GUARDHOUSE_TEST_REDIS_URL is not set"
    );
    if !there {
        eprintln!("skipped: GUARDHOUSE_TEST_REDIS_URL is not set; scripts/test runs this on a real server");
    }
    there
}

/// A connection of the test's own.
pub struct Admin(BufReader<TcpStream>);

impl Admin {
    /// Connects to the server at `url` and signs in.
    pub fn connect(url: &str) -> Self {
        let url = url::Url::parse(url).expect("an address");
        let at = (url.host_str().expect("a host"), url.port().expect("a port"));
        let stream = TcpStream::connect(at).expect("redis listens");
        let mut admin = Self(BufReader::new(stream));
        if let Some(password) = url.password() {
            admin.tell(&["AUTH", password]);
        }
        admin
    }

    /// Whether the server at `url` is there and takes commands.
    pub fn answers(url: &str) -> bool {
        let url = url::Url::parse(url).expect("an address");
        let at = (url.host_str().expect("a host"), url.port().expect("a port"));
        let Ok(mut stream) = TcpStream::connect(at) else { return false };
        let hello = format!("AUTH {}\r\nPING\r\n", url.password().unwrap_or_default());
        let mut answer = [0; 12];
        stream.write_all(hello.as_bytes()).is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && &answer == b"+OK\r\n+PONG\r\n"
    }

    /// Whether a server without a password is there at `port`.
    pub fn answers_without_password(port: u16) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
        let mut answer = [0; 7];
        stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && &answer == b"+PONG\r\n"
    }

    /// Sends a command and returns its answer, whose only or first value is a text.
    pub fn tell(&mut self, command: &[&str]) -> String {
        let mut bytes = format!("*{}\r\n", command.len());
        for part in command {
            bytes += &format!("${}\r\n{part}\r\n", part.len());
        }
        self.0.get_mut().write_all(bytes.as_bytes()).expect("redis listens");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("redis answers");
        let (kind, rest) = line.trim_end().split_at(1);
        match kind {
            "$" => {
                let mut text = vec![0; rest.parse::<usize>().expect("a length") + 2];
                self.0.read_exact(&mut text).expect("redis answers");
                String::from_utf8(text).expect("a text").trim_end().to_owned()
            }
            "+" | ":" => rest.to_owned(),
            _ => panic!("{command:?}: {line}"),
        }
    }

    /// How often it was asked for data so far: everything but connecting, observing, and waiting for news.
    pub fn questions(&mut self) -> u64 {
        const NO_QUESTIONS: [&str; 9] =
            ["auth", "hello", "client", "select", "ping", "info", "xread", "acl", "dbsize"];
        let stats = self.tell(&["INFO", "commandstats"]);
        let calls = stats.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            let command = name.split('|').next().unwrap_or(name);
            let calls: u64 = rest.split(',').next()?.parse().ok()?;
            (!NO_QUESTIONS.contains(&command)).then_some(calls)
        });
        calls.sum()
    }

    /// How many keys there are, and how many fields in all their hashes and entries in all their streams.
    pub fn contents(&mut self) -> (u64, u64) {
        let keys = self.tell(&["DBSIZE"]).parse().expect("a number");
        let counting = "local n = 0 for _, k in ipairs(redis.call('KEYS', '*')) do local t = redis.call('TYPE', k).ok \
            if t == 'hash' then n = n + redis.call('HLEN', k) elseif t == 'stream' then n = n + redis.call('XLEN', k) end \
            end return n";
        (keys, self.tell(&["EVAL", counting, "0"]).parse().expect("a number"))
    }
}
