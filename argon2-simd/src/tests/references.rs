//! Which blocks are referred to: by Argon2i, and by the first half of Argon2id's first pass, always the same ones.

use std::cell::RefCell;

use argon2::{Algorithm, Params, Version};

use super::super::block::{Block, Mode, WORDS, ZERO};
use super::*;

/// The references of a whole hash in their order, as numbers of blocks. What addresses are made of lies elsewhere and
/// is left out.
fn references(algorithm: Algorithm, params: &Params, password: &[u8]) -> Vec<usize> {
    let recipe = Recipe::new(algorithm, Version::V0x13, params);
    let seed = blake::seed(&recipe, password, b"somesalt", 32);
    let mut blocks = vec![ZERO; params.block_count()];
    let range = blocks.as_ptr_range();
    let (from, to) = (range.start as usize, range.end as usize);
    let seen = RefCell::new(Vec::new());
    fill::fill(&recipe, &seed, &mut blocks, |next: &mut Block, previous, reference, mode: Mode| {
        let [made, before, used] = [&raw const *next, &raw const *previous, &raw const *reference]
            .map(|block| block as usize)
            .map(|address| (from..to).contains(&address).then(|| (address - from) / (8 * WORDS)));
        if let (Some(made), Some(before), Some(used)) = (made, before, used) {
            assert!(made != used && before != used && made != before);
            seen.borrow_mut().push(used);
        }
        Backend::best().compress(next, previous, reference, mode);
    });
    seen.into_inner()
}

#[test]
fn argon2i_and_the_first_half_of_argon2id_read_where_the_password_cannot_steer_them() {
    for (kib, passes, lanes) in [(256, 3, 1), (1_024, 2, 2), (96, 2, 3)] {
        let params = params(kib, passes, lanes);
        let made = params.block_count();
        for algorithm in [Algorithm::Argon2i, Algorithm::Argon2id, Algorithm::Argon2d] {
            let [one, other] =
                [&b"password"[..], b"another"].map(|password| references(algorithm, &params, password));
            // Each lane begins with two blocks that are made of none.
            let firsts = 2 * lanes as usize;
            assert_eq!(one.len(), made * passes as usize - firsts);
            let half = made / 2 - firsts;
            let common = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
            match algorithm {
                Algorithm::Argon2i => assert_eq!(one, other),
                Algorithm::Argon2id => {
                    // Beyond it a reference or two may be the same by chance, a quarter of the memory may not.
                    assert!((half..half + made / 4).contains(&common), "{common} of {half}");
                }
                Algorithm::Argon2d => assert!(common < half, "{common} of {half}"),
            }
        }
    }
}
