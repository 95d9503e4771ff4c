//! A filter file that somebody made or damaged: it opens or is refused, and answers or says that it is damaged.

use std::io::Write;

use guardhouse::breach::{BreachFilter, common};

/// `data` is a file.
pub fn run(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(data).expect("written");
    let Ok(filter) = BreachFilter::open(file.path()) else { return };
    for password in ["", "password", "another one", "\u{10ffff}"] {
        let _ = filter.contains(password.as_bytes());
    }
    assert!((0.0..=1.0).contains(&filter.false_positive_rate()));
    assert!(filter.source().len() <= 256);
}

/// The built-in filter, and the beginnings of it.
pub fn seeds() -> Vec<Vec<u8>> {
    assert!(common().entries() > 0);
    let whole = include_bytes!("../../../src/breach/common.gcs");
    [whole.len(), whole.len() - 1, whole.len() / 2, 4_096, 128, 64, 8].map(|end| whole[..end].to_vec()).into()
}
