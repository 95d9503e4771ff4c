//! `[deliveries.NAME]`: where the audit log's records are sent.

use guardhouse::config::{Config, Target};

use super::support::{Site, effective, toml};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn siem(settings: &str) -> Site {
    toml(&format!("[deliveries.siem]\n{settings}\n"))
}

fn to(to: &str) -> Site {
    siem(&format!("to = \"{to}\"\nsecret = \"{SECRET}\""))
}

#[test]
fn there_are_none_by_default_and_an_empty_section_is_harmless() {
    assert!(Config::defaults().deliveries.is_empty());
    assert!(toml("[deliveries]\n").config().deliveries.is_empty());
}

#[test]
fn the_example_of_the_manual_is_a_delivery() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("siem");
    std::fs::write(&path, format!("{SECRET}\n")).unwrap();
    let manual = include_str!("../../config/guardhouse.toml");
    let example: String = manual
        .lines()
        .filter_map(|line| line.strip_prefix("#     "))
        .skip_while(|line| !line.starts_with("[deliveries."))
        .take(4)
        .map(|line| format!("{line}\n"))
        .collect();
    let fault = toml(&example).fault();
    assert!(fault.reason.contains("/run/secrets/siem"), "{fault}");
    let config = toml(&example.replace("/run/secrets/siem", &path.display().to_string())).config();
    let siem = &config.deliveries["siem"];
    assert_eq!(siem.to, Target::Webhook("https://siem.example.org/guardhouse".parse().unwrap()));
    assert_eq!(siem.kinds, ["login_failed", "account_locked"]);
    assert_eq!(siem.secret, Some(SECRET.parse().unwrap()));
}

#[test]
fn a_delivery_can_be_set_in_a_file_by_variables_and_by_flags() {
    let variables = [
        ("GUARDHOUSE__DELIVERIES__SIEM__TO", "file:/var/log/audit.jsonl"),
        ("GUARDHOUSE__DELIVERIES__SIEM__KINDS", "login_failed,registered"),
    ];
    let config = variables.iter().fold(Site::new(), |site, (name, value)| site.env(name, value)).config();
    assert_eq!(config.deliveries["siem"].to, Target::File("/var/log/audit.jsonl".into()));
    assert_eq!(config.deliveries["siem"].kinds, ["login_failed", "registered"]);
    let config = Site::new().flag("deliveries.log.to", "stdout").config();
    assert_eq!(config.deliveries["log"].to, Target::Stdout);
    assert!(config.deliveries["log"].kinds.is_empty());
}

#[test]
fn neither_secret_nor_what_may_be_one_is_shown() {
    let config = to("https://hooks.example.org/T00/s3cr3t-path?key=s3cr3t").config();
    assert_eq!(effective(&config, "deliveries.siem.secret").0, "(redacted)");
    assert_eq!(effective(&config, "deliveries.siem.to").0, "\"https://hooks.example.org/…\"");
    let shown = format!("{:?}", config.deliveries);
    assert!(!shown.contains("s3cr3t") && !shown.contains("MfKQ"), "{shown}");
    assert_eq!(
        effective(&to("https://siem.example.org").config(), "deliveries.siem.to").0,
        "\"https://siem.example.org\""
    );
}

#[test]
fn records_travel_encrypted_or_stay_on_this_machine() {
    for address in
        ["https://siem.example.org", "http://127.0.0.1:9000/", "http://[::1]:9000/", "http://localhost/x"]
    {
        to(address).config();
    }
    for (address, why) in [
        ("http://siem.example.org", "unencrypted"),
        ("http://192.0.2.7/", "unencrypted"),
        ("https://user:s3cr3t@siem.example.org", "a user, a password"),
        ("https://siem.example.org/#s3cr3t", "fragment"),
        ("ftp://siem.example.org", "no web server"),
        ("siem.example.org", "relative URL"),
        ("file:", "a path is missing"),
        ("", "relative URL"),
    ] {
        let fault = to(address).fault();
        assert!(fault.reason.contains(why), "{address}: {fault}");
        assert!(!format!("{fault:?}").contains("s3cr3t"), "{fault:?}");
    }
}

#[test]
fn messages_to_an_address_are_signed_and_lines_are_not() {
    let fault = siem("to = \"https://siem.example.org\"").fault();
    assert!(fault.reason.contains("has no `deliveries.siem.secret`"), "{fault}");
    assert!(fault.help.unwrap().contains("guardhouse audit deliveries secret"));
    let fault = siem(&format!("to = \"stdout\"\nsecret = \"{SECRET}\"")).fault();
    assert!(fault.reason.contains("only messages to an address are signed"), "{fault}");
    let fault = siem(&format!("secret = \"{SECRET}\"")).fault();
    assert!(fault.reason.contains("has no `deliveries.siem.to`"), "{fault}");
    let fault =
        to("https://siem.example.org").flag("deliveries.siem.secret_file", "/nowhere").faults().remove(0);
    assert!(fault.reason.contains("are set"), "{fault}");
}

#[test]
fn what_is_no_secret_is_refused_and_never_repeated() {
    for secret in
        ["\"83475610293847561234567890\"", "8347561029384756", "\"whsec_83475610\"", "[\"whsec_83475610\"]"]
    {
        let fault = siem(&format!("to = \"https://siem.example.org\"\nsecret = {secret}")).fault();
        assert_eq!(fault.key, "deliveries.siem.secret");
        assert!(!format!("{fault:?}").contains("83475610"), "{fault:?}");
    }
    to("https://siem.example.org").flag("deliveries.siem.secret", &format!("{SECRET} {SECRET}")).config();
}

#[test]
fn kinds_and_names_are_those_that_there_are() {
    let fault = siem("to = \"stdout\"\nkinds = [\"login_faild\"]").fault();
    assert_eq!(fault.help.as_deref(), Some("did you mean `login_failed`"));
    let fault = toml("[deliveries.SIEM]\nto = \"stdout\"").fault();
    assert!(fault.reason.contains("cannot be the name of a delivery"), "{fault}");
    let fault = siem("to = \"stdout\"\nurl = \"x\"").fault();
    assert!(fault.reason.contains("`url` is not a setting of a delivery"), "{fault}");
    let fault = Site::new().env("GUARDHOUSE_DELIVERIES_SIEM_TO", "stdout").fault();
    assert!(fault.help.unwrap().contains("GUARDHOUSE__DELIVERIES__NAME__TO"));
}
