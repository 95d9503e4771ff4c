//! How many wait for a hash thread, as the operations listener tells it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long one reading may take; a server that is that busy has none.
const PATIENCE: Duration = Duration::from_millis(500);
/// The most that is read of an answer.
const LONGEST: u64 = 1 << 20;
const NAME: &str = r#"guardhouse_gate_depth{gate="hasher"} "#;

/// The depth of the hash pool's gate; none where it cannot be had.
pub(super) fn hash_queue((address, token): &(SocketAddr, Option<String>)) -> Option<u64> {
    let mut stream = TcpStream::connect_timeout(address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let token = token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{token}\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // Cut off is as good as whole, as long as the line is there.
    let _ = stream.take(LONGEST).read_to_end(&mut answer);
    depth(&String::from_utf8_lossy(&answer))
}

fn depth(text: &str) -> Option<u64> {
    let value: f64 = text.lines().find_map(|line| line.strip_prefix(NAME))?.trim().parse().ok()?;
    value.is_finite().then_some(value.max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_is_that_of_the_hash_pool() {
        let text = "# TYPE x gauge\nguardhouse_gate_depth{gate=\"audit\"} 3\nguardhouse_gate_depth{gate=\"hasher\"} 17\n";
        assert_eq!(depth(text), Some(17));
        assert_eq!(depth("guardhouse_gate_depth{gate=\"hasher\"} NaN\n"), None);
        assert_eq!(depth("HTTP/1.1 401 Unauthorized\r\n"), None);
    }
}
