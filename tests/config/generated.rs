//! What is made of the manual: the schema for editors and the page of documentation. Both are kept, and both are true.

use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use figment::providers::{Format, Toml};
use guardhouse::config::{Config, manual_in_markdown, schema};
use serde_json::Value;

use super::every_key::CASES;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn kept(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    fn new() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let schema: Value = serde_json::from_str(&schema()).expect("the schema is JSON");
        compiler.add_resource("https://schema.test/guardhouse.json", schema).expect("it can be read");
        // This holds it against the schema of schemas, too.
        let index =
            compiler.compile("https://schema.test/guardhouse.json", &mut schemas).expect("it is a schema");
        Self { schemas, index }
    }

    fn verdict(&self, toml: &str) -> Result<(), String> {
        let value: Value = Toml::from_str(toml).unwrap_or_else(|error| panic!("{error}:\n{toml}"));
        self.schemas.validate(&value, self.index).map_err(|error| format!("{error:#}"))
    }
}

#[test]
fn the_schema_that_is_kept_is_the_one_that_the_program_prints() {
    let right = kept("config/guardhouse.schema.json") == schema();
    assert!(right, "run `guardhouse config schema > config/guardhouse.schema.json`");
}

#[test]
fn the_page_about_settings_is_the_one_that_the_program_prints() {
    let right = kept("docs/configuration.md") == manual_in_markdown();
    assert!(right, "run `guardhouse config manual --markdown > docs/configuration.md`");
}

#[test]
fn every_file_that_comes_with_the_house_keeps_to_the_schema_and_names_it() {
    let judge = Judge::new();
    let mut files = Vec::<PathBuf>::new();
    for folder in ["config", "config/profiles"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("it can be listed");
        files.extend(entries.map(|entry| entry.expect("it can be listed").path()));
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("it can be read");
        judge.verdict(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let named = text.lines().next().and_then(|line| line.strip_prefix("#:schema "));
        let named = named.unwrap_or_else(|| panic!("{} names no schema in its first line", file.display()));
        assert!(file.parent().unwrap().join(named).exists(), "{}: {named}", file.display());
    }
}

#[test]
fn every_value_that_a_key_can_have_in_a_file_keeps_to_the_schema() {
    let judge = Judge::new();
    for case in CASES {
        let text = format!("{} = {}\n", case.key, case.toml);
        judge.verdict(&text).unwrap_or_else(|error| panic!("{text}{error}"));
    }
    let client = format!(
        "[clients.shop]\nsecret_sha256 = [\"{0}\", \"{0}\"]\nmay = [\"revocations\"]\n",
        "ab".repeat(32)
    );
    judge.verdict(&client).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn mistakes_do_not() {
    let judge = Judge::new();
    for mistake in [
        "data_dri = \"/srv\"",
        "[sever]\nbind = \"127.0.0.1:1\"",
        "[server]\nbind = \"localhost\"",
        "[server]\nbind = 8080",
        "[server]\nworkers = 0",
        "[server]\nworkers = \"many\"",
        "[server]\ntrusted_proxies = \"10.0.0.0/8\"",
        "[server]\ntrusted_proxies = [\"the proxy\"]",
        "[server]\nbody_limit = \"16KB\"",
        "[server]\nclient_timeout = 5",
        "[server]\nclient_timeout = \"5 s\"",
        "[server]\nclient_timeout = \"\"",
        "[database]\npool = 0",
        "[database]\npool = 1001",
        "[database]\npool = 1.5",
        "[database]\nmigrate = \"true\"",
        "[sessions]\nstore = \"databse\"",
        "[sessions.revocation]\npoll = \"1s\"",
        "[tokens]\nalgorithm = \"none\"",
        "[tokens]\nclaims = \"a: b\"",
        "[hashing]\nargon2 = \"19MiB\"",
        "[limits.login]\naddress = [\"0/15m\"]",
        "[limits.login]\naddress = [\"5\"]",
        "[clients.shop]\nsecret_sha256 = \"abc\"",
        "[clients.shop]\nmay = []",
        "[clients.shop]\nmay = [\"all\"]",
        "[clients.\"a:b\"]\nmay = [\"introspect\"]",
        "[clients.shop]\nsecret = \"abc\"",
    ] {
        assert!(judge.verdict(mistake).is_err(), "this passes:\n{mistake}");
    }
}

#[test]
fn every_key_has_words_and_its_default_in_the_schema_and_a_heading_and_a_variable_on_the_page() {
    let (schema, page): (Value, _) = (serde_json::from_str(&schema()).expect("JSON"), manual_in_markdown());
    for setting in Config::defaults().explain() {
        let mut place = &schema;
        for part in setting.key.split('.') {
            place = &place["properties"][part];
        }
        let words = place["description"].as_str().unwrap_or_default();
        assert!(words.len() > 10, "{}: {place}", setting.key);
        assert!(
            place.get("default").is_some() && place.get("deprecated").is_none(),
            "{}: {place}",
            setting.key
        );
        let variable = format!("GUARDHOUSE__{}", setting.key.to_ascii_uppercase().replace('.', "__"));
        assert!(
            page.contains(&format!("\n### `{}`\n\nVariable `{variable}`.\n", setting.key)),
            "{}",
            setting.key
        );
    }
}
