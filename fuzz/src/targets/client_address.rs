//! The client's address: `Forwarded`, `X-Forwarded-For`, and the walk through trusted proxies. What a client writes
//! further left never changes what a trusted proxy said.

use std::net::IpAddr;

use guardhouse::domain::address::{
    Route, canonical, host, neighbourhood, network, parse_forwarded, parse_x_forwarded_for, walk,
};
use ipnet::IpNet;

/// `data` is the peer's address and, on the next line, what a client wrote into the header; further lines are what
/// proxies added.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let Some(Ok(peer)) = lines.next().map(str::parse::<IpAddr>) else { return };
    let claimed = lines.next().unwrap_or_default();
    let added: Vec<&str> = lines.collect();
    check(peer, claimed, &added, |values| parse_forwarded(values.iter().copied()));
    check(peer, claimed, &added, |values| parse_x_forwarded_for(values.iter().copied()));
    for address in [host(peer), neighbourhood(peer), network(peer), canonical(peer)] {
        assert_eq!(canonical(address), address);
    }
    assert_eq!(host(host(peer)), host(peer));
    assert_eq!(neighbourhood(host(peer)), neighbourhood(peer));
    assert_eq!(network(neighbourhood(peer)), network(peer));
    assert_eq!(host(canonical(peer)), host(peer), "another spelling is another client");
}

fn check(peer: IpAddr, claimed: &str, added: &[&str], parse: impl Fn(&[&str]) -> Vec<Option<IpAddr>>) {
    let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a network")).to_vec();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let chain = parse(added);
    let Route { client, proxies } = walk(peer, &chain, &trusted);
    let known =
        chain.iter().flatten().map(|hop| canonical(*hop)).chain([canonical(peer)]).collect::<Vec<_>>();
    assert!(known.contains(&client), "{client} was nowhere on the way");
    assert!(proxies.iter().all(is_trusted) && proxies.len() <= chain.len(), "{proxies:?}");
    if proxies.is_empty() {
        assert_eq!(client, canonical(peer), "nobody vouches for {client}");
    }
    // Where the client wrote it: on a line of its own, or at the front of the line that a proxy went on with.
    let before = [&[claimed], added].concat();
    let mut joined = added.to_vec();
    let line = added.first().map(|first| format!("{claimed},{first}"));
    if let (Some(first), Some(line)) = (joined.first_mut(), &line) {
        *first = line;
    }
    for values in [before, joined] {
        let longer = parse(&values);
        assert!(longer.ends_with(&chain), "{claimed:?} changes what follows it");
        let route = walk(peer, &longer, &trusted);
        if !is_trusted(&client) || chain.iter().any(Option::is_none) {
            assert_eq!(route, Route { client, proxies: proxies.clone() }, "{claimed:?} is believed");
        }
    }
    assert_eq!(walk(peer, &chain, &[]), Route { client: canonical(peer), proxies: Vec::new() });
}

/// Ways through proxies, told as they are and otherwise.
pub fn seeds() -> Vec<Vec<u8>> {
    let ways = [
        "10.0.0.1\n198.51.100.66\n192.0.2.1, 10.0.0.2",
        "10.0.0.1\nfor=198.51.100.66\nfor=192.0.2.60;proto=http;by=203.0.113.43\nfor=\"[fd00::1]:4711\"",
        "::ffff:10.0.0.1\nfor=\"unfinished\nFor=\"[2001:db8:cafe::17]:4711\"",
        "fd00::5\n[2001:db8::1]:80\n_hidden, 2001:db8::1, fd12::3",
        "10.9.8.7\nfor=unknown\nby=203.0.113.43;for=192.0.2.43, for=\"10.1.1.1\"",
        "203.0.113.9\n1.2.3.4\n10.0.0.3",
        "10.0.0.1\n\n",
    ];
    ways.map(|way| way.as_bytes().to_vec()).to_vec()
}
