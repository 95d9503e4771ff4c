//! Whatever is hashed by whatever parameters: every backend makes what the `argon2` crate makes.

use argon2::{Algorithm, Argon2, AssociatedData, Params, ParamsBuilder, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::block::{Block, Mode, WORDS};
use super::*;

fn costs() -> impl Strategy<Value = Params> {
    let costs = (1_u32..=4, 1_u32..=3, 0_u32..=248, vec(any::<u8>(), 0..=32));
    costs.prop_map(|(lanes, passes, more, data)| {
        ParamsBuilder::new()
            .m_cost(8 * lanes + more.min(256 - 8 * lanes))
            .t_cost(passes)
            .p_cost(lanes)
            .data(AssociatedData::new(&data).expect("at most 32 octets"))
            .build()
            .expect("at least eight blocks a lane")
    })
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    select(vec![Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id])
}

fn block() -> impl Strategy<Value = Block> {
    // Also words at the edges of carries and of the 32 bits that are multiplied.
    let word = prop_oneof![any::<u64>(), select(vec![0, 1, u64::MAX, u64::from(u32::MAX), 1 << 32, 1 << 63])];
    vec(word, WORDS).prop_map(|words| words.try_into().expect("as many"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_backend_makes_what_the_crate_makes(
        params in costs(),
        algorithm in algorithm(),
        version in select(vec![Version::V0x10, Version::V0x13]),
        password in prop_oneof![Just(Vec::new()), vec(any::<u8>(), 0..40), vec(any::<u8>(), 1_000..3_000)],
        salt in prop_oneof![vec(any::<u8>(), 8..=16), vec(any::<u8>(), 100..300)],
        secret in vec(any::<u8>(), 0..40),
        length in prop_oneof![4..=64_usize, 65..=300_usize],
    ) {
        let mut expected = vec![0; length];
        Argon2::new_with_secret(&secret, algorithm, version, params.clone())
            .expect("a short secret")
            .hash_password_into(&password, &salt, &mut expected)
            .expect("valid lengths");
        let recipe = Recipe::new(algorithm, version, &params).with_secret(&secret);
        let mut memory = Memory::default();
        for backend in Backend::available() {
            let mut output = vec![0; length];
            recipe
                .with_backend(backend)
                .hash_into(&password, &salt, &mut memory, &mut output)
                .expect("valid lengths");
            prop_assert_eq!(&output, &expected, "{}", backend);
        }
    }

    #[test]
    fn every_backend_compresses_alike(before in block(), previous in block(), reference in block()) {
        for mode in [Mode::Replace, Mode::Add] {
            let mut expected = before;
            Backend::PORTABLE.compress(&mut expected, &previous, &reference, mode);
            for backend in Backend::available() {
                let mut next = before;
                backend.compress(&mut next, &previous, &reference, mode);
                prop_assert!(next == expected, "{}, {:?}", backend, mode);
            }
        }
    }
}

#[test]
fn every_backend_makes_what_the_crate_makes_at_the_costs_that_are_shipped() {
    let mut memory = Memory::default();
    for (kib, passes) in [(19 * 1_024, 2), (46 * 1_024, 1)] {
        let params = params(kib, passes, 1);
        let mut expected = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
            .hash_password_into(b"password", b"somesalt", &mut expected)
            .expect("valid lengths");
        let recipe = Recipe::new(Algorithm::Argon2id, Version::V0x13, &params);
        for backend in Backend::available() {
            assert_eq!(tag(&recipe.with_backend(backend), &mut memory), expected, "{backend}, {kib} KiB");
        }
    }
}
