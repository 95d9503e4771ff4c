//! Tokens that a thief would make of a genuine one.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A genuine JWT, taken apart.
pub(super) struct Genuine {
    pub(super) header: Value,
    pub(super) payload: Value,
    parts: [String; 3],
}

/// What was done, and the token that came of it.
pub(super) type Forged = (String, String);

impl Genuine {
    pub(super) fn new(token: &str) -> Self {
        let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let parts: [String; 3] = parts.try_into().expect("a JWT has three parts");
        let read = |part: &str| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
        };
        Self { header: read(&parts[0]), payload: read(&parts[1]), parts }
    }

    /// Whether this is what HMAC-SHA256 with `secret` makes: what another service would compute.
    pub(super) fn is_signed_with(&self, secret: &str) -> bool {
        hs256(secret.as_bytes(), &self.parts[0], &self.parts[1]).ends_with(&format!(".{}", self.parts[2]))
    }

    /// What the system before gave out, by the same key: without our header and most of our claims.
    pub(super) fn of_the_system_before(&self, secret: &str) -> Vec<Forged> {
        let claims = ["sub", "iat", "exp"].map(|claim| (claim.to_owned(), self.payload[claim].clone()));
        let few = Value::Object(claims.into_iter().collect());
        let plain = json!({ "alg": "HS256", "typ": "JWT" });
        [(&plain, &few), (&plain, &self.payload), (&self.header, &few)]
            .map(|(header, payload)| {
                let token = hs256(secret.as_bytes(), &encode(header), &encode(payload));
                ("of the system before".to_owned(), token)
            })
            .into()
    }

    /// The header with another algorithm.
    fn header_with(&self, algorithm: &str) -> String {
        let mut header = self.header.clone();
        header["alg"] = json!(algorithm);
        encode(&header)
    }

    /// The payload with one claim changed.
    fn payload_with(&self, claim: &str, value: Value) -> String {
        let mut payload = self.payload.clone();
        payload[claim] = value;
        encode(&payload)
    }

    /// `alg: none`, in every spelling, with a signature and without one.
    pub(super) fn without_algorithm(&self) -> Vec<Forged> {
        let payload = self.payload_with("roles", json!(["admin"]));
        let each = |algorithm: &str| {
            let header = self.header_with(algorithm);
            let tokens = [format!("{header}.{payload}."), format!("{header}.{payload}.{}", self.parts[2])];
            tokens.map(|token| (format!("alg {algorithm}"), token))
        };
        ["none", "None", "NONE", "nOnE", ""].into_iter().flat_map(each).collect()
    }

    /// Another key of the same kind, under the name of ours; and keys that no one should have chosen.
    pub(super) fn by_another_key(&self) -> Vec<Forged> {
        let (header, payload) = (self.header_with("HS256"), &self.parts[1]);
        let keys: [&[u8]; 4] = [b"another-secret-of-more-than-thirty-two-octets", b"secret", b"", &[0; 32]];
        let shared = keys.map(|key| (format!("HS256 by {key:?}"), hs256(key, &header, payload)));
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
        let message = format!("{}.{payload}", self.header_with("EdDSA"));
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
        shared
            .into_iter()
            .chain([("EdDSA by another".to_owned(), format!("{message}.{signature}"))])
            .collect()
    }

    /// The public key of ours taken for a shared one.
    pub(super) fn by_public_key(&self, jwk: &Value) -> Vec<Forged> {
        let header = self.header_with("HS256");
        let x = jwk["x"].as_str().expect("a public key of EdDSA");
        let octets = URL_SAFE_NO_PAD.decode(x).expect("base64url");
        let whole = jwk.to_string();
        [octets.as_slice(), x.as_bytes(), whole.as_bytes()]
            .map(|key| ("HS256 by the public key".to_owned(), hs256(key, &header, &self.parts[1])))
            .into()
    }

    /// Somebody else, more rights, a longer life, another session: under the signature that was there.
    pub(super) fn with_changed_payload(&self, other: &str) -> Vec<Forged> {
        let year = self.payload["exp"].as_u64().expect("a time") + 31_536_000;
        let changes = [
            ("sub", json!(other)),
            ("sid", json!(other)),
            ("roles", json!(["admin", "user"])),
            ("exp", json!(year)),
            ("iss", json!("http://elsewhere")),
        ];
        let [header, _, signature] = &self.parts;
        changes
            .map(|(claim, value)| {
                (
                    format!("another {claim}"),
                    format!("{header}.{}.{signature}", self.payload_with(claim, value)),
                )
            })
            .into()
    }

    /// Cut off, emptied, lengthened, and with each part of the signature altered.
    pub(super) fn truncated(&self) -> Vec<Forged> {
        let [header, payload, signature] = &self.parts;
        let whole = format!("{header}.{payload}.{signature}");
        let mut forged: Vec<Forged> = [1, 2, signature.len() / 2, signature.len(), signature.len() + 1]
            .map(|cut| (format!("{cut} cut off"), whole[..whole.len() - cut].to_owned()))
            .into();
        for token in [
            header.clone(),
            format!("{header}.."),
            format!(".{payload}.{signature}"),
            format!("{header}..{signature}"),
            format!("{whole}.{signature}"),
            format!("{whole}A"),
            whole[1..].to_owned(),
        ] {
            forged.push(("in pieces".to_owned(), token));
        }
        let octets = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        for at in [0, octets.len() / 2, octets.len() - 1] {
            let mut octets = octets.clone();
            octets[at] ^= 1;
            forged.push((
                format!("octet {at} of the signature"),
                format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(octets)),
            ));
        }
        forged
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn hs256(secret: &[u8], header: &str, payload: &str) -> String {
    let message = format!("{header}.{payload}");
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
