//! A site to configure: a directory with files, an environment, flags.

use std::path::PathBuf;

use guardhouse::config::{Config, Fault, Faults, Origin, Sources};
use tempfile::TempDir;

/// Collects sources; keeps its directory for as long as it lives.
pub(super) struct Site {
    pub(super) dir: TempDir,
    pub(super) sources: Sources,
}

impl Site {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary directory"), sources: Sources::default() }
    }

    /// A file of `--config` named `name`.
    pub(super) fn file(mut self, name: &str, text: &str) -> Self {
        let path = self.write(name, text);
        self.sources.files.push(path);
        self
    }

    pub(super) fn env(mut self, name: &str, value: &str) -> Self {
        self.sources.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn flag(mut self, key: &str, value: &str) -> Self {
        self.sources.flags.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file that no source names yet.
    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("the temporary directory takes files");
        path
    }

    pub(super) fn load(&self) -> Result<Config, Faults> {
        Config::load(&self.sources)
    }

    pub(super) fn config(&self) -> Config {
        self.load().unwrap_or_else(|faults| panic!("{faults}"))
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        self.load().err().map(|faults| faults.all().to_vec()).expect("the configuration was accepted")
    }

    /// The only fault.
    pub(super) fn fault(&self) -> Fault {
        let mut faults = self.faults();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults.remove(0)
    }

    pub(super) fn origin_in(&self, name: &str, line: usize) -> Origin {
        Origin::File { path: self.dir.path().join(name), line: Some(line) }
    }
}

/// A configuration made of one file.
pub(super) fn toml(text: &str) -> Site {
    Site::new().file("site.toml", text)
}

/// Where and to what `key` was set.
pub(super) fn effective(config: &Config, key: &str) -> (String, Origin) {
    let found = config.explain().iter().find(|effective| effective.key == key);
    let found = found.unwrap_or_else(|| panic!("`{key}` is not explained"));
    (found.value.clone(), found.origin.clone())
}
