//! The framing of JSON arrays, seen through Keycloak's reader.

use super::{Drip, all, outline, reader, reject};
use crate::transfer::{Options, SourceFormat::Keycloak};

const USER: &str = r#"{"email":"a@b.c","firstName":"]}\"\\","x":[[{}],"{"]}"#;

#[test]
fn the_array_is_at_the_top_or_under_users() {
    for file in [
        format!("[{USER}]"),
        format!("\u{feff} [ {USER} ] \r\n"),
        format!("{{\"users\":[{USER}]}}"),
        format!(
            "{{\"realm\":\"a]\\\"}}\",\"x\":[1,{{\"users\":[2]}}],\"n\":-1.5e3 ,\"us\\u0065rs\" : [{USER}] , \"z\":null}}"
        ),
    ] {
        let all = all(Keycloak, &file);
        assert_eq!(outline(&all), [("a@b.c", false)], "{file}");
        assert_eq!(all[0].as_ref().expect("a record").name.as_deref(), Some("]}\"\\"), "{file}");
    }
}

#[test]
fn elements_have_their_lines_and_numbers() {
    let all = all(
        Keycloak,
        "{\n\"realm\":\"x\",\n\"users\":[\n{\"email\":\"a@b.c\"},\n\n{\n\"id\":\"7\"},\n5,\"x\",{\"email\":\"b@b.c\"}]}",
    );
    let (none, no_object) = ("has no e-mail address", "is not a JSON object");
    assert_eq!(
        outline(&all),
        [("a@b.c", false), (none, false), (no_object, false), (no_object, false), ("b@b.c", false)]
    );
    let places: Vec<_> =
        all.iter().filter_map(|read| read.as_ref().err()).map(|no| (no.record, no.line)).collect();
    assert_eq!(places, [(2, Some(6)), (3, Some(8)), (4, Some(8))]);
}

#[test]
fn an_empty_list_has_nobody() {
    assert!(all(Keycloak, "[ ]").is_empty() && all(Keycloak, "{\"users\":[]}").is_empty());
}

#[test]
fn what_is_wrong_inside_of_one_element_stays_there() {
    let all =
        all(Keycloak, format!("[{{\"email\":tru}},{{\"email\" \"a\"}},nul e ,{{\"a\":1,\"a\":2}},{USER}]"));
    let reasons: Vec<_> =
        outline(&all).iter().map(|(reason, fatal)| (reason.split(',').next(), *fatal)).collect();
    let (json, twice) = (Some("is not JSON"), Some("has the key \"a\" twice"));
    assert_eq!(
        reasons,
        [(json, false), (json, false), (json, false), (twice, false), (Some("a@b.c"), false)]
    );
}

#[test]
fn broken_framing_is_the_end() {
    for (file, reason) in [
        ("", "the file is empty"),
        ("  \n", "the file is empty"),
        ("7", "the file is neither a JSON array nor a JSON object"),
        ("email\na@b.c", "the file is neither a JSON array nor a JSON object"),
        ("{}", "the file has no key `users` at its top level"),
        ("{\"realm\":\"x\"}", "the file has no key `users` at its top level"),
        ("{\"users\":{}}", "what stands under `users` is not an array"),
        ("{\"users\"", "a colon is missing behind a key"),
        ("{\"realm\":}", "a value is missing"),
        ("{\"realm\":1,}", "a key is missing"),
        ("{realm:1}", "a key is missing"),
        ("{\"realm\":1 \"users\":[]}", "a comma is missing between two keys"),
        ("{\"realm\":1,", "the file ends before its list of users does"),
        ("{\"rea", "the file ends in the middle of a value"),
        ("{\"users\":[],\"users\":[]}", "the key `users` is there twice"),
        ("{\"users\":[]", "the file ends too early: its last brace is missing"),
        ("[", "the file ends in the middle of a value"),
        ("[]]", "something follows the end of the list of users"),
        ("{\"users\":[]} x", "something follows the end of the list of users"),
        ("[{\"a\":[}]", "a bracket is closed by one of another kind"),
        ("[{\"email\":\"a@b.c", "the file ends in the middle of a value"),
        ("[,{}]", "a value is missing"),
    ] {
        let found = reject(Keycloak, file);
        assert_eq!((found.reason.as_str(), found.fatal, found.record), (reason, true, 1), "{file}");
    }
}

#[test]
fn what_came_before_the_break_was_read() {
    for (rest, reason) in [
        ("", "the file ends in the middle of the list of users"),
        (",", "the file ends in the middle of a value"),
        (",]", "a value is missing"),
        (" {}", "a comma is missing between two users"),
        ("}", "a comma is missing between two users"),
    ] {
        let all = all(Keycloak, format!("[{USER}\n{rest}"));
        assert_eq!(outline(&all), [("a@b.c", false), (reason, true)], "{rest}");
        let end = all[1].as_ref().expect_err("the end");
        assert_eq!((end.record, end.line), (2, Some(2)), "{rest}");
    }
}

#[test]
fn an_error_of_the_disk_is_the_end() {
    let file = format!("[{USER},{USER}");
    for length in 0..=file.len() {
        let drip = Drip { fails: true, ..Drip::new(&file.as_bytes()[..length]) };
        let all: Vec<_> = reader(Keycloak, drip, &Options::default()).collect();
        let read = 1 + usize::from(length > USER.len()) + usize::from(length == file.len());
        assert_eq!(all.len(), read, "{length}");
        let end = all[read - 1].as_ref().expect_err("the end");
        assert_eq!(end.reason, "the file cannot be read any further: the disk is gone");
        assert!(end.fatal);
    }
}
