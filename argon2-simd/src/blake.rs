//! What Argon2 takes from BLAKE2b: the first hash H₀ and the hash of any length H′ (RFC 9106, sections 3.2 and 3.3).

use blake2::digest::block_api::{UpdateCore, VariableOutputCore};
use blake2::digest::block_buffer::LazyBuffer;
use blake2::{Blake2b512, Blake2bVarCore, Digest};

use crate::Recipe;

/// H₀: everything that the result depends on, each part of variable length behind its length.
pub(crate) fn seed(recipe: &Recipe<'_>, password: &[u8], salt: &[u8], output_len: usize) -> [u8; 64] {
    let params = recipe.params;
    let mut hash = Blake2b512::new();
    for number in [
        params.p_cost(),
        length(output_len),
        params.m_cost(),
        params.t_cost(),
        recipe.version.into(),
        recipe.algorithm as u32,
    ] {
        hash.update(number.to_le_bytes());
    }
    for part in [password, salt, recipe.secret, params.data()] {
        hash.update(length(part.len()).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn length(octets: usize) -> u32 {
    u32::try_from(octets).expect("lengths are checked before anything is hashed")
}

/// H′ of the `parts` one after the other, as long as `output`, which is not empty.
pub(crate) fn long(parts: &[&[u8]], output: &mut [u8]) {
    let prefix = length(output.len()).to_le_bytes();
    let parts = std::iter::once(prefix.as_slice()).chain(parts.iter().copied());
    if output.len() <= 64 {
        return short(parts, output);
    }
    let mut link = [0; 64];
    short(parts, &mut link);
    let mut rest = output;
    // Half of each link is output, until what is missing fits into one.
    while rest.len() > 64 {
        let (half, behind) = rest.split_at_mut(32);
        half.copy_from_slice(&link[..32]);
        rest = behind;
        if rest.len() > 64 {
            let last = link;
            short([last.as_slice()], &mut link);
        }
    }
    short([link.as_slice()], rest);
}

/// BLAKE2b with an output of 1 to 64 octets.
fn short<'a>(parts: impl IntoIterator<Item = &'a [u8]>, output: &mut [u8]) {
    let mut state = Blake2bVarCore::new(output.len()).expect("no output is empty or longer than 64 octets");
    let mut buffer = LazyBuffer::default();
    for part in parts {
        buffer.digest_blocks(part, |blocks| state.update_blocks(blocks));
    }
    let mut whole = Default::default();
    state.finalize_variable_core(&mut buffer, &mut whole);
    output.copy_from_slice(&whole[..output.len()]);
}
