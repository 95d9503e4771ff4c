//! A digest of rows that does not depend on their order, so that databases which sort differently can be compared, and
//! each row is looked at once.
//!
//! It is LtHash (Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", 1997; Lewi, Kim, Maykov and
//! Weis, "Securing Update Propagation with Homomorphic Hashing", 2019) with 1,024 lanes of 16 bits: each row is hashed
//! with SHA-256, the hash is stretched to the 2,048 bytes of a vector, and the vectors are added lane by lane. What is
//! shown is the SHA-256 of the sum.
//!
//! Two different sets of rows with one digest are a collision of SHA-256, or a short vector in a lattice of 1,024
//! dimensions over Z/2¹⁶: more than 2²⁰⁰ steps by the best attack known (the second paper, section 4). Adding the
//! SHA-256 of the rows as plain numbers of 256 bits would be less: whoever may choose rows, as users may choose their
//! names, finds sets with one sum by Wagner's generalised birthday attack in about 2³² steps. Whatever is in a set once
//! too often counts, too, unlike with an exclusive or. Accidents of whatever kind go unseen once in 2²⁵⁶.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest::{Context, SHA256};

use super::row::{self, Value};
pub use crate::domain::audit::octets::Hash;

const LANES: usize = 1_024;

/// The digest of the rows that were added so far.
#[derive(Clone)]
pub struct Digest {
    lanes: Box<[u16; LANES]>,
    rows: u64,
    /// Kept, so that not every row asks for memory.
    encoded: Vec<u8>,
    stretched: Box<[u8; 2 * LANES]>,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            lanes: Box::new([0; LANES]),
            rows: 0,
            encoded: Vec::new(),
            stretched: Box::new([0; 2 * LANES]),
        }
    }
}

impl Digest {
    /// Adds a row of `table`.
    pub fn add(&mut self, table: &str, values: &[Value]) {
        self.encoded.clear();
        row::encode(&[Value::Text(format!("guardhouse row v1 {table}"))], &mut self.encoded);
        row::encode(values, &mut self.encoded);
        self.stretch();
        for (lane, bytes) in self.lanes.iter_mut().zip(self.stretched.chunks_exact(2)) {
            *lane = lane.wrapping_add(u16::from_le_bytes([bytes[0], bytes[1]]));
        }
        self.rows += 1;
    }

    /// How many rows were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What it is now.
    pub fn value(&self) -> Hash {
        let mut sum = Context::new(&SHA256);
        for lane in self.lanes.iter() {
            sum.update(&lane.to_le_bytes());
        }
        hash(sum)
    }

    /// AES-256 in counter mode, under the hash of the row as the key: a stream that nobody can steer.
    fn stretch(&mut self) {
        let mut key = Context::new(&SHA256);
        key.update(&self.encoded);
        let key = UnboundCipherKey::new(&AES_256, &hash(key).0).expect("a SHA-256 has the size of the key");
        let cipher = EncryptingKey::ctr(key).expect("AES has this mode");
        self.stretched.fill(0);
        let from_zero = EncryptionContext::Iv128([0; 16].into());
        cipher.less_safe_encrypt(&mut self.stretched[..], from_zero).expect("2,048 bytes are not too many");
    }
}

fn hash(context: Context) -> Hash {
    let mut octets = [0; 32];
    octets.copy_from_slice(context.finish().as_ref());
    Hash(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(&str, i64)]) -> Hash {
        let mut digest = Digest::default();
        rows.iter().for_each(|(table, number)| digest.add(table, &[Value::Int(*number)]));
        assert_eq!(digest.rows(), rows.len() as u64);
        digest.value()
    }

    #[test]
    fn the_order_does_not_count_and_everything_else_does() {
        let three = of(&[("users", 1), ("users", 2), ("users", 3)]);
        assert_eq!(three, of(&[("users", 3), ("users", 1), ("users", 2)]));
        for other in [
            &[("users", 1), ("users", 2)][..],
            &[("users", 1), ("users", 2), ("users", 4)],
            &[("users", 1), ("users", 2), ("users", 3), ("users", 3)],
            &[("users", 1), ("users", 2), ("sessions", 3)],
            &[("users", 0), ("users", 2), ("users", 4)],
        ] {
            assert_ne!(three, of(other), "{other:?}");
        }
        // An exclusive or would not see these.
        assert_ne!(of(&[]), of(&[("users", 1), ("users", 1)]));
    }

    #[test]
    fn the_digest_stays_what_it_is() {
        // Computed once; back-ups hold digests, so another value is another format.
        let known = "e2b7ea543aada784f32c32bb4d6408b495ee37112ef12a39c77b8b47ae2ec68f";
        assert_eq!(of(&[("users", 1), ("users", 2)]).to_string(), known);
    }
}
