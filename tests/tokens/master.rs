//! The master key: its file, and what is sealed under it.

use std::fs;
use std::path::PathBuf;

use guardhouse::domain::entropy::SystemEntropy;
use guardhouse::tokens::master::{Made, MasterKey, MasterKeyFault};
use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    (folder, path)
}

/// Whether both are the same key.
fn same(one: &MasterKey, other: &MasterKey) -> bool {
    let sealed = one.seal(b"c", b"x", &Seeded::new(1));
    other.open(b"c", &sealed).is_ok_and(|opened| *opened == b"x")
}

#[test]
fn it_is_made_once_and_found_from_then_on() {
    let (folder, path) = folder();
    let (made, how) = MasterKey::load_or_create(&path, &SystemEntropy).unwrap();
    assert_eq!(how, Made::Created);
    let (found, how) = MasterKey::load_or_create(&path, &SystemEntropy).unwrap();
    assert_eq!(how, Made::Found);
    assert!(same(&made, &found));

    let content = fs::read_to_string(&path).unwrap();
    let line = content.strip_suffix('\n').unwrap();
    assert_eq!((line.len(), unb64(line).len()), (43, 32));
    assert!(same(&made, &MasterKey::from_bytes(unb64(line).try_into().unwrap())));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["master.key"], "nothing is left beside it");
}

#[test]
fn a_relative_path_without_a_folder_means_the_current_one() {
    let name = PathBuf::from(format!("master-key-test-{}", std::process::id()));
    let made = MasterKey::load_or_create(&name, &SystemEntropy);
    let found = MasterKey::load_or_create(&name, &SystemEntropy);
    fs::remove_file(&name).unwrap();
    assert_eq!((made.unwrap().1, found.unwrap().1), (Made::Created, Made::Found));
}

#[test]
fn processes_that_start_together_agree_on_one_key() {
    let (folder, path) = folder();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let start = || MasterKey::load_or_create(&path, &SystemEntropy).unwrap();
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(keys.iter().filter(|(_, made)| *made == Made::Created).count(), 1);
    assert!(keys.iter().all(|(key, _)| same(key, &keys[0].0)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let (_folder, path) = folder();
    MasterKey::load_or_create(&path, &SystemEntropy).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    for mode in [0o640, 0o604, 0o644, 0o660, 0o606, 0o610, 0o601, 0o777] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let fault = MasterKey::load_or_create(&path, &SystemEntropy).unwrap_err();
        assert!(matches!(fault, MasterKeyFault::Exposed { mode: told, .. } if told == mode), "{fault}");
        let told = fault.to_string();
        assert!(told.contains(&format!("chmod 600 {}", path.display())), "{told}");
        assert!(told.contains(&format!("mode {mode:04o}")), "{told}");
    }
    for mode in [0o400, 0o600, 0o700] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(MasterKey::load_or_create(&path, &SystemEntropy).is_ok(), "{mode:o}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_holds_no_key_is_refused_and_left_alone() {
    let key = b64([7; 32]);
    for content in [
        String::new(),
        "\n".into(),
        key[1..].to_owned(),
        format!("{key}A"),
        format!("{key}="),
        format!(" {key}"),
        format!("{key}\n{key}\n"),
        format!("{}\n", "7".repeat(64)),
        format!("{}i\n", &key[..42]),
        "A".repeat(1 << 20),
        format!("{key}{}x", "\n".repeat(200)),
    ] {
        let (_folder, path) = folder();
        write_private(&path, &content);
        let fault = MasterKey::load_or_create(&path, &SystemEntropy).expect_err(&content);
        assert!(matches!(fault, MasterKeyFault::Malformed { .. }), "{content:?}: {fault}");
        assert!(fault.to_string().contains(&path.display().to_string()), "{fault}");
        assert!(!fault.to_string().contains(&key[1..]), "{fault}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    for content in [key.clone(), format!("{key}\n"), format!("{key}\r\n")] {
        let (_folder, path) = folder();
        write_private(&path, &content);
        let (found, made) = MasterKey::load_or_create(&path, &SystemEntropy).unwrap();
        assert!(made == Made::Found && same(&found, &MasterKey::from_bytes([7; 32])), "{content:?}");
    }
}

#[cfg(unix)]
fn write_private(path: &std::path::Path, content: &str) {
    use std::os::unix::fs::PermissionsExt;

    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_missing_folder_is_named() {
    let (folder, _) = folder();
    let path = folder.path().join("missing").join("master.key");
    let fault = MasterKey::load_or_create(&path, &SystemEntropy).unwrap_err().to_string();
    let start = format!("the master key file {} could not be created: ", path.display());
    assert!(fault.starts_with(&start), "{fault}");
    let fault = MasterKey::load_or_create(folder.path(), &SystemEntropy);
    assert!(fault.is_err(), "a folder is no key");
}

#[test]
fn what_is_sealed_opens_only_whole_and_in_its_place() {
    let key = MasterKey::from_bytes([7; 32]);
    let sealed = key.seal(b"place", b"secret", &Seeded::new(1));
    assert_eq!(sealed.len(), 1 + 12 + 6 + 16);
    assert_eq!(*key.open(b"place", &sealed).unwrap(), b"secret");
    assert!(key.open(b"elsewhere", &sealed).is_err());
    assert!(key.open(b"", &sealed).is_err());
    assert!(MasterKey::from_bytes([8; 32]).open(b"place", &sealed).is_err());
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(key.open(b"place", &changed).is_err(), "bit {bit}");
    }
    for end in 0..sealed.len() {
        assert!(key.open(b"place", &sealed[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(*key.open(b"", &key.seal(b"", b"", &Seeded::new(1))).unwrap(), b"");
}

#[test]
fn every_sealing_takes_a_nonce_from_the_entropy() {
    let key = MasterKey::from_bytes([7; 32]);
    let entropy = Seeded::new(1);
    let [one, two] = [(); 2].map(|()| key.seal(b"place", b"secret", &entropy));
    assert_ne!(one[1..13], two[1..13]);
    assert_eq!(one, key.seal(b"place", b"secret", &Seeded::new(1)), "and from nowhere else");
}
