//! Every backend of this processor against the vectors of others and against the `argon2` crate, and what must hold of
//! references and of the memory.

mod like_the_crate;
mod references;
mod vectors;

use std::collections::BTreeSet;

use argon2::{Algorithm, Error, Params, Version};

use super::*;

fn params(memory_kib: u32, iterations: u32, lanes: u32) -> Params {
    Params::new(memory_kib, iterations, lanes, None).expect("valid parameters")
}

fn tag(recipe: &Recipe<'_>, memory: &mut Memory) -> [u8; 32] {
    let mut output = [0; 32];
    recipe.hash_into(b"password", b"somesalt", memory, &mut output).expect("valid lengths");
    output
}

#[test]
fn the_fastest_available_backend_is_the_best_and_they_tell_their_names() {
    let names: Vec<String> = Backend::available().map(|backend| backend.to_string()).collect();
    println!("backends of this processor: {}", names.join(", "));
    assert_eq!(names[0], "portable");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "each once");
    assert_eq!(Backend::available().last(), Some(Backend::best()));
    // By the system's own account of the processor, which is not what the detection reads.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    {
        let processor = std::fs::read_to_string("/proc/cpuinfo").expect("this is Linux");
        let has = |flag: &str| processor.split_whitespace().any(|word| word == flag);
        assert_eq!(Backend::avx2().is_some(), has("avx2"));
        assert_eq!(Backend::avx512().is_some(), has("avx512f") && has("avx512bw"));
    }
}

#[test]
fn the_recipe_uses_the_backend_it_is_told() {
    let params = params(8, 1, 1);
    let recipe = Recipe::new(Algorithm::Argon2id, Version::V0x13, &params);
    assert_eq!(recipe.backend, Backend::best());
    for backend in Backend::available() {
        assert_eq!(recipe.with_backend(backend).backend, backend);
    }
}

#[test]
fn lengths_out_of_bounds_are_refused_as_the_crate_refuses_them_and_nothing_is_written() {
    let exact = Params::new(8, 1, 1, Some(16)).expect("valid parameters");
    let any = params(8, 1, 1);
    for (params, salt, length, expected) in [
        (&exact, 8, 16, Ok(())),
        (&exact, 8, 15, Err(Error::OutputTooShort)),
        (&exact, 8, 17, Err(Error::OutputTooLong)),
        (&any, 8, 4, Ok(())),
        (&any, 8, 3, Err(Error::OutputTooShort)),
        (&any, 7, 32, Err(Error::SaltTooShort)),
        (&any, 0, 32, Err(Error::SaltTooShort)),
    ] {
        let (salt, mut ours, mut theirs) = (vec![1; salt], vec![7; length], vec![7; length]);
        let recipe = Recipe::new(Algorithm::Argon2id, Version::V0x13, params);
        let made = recipe.hash_into(b"", &salt, &mut Memory::default(), &mut ours);
        let library = argon2::Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        assert_eq!(made, library.hash_password_into(b"", &salt, &mut theirs));
        assert_eq!(made, expected);
        assert_eq!(ours, theirs);
        assert_eq!(ours == vec![7; length], expected.is_err());
    }
}

#[test]
fn the_memory_is_kept_grows_and_shrinks_and_what_was_in_it_changes_nothing() {
    let [small, large] = [params(64, 1, 1), params(256, 2, 4)];
    let [small, large] =
        [&small, &large].map(|params| Recipe::new(Algorithm::Argon2id, Version::V0x13, params));
    let [first, second] = [&small, &large].map(|recipe| tag(recipe, &mut Memory::default()));
    let mut memory = Memory::default();
    assert_eq!(memory.kib(), 0);
    for (recipe, expected, kib) in
        [(&small, first, 64), (&large, second, 256), (&small, first, 256), (&large, second, 256)]
    {
        assert_eq!(tag(recipe, &mut memory), expected);
        assert_eq!(memory.kib(), kib);
    }
    let kept = memory.blocks(256).as_ptr();
    memory.shrink_to(256);
    assert_eq!((memory.kib(), memory.blocks(256).as_ptr()), (256, kept), "there was nothing to give back");
    memory.shrink_to(64);
    assert_eq!(memory.kib(), 64);
    assert_eq!(tag(&small, &mut memory), first);
    assert_eq!(format!("{memory:?}"), "Memory(64 KiB)");
}

#[test]
fn wiping_leaves_nothing_of_a_hash() {
    let params = params(64, 1, 1);
    let mut memory = Memory::default();
    tag(&Recipe::new(Algorithm::Argon2id, Version::V0x13, &params), &mut memory);
    assert!(memory.blocks(64).iter().all(|block| block.iter().any(|word| *word != 0)));
    memory.wipe();
    assert!(memory.blocks(64).as_flattened().iter().all(|word| *word == 0));
}

#[test]
fn large_memory_begins_on_a_huge_page_and_small_memory_on_a_line() {
    for (kib, alignment) in [(8, 64), (2_048, 64), (4_096, 2 << 20), (19 * 1_024, 2 << 20)] {
        let mut memory = Memory::default();
        assert_eq!(memory.blocks(kib).as_ptr() as usize % alignment, 0, "{kib} KiB");
        assert_eq!(memory.blocks(kib).len(), kib);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn large_memory_is_advised_to_lie_on_huge_pages() {
    let mut memory = Memory::default();
    let address = memory.blocks(8 * 1_024).as_ptr() as usize + (4 << 20);
    let maps = std::fs::read_to_string("/proc/self/smaps").expect("this is Linux");
    let mut inside = false;
    let flags = maps.lines().find(|line| {
        let range = line.split_whitespace().next().and_then(|range| range.split_once('-'));
        let number = |text| usize::from_str_radix(text, 16).ok();
        if let Some((Some(from), Some(to))) = range.map(|(from, to)| (number(from), number(to))) {
            inside = (from..to).contains(&address);
        }
        inside && line.starts_with("VmFlags:")
    });
    let flags = flags.expect("the memory is mapped");
    let offered = std::path::Path::new("/sys/kernel/mm/transparent_hugepage/enabled").exists();
    assert_eq!(flags.split_whitespace().any(|flag| flag == "hg"), offered, "{flags}");
}
