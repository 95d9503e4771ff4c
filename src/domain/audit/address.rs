//! How much of a client's address the audit log keeps.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use ipnet::IpNet;

use super::checkpoint::CheckpointKey;
use super::octets::Encoding;

/// What becomes of an address on its way into a record.
#[derive(Debug, Clone)]
pub enum Addresses {
    /// It is kept.
    Full,
    /// Its network is kept: /24, or /48 of IPv6.
    Prefix,
    /// Its HMAC is kept: equal ones can be told, and nobody without the key knows which it was.
    Keyed(Arc<hmac::Key>),
}

impl Addresses {
    /// Keyed by what belongs to `key`, the installation's oldest, so that equal addresses look equal on every node and
    /// however often keys change.
    pub fn keyed(key: &CheckpointKey) -> Self {
        let derived = Encoding::new("guardhouse audit address v1").field(key.seed()).hash();
        Self::Keyed(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &derived.0)))
    }

    /// What is kept of `address`: at most 45 characters.
    pub fn kept(&self, address: IpAddr) -> String {
        match self {
            Self::Full => address.to_string(),
            Self::Prefix => {
                let length = if address.is_ipv4() { 24 } else { 48 };
                let network = IpNet::new(address, length).map(|network| network.trunc());
                network.map_or_else(|_| String::new(), |network| network.to_string())
            }
            Self::Keyed(key) => {
                let text = address.to_string();
                let tag = hmac::sign(key, text.as_bytes());
                tag.as_ref()[..16].iter().fold("hmac:".to_owned(), |text, octet| format!("{text}{octet:02x}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn as_much_is_kept_as_the_policy_says() {
        let [four, six] =
            ["192.0.2.77", "2001:db8:1:2:ffff:ffff:ffff:ffff"].map(|text| text.parse().unwrap());
        assert_eq!(Addresses::Full.kept(four), "192.0.2.77");
        assert_eq!(Addresses::Full.kept(six), "2001:db8:1:2:ffff:ffff:ffff:ffff");
        assert_eq!(Addresses::Prefix.kept(four), "192.0.2.0/24");
        assert_eq!(Addresses::Prefix.kept(six), "2001:db8:1::/48");
        let key = |seed| CheckpointKey::from_seed(Zeroizing::new([seed; 32])).unwrap();
        let (one, other) = (Addresses::keyed(&key(1)), Addresses::keyed(&key(2)));
        assert_eq!(one.kept(six), one.kept(six));
        assert_eq!(one.kept(six).len(), 37);
        assert_ne!(one.kept(six), one.kept(four));
        assert_ne!(one.kept(six), other.kept(six));
    }
}
