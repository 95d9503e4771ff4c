//! The arguments of this process, with `--config` and `--set` in one place: clap keeps those before the command or those
//! behind it, and drops the others without a word.

use std::ffi::OsString;

const GLOBAL: [&str; 2] = ["--config", "--set"];

/// `arguments`, the global options moved to the end of the options, in their order.
pub(super) fn gathered(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let (mut rest, mut global, mut behind) = (Vec::new(), Vec::new(), Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default();
        if text == "--" {
            behind.push(argument);
            behind.extend(arguments.by_ref());
        } else if GLOBAL.contains(&text) {
            global.push(argument);
            global.extend(arguments.next());
        } else if text.split_once('=').is_some_and(|(name, _)| GLOBAL.contains(&name)) {
            global.push(argument);
        } else {
            rest.push(argument);
        }
    }
    rest.into_iter().chain(global).chain(behind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_options_are_gathered_in_their_order_wherever_they_stand() {
        let of = |line: &str| {
            let words = gathered(line.split(' ').map(OsString::from)).into_iter();
            words.map(|word| word.into_string().expect("it was text")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("gh serve"), "gh serve");
        assert_eq!(
            of("gh --config a config explain --config b --set x=1"),
            "gh config explain --config a --config b --set x=1"
        );
        assert_eq!(of("gh --config=a users list --json"), "gh users list --json --config=a");
        assert_eq!(of("gh users disable -- --config"), "gh users disable -- --config");
        assert_eq!(of("gh config check --config"), "gh config check --config", "clap says what is missing");
    }
}
