//! The fuzz targets as a library, and their way to a corpus. What is fuzzed and what has to hold is in [`targets`].

pub mod targets;

use std::path::Path;

/// Where `GUARDHOUSE_FUZZ_SEEDS` names a directory: writes the seeds of the target `name` there and ends the process.
///
/// # Panics
///
/// When there is no such target, or the directory does not take files.
pub fn write_seeds_if_asked(name: &str) {
    let Some(directory) = std::env::var_os("GUARDHOUSE_FUZZ_SEEDS") else { return };
    let target = targets::TARGETS.iter().find(|target| target.name == name).expect("a target of that name");
    for (number, seed) in (target.seeds)().iter().enumerate() {
        let path = Path::new(&directory).join(format!("seed-{number:04}"));
        std::fs::write(path, seed).expect("the directory takes files");
    }
    std::process::exit(0);
}
