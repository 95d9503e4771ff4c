//! The filter from the outside, and files that nobody should have written.

mod build;
mod common;
mod filter;
mod hostile;
mod input;
mod outside;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::build::{BuildFault, BuildReport, InputKind, Progress, Recipe, build};
use super::*;

const PASSWORDS: InputKind = InputKind::Passwords;
const HASHES: InputKind = InputKind::Sha1Lines { min_count: 0 };

/// A folder with a list in it, and room for a filter.
struct Desk(TempDir);

impl Desk {
    fn with(list: impl AsRef<[u8]>) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.list(), list).unwrap();
        desk
    }

    fn list(&self) -> PathBuf {
        self.0.path().join("list.txt")
    }

    fn output(&self) -> PathBuf {
        self.0.path().join("filter.gcs")
    }

    fn build(&self, kind: InputKind, bits: u8) -> Result<BuildReport, BuildFault> {
        self.build_watched(kind, bits, &mut |_| ())
    }

    fn build_watched(
        &self,
        kind: InputKind,
        bits: u8,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<BuildReport, BuildFault> {
        let (input, output) = (&*self.list(), &*self.output());
        build(&Recipe { input, kind, bits, source: "a list of the tests", output }, progress)
    }

    fn filter(&self) -> BreachFilter {
        BreachFilter::open(&self.output()).unwrap()
    }

    fn octets(&self) -> Vec<u8> {
        fs::read(self.output()).unwrap()
    }

    /// The names in the folder, in order.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The `number`-th password of a list.
fn member(number: u32) -> String {
    format!("member {number}")
}

fn members(count: u32) -> String {
    (0..count).map(|number| member(number) + "\n").collect()
}

fn sha1_hex(password: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    hash.as_ref().iter().map(|octet| format!("{octet:02X}")).collect()
}

/// The members as lines of hashes, in the order of the passwords.
fn hashes(count: u32) -> Vec<String> {
    (0..count).map(|number| sha1_hex(&member(number))).collect()
}

/// That the text of a fault says where.
fn assert_names(fault: &dyn std::fmt::Display, path: &Path) {
    assert!(fault.to_string().contains(&path.display().to_string()), "{fault}");
}
