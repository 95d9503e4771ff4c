//! The client's address behind proxies, and what counts as one client.
//!
//! A forwarding header is a claim by whoever sent it. Only hops inside the configured networks are believed: the
//! chain is walked from the peer outwards (right to left) and the first address that is not a trusted proxy is the
//! client, whatever stands further left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// What the server saw of the way a request took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The client, as far as trust reaches.
    pub client: IpAddr,
    /// The trusted proxies between the client and here, nearest first.
    pub proxies: Vec<IpAddr>,
}

/// Walks the `forwarded` chain (as written: left is furthest away) from `peer` through the `trusted` networks.
///
/// An element that is no address (`unknown`, `_hidden`, garbage) ends the walk at the last believable hop: nothing
/// further left can be attributed to anybody.
pub fn walk(peer: IpAddr, forwarded: &[Option<IpAddr>], trusted: &[IpNet]) -> Route {
    let mut client = canonical(peer);
    let mut proxies = Vec::new();
    for hop in forwarded.iter().rev() {
        if !trusted.iter().any(|network| network.contains(&client)) {
            break;
        }
        let Some(next) = hop else { break };
        proxies.push(client);
        client = canonical(*next);
    }
    Route { client, proxies }
}

/// The addresses of `X-Forwarded-For` values, in the order of the header lines.
pub fn parse_x_forwarded_for<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Option<IpAddr>> {
    values.flat_map(|value| value.split(',')).map(|element| parse_node(element.trim())).collect()
}

/// The `for=` addresses of `Forwarded` values (RFC 7239 section 4), in the order of the header lines.
pub fn parse_forwarded<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Option<IpAddr>> {
    values
        .flat_map(|value| value.split(','))
        .map(|element| {
            element.split(';').find_map(|pair| {
                let (name, node) = pair.trim().split_once('=')?;
                name.eq_ignore_ascii_case("for").then(|| parse_node(node.trim_matches('"')))?
            })
        })
        .collect()
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn parse_node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is the IPv4 address.
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// What one client is for a limit: an IPv4 address, or the /64 that one IPv6 host owns.
pub fn host(address: IpAddr) -> IpAddr {
    masked(address, 32, 64)
}

/// The neighbourhood a person plausibly signs in from: an IPv4 /24, an IPv6 /64.
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    masked(address, 24, 64)
}

/// What one customer of a provider has at hand: an IPv4 /24, an IPv6 /48.
pub fn network(address: IpAddr) -> IpAddr {
    masked(address, 24, 48)
}

fn masked(address: IpAddr, v4_bits: u32, v6_bits: u32) -> IpAddr {
    match canonical(address) {
        IpAddr::V4(v4) => {
            Ipv4Addr::from_bits(v4.to_bits() & u32::MAX.checked_shl(32 - v4_bits).unwrap_or(0)).into()
        }
        IpAddr::V6(v6) => {
            Ipv6Addr::from_bits(v6.to_bits() & u128::MAX.checked_shl(128 - v6_bits).unwrap_or(0)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn trusted() -> Vec<IpNet> {
        vec!["10.0.0.0/8".parse().expect("a network"), "fd00::/8".parse().expect("a network")]
    }

    fn client(peer: &str, header: &[&str]) -> IpAddr {
        walk(ip(peer), &parse_x_forwarded_for(header.iter().copied()), &trusted()).client
    }

    #[test]
    fn the_rightmost_untrusted_hop_counts() {
        assert_eq!(
            client("203.0.113.9", &["192.0.2.1"]),
            ip("203.0.113.9"),
            "an untrusted peer is not believed"
        );
        assert_eq!(client("10.0.0.1", &["198.51.100.66, 192.0.2.1, 10.0.0.2"]), ip("192.0.2.1"));
        assert_eq!(
            client("10.0.0.1", &["198.51.100.66", "192.0.2.1"]),
            ip("192.0.2.1"),
            "lines are one list"
        );
        assert_eq!(client("10.0.0.1", &["192.0.2.1, nonsense"]), ip("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &[]), ip("10.0.0.1"));
        assert_eq!(client("::ffff:10.0.0.1", &["::ffff:192.0.2.7"]), ip("192.0.2.7"));
        assert_eq!(client("10.0.0.1", &["10.0.0.3"]), ip("10.0.0.3"));
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        let read = |value: &'static str| parse_forwarded([value].into_iter());
        assert_eq!(read("for=192.0.2.60;proto=http;by=203.0.113.43"), [Some(ip("192.0.2.60"))]);
        assert_eq!(read("For=\"[2001:db8:cafe::17]:4711\""), [Some(ip("2001:db8:cafe::17"))]);
        assert_eq!(
            read("for=192.0.2.43, for=\"[2001:db8::1]\""),
            [Some(ip("192.0.2.43")), Some(ip("2001:db8::1"))]
        );
        assert_eq!(read("for=unknown"), [None]);
        assert_eq!(read("by=203.0.113.43"), [None]);
    }

    #[test]
    fn neighbours_count_together() {
        assert_eq!(host(ip("192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(host(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(host(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(neighbourhood(ip("192.0.2.7")), ip("192.0.2.0"));
        assert_eq!(neighbourhood(ip("2001:db8:1:2:3::1")), ip("2001:db8:1:2::"));
        assert_eq!(network(ip("192.0.2.7")), ip("192.0.2.0"));
        assert_eq!(network(ip("2001:db8:1:2:3::1")), ip("2001:db8:1::"));
    }
}
