//! `[clients.NAME]`: the one section whose names are the site's own.

use guardhouse::config::{ClientRight, Config, Origin};
use guardhouse::domain::secret::Sha256Digest;

use super::support::{Site, effective, toml};

const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const OTHER: &str = "cb8379ac2098aa165029e3938a51da0bcecfc008fd6795f401178647f96c5b34";

fn client(id: &str, settings: &str) -> Site {
    toml(&format!("[clients.{id}]\n{settings}\n"))
}

fn good(id: &str) -> Site {
    client(id, &format!("secret_sha256 = \"{HASH}\"\nmay = [\"introspect\"]"))
}

fn shown(config: &Config) -> Vec<String> {
    config.clients.iter().map(|(id, client)| format!("{id}: {:?}", client.may)).collect()
}

#[test]
fn there_are_none_by_default_and_an_empty_section_is_harmless() {
    assert!(Config::defaults().clients.is_empty());
    assert!(toml("[clients]\n").config().clients.is_empty());
    assert!(toml("clients = {}\n").config().clients.is_empty());
}

#[test]
fn the_example_of_the_manual_is_a_client() {
    let manual = include_str!("../../config/guardhouse.toml");
    let example: String = manual
        .lines()
        .filter_map(|line| line.strip_prefix("#     "))
        .skip_while(|line| !line.starts_with("[clients."))
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    // A hash that stands in a manual would be copied with the rest.
    assert_eq!(toml(&example).fault().key, "clients.shop.secret_sha256");
    let config = toml(&example.replace('…', HASH)).config();
    assert_eq!(shown(&config), ["shop: [Introspect]"]);
}

#[test]
fn a_client_can_be_set_in_a_file_by_variables_and_by_flags() {
    let file = good("shop").config();
    assert_eq!(effective(&file, "clients.shop.may").0, "[\"introspect\"]");
    assert_eq!(effective(&file, "clients.shop.secret_sha256").0, "\"ba7816bf…\"");
    let site = good("shop");
    assert_eq!(effective(&site.config(), "clients.shop.may").1, site.origin_in("site.toml", 3));

    let variables = [
        ("GUARDHOUSE__CLIENTS__SHOP__SECRET_SHA256", HASH),
        ("GUARDHOUSE__CLIENTS__SHOP__MAY", "revocations,introspect"),
    ];
    let config = variables.iter().fold(Site::new(), |site, (name, value)| site.env(name, value)).config();
    assert_eq!(shown(&config), ["shop: [Revocations, Introspect]"]);
    let origin = effective(&config, "clients.shop.may").1;
    assert_eq!(origin, Origin::Environment("GUARDHOUSE__CLIENTS__SHOP__MAY".to_owned()));

    for may in ["revocations", "[\"revocations\"]"] {
        let config = good("shop").flag("clients.shop.may", may).config();
        assert_eq!(config.clients["shop"].may, [ClientRight::Revocations]);
        assert_eq!(
            effective(&config, "clients.shop.may").1,
            Origin::Flag("--set clients.shop.may".to_owned())
        );
    }
}

#[test]
fn two_hashes_hold_while_a_secret_is_changed() {
    let both = [HASH, OTHER].map(|hash| hash.parse::<Sha256Digest>().unwrap());
    for set in [format!("[\"{HASH}\", \"{OTHER}\"]"), format!("{HASH},{OTHER}"), format!("{HASH} , {OTHER}")]
    {
        let config = good("shop").flag("clients.shop.secret_sha256", &set).config();
        assert_eq!(config.clients["shop"].secret_sha256.both(), both, "{set}");
    }
    let list = client("shop", &format!("secret_sha256 = [\"{HASH}\", \"{OTHER}\"]\nmay = [\"introspect\"]"));
    assert_eq!(list.config().clients["shop"].secret_sha256.both(), both);
    let one = good("shop").flag("clients.shop.secret_sha256", &HASH.to_uppercase()).config();
    assert_eq!(one.clients["shop"].secret_sha256.both(), [both[0]; 2]);
}

#[test]
fn names_are_what_credentials_can_carry() {
    for id in
        ["a", "shop", "Shop-1_x", "\"a~b.c\"", "\"the shop & sons\"", "\"shop.example.org\"", "\"100%\""]
    {
        let config = good(id).config();
        assert_eq!(shown(&config), [format!("{}: [Introspect]", id.trim_matches('"'))]);
    }
    for id in ["\"a:b\"", "\"ä\"", "\" a\"", "\"\"", "\"a\\tb\"", &"x".repeat(129)] {
        let fault = good(id).fault();
        assert!(fault.reason.ends_with("cannot be the name of a client"), "{id}: {fault}");
    }
}

#[test]
fn what_is_no_hash_is_refused_and_never_repeated() {
    const SECRET: &str = "ghc_8347561029384756qT4Zr8mK1vXc7Bn2Lw9Hd5Gs3Jf6";
    for secret in [
        format!("\"{SECRET}\""),
        "8347561029384756".to_owned(),
        format!("[\"{SECRET}\"]"),
        format!("[\"{HASH}\", 8347561029384756]"),
        format!("\"{}\"", &HASH[1..].replace('7', "8347561029384756")),
    ] {
        let fault = client("shop", &format!("secret_sha256 = {secret}\nmay = [\"introspect\"]")).fault();
        assert_eq!(fault.key, "clients.shop.secret_sha256");
        assert!(!format!("{fault:?}").contains("83475610"), "{fault:?}");
        assert!(fault.help.unwrap().contains("guardhouse clients secret"));
    }
    for (set, why) in [
        ("", "empty"),
        ("[]", "empty"),
        (&format!("{HASH},{HASH},{HASH}"), "more than two"),
        (&Sha256Digest::of("").to_string(), "of an empty secret"),
        (&Sha256Digest::of("\n").to_string(), "of an empty secret"),
    ] {
        let fault = good("shop").flag("clients.shop.secret_sha256", set).fault();
        assert!(fault.reason.contains(why), "{set}: {fault}");
    }
}

#[test]
fn a_client_has_a_secret_and_something_that_it_may_do() {
    let fault = client("shop", &format!("secret_sha256 = \"{HASH}\"")).fault();
    assert!(fault.reason.contains("has no `clients.shop.may`"), "{fault}");
    let site = client("shop", "may = [\"introspect\"]");
    let fault = site.fault();
    assert!(fault.reason.contains("has no `clients.shop.secret_sha256`"), "{fault}");
    assert_eq!(fault.origin, site.origin_in("site.toml", 2));
    assert!(good("shop").flag("clients.shop.may", "").fault().reason.contains("may do nothing"));
    let fault = good("shop").flag("clients.shop.may", "introspekt").fault();
    assert!(fault.help.as_deref() == Some("did you mean `introspect`"), "{fault}");
    // A variable names its client in small letters, so this is another one, and it is not whole.
    let fault = good("Shop").env("GUARDHOUSE__CLIENTS__SHOP__MAY", "revocations").fault();
    assert!(fault.reason.contains("the client `shop` has no"), "{fault}");
}

#[test]
fn what_nobody_reads_is_a_fault_here_too() {
    for (text, key) in [
        ("clients = 3", "clients"),
        ("[clients]\nshop = \"x\"", "clients.shop"),
        ("[clients.shop]\nsecret = \"x\"", "clients.shop.secret"),
        ("[clients.shop]\nMay = []", "clients.shop.May"),
    ] {
        let fault = toml(text).fault();
        assert_eq!(fault.key, key, "{fault}");
        assert!(fault.help.unwrap().contains("clients.NAME.secret_sha256"));
    }
    let fault = Site::new().env("GUARDHOUSE_CLIENTS_SHOP_MAY", "introspect").fault();
    assert!(fault.help.unwrap().contains("GUARDHOUSE__CLIENTS__NAME__MAY"));
}

#[test]
fn the_faults_of_all_clients_are_told_at_once() {
    let faults =
        toml("[clients.a]\nmay = [\"x\"]\n[clients.b]\nsecret_sha256 = \"x\"\n[clients.c]\nrights = []\n")
            .faults();
    let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "clients.c.rights",
            "clients.a.may",
            "clients.a.may",
            "clients.b.secret_sha256",
            "clients.b.secret_sha256"
        ]
    );
}
