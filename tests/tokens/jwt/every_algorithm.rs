//! One spelling, no truncation, no flipped bit, no oversize, for each algorithm, with the keys of all at hand.

use guardhouse::tokens::MAX_TOKEN_BYTES;

use super::forger::*;
use super::*;

#[test]
fn there_is_one_spelling_of_a_token() {
    let house = Everything::new();
    let mut lengths = std::collections::BTreeSet::new();
    for algorithm in JWT {
        // Unknown members of different lengths bring every remainder of three, and `?~` a `-` or `_`.
        for filler in ["?~?~", "?~?~?", "?~?~?~"] {
            let token =
                forged(algorithm, &header(algorithm), &doubled(&payload(), &format!("\"x\":{filler:?}")));
            house.accepts("the spelling that we write", &token);
            let segments: Vec<&str> = token.split('.').collect();
            lengths.insert(unb64(segments[1]).len() % 3);
            for (place, segment) in segments.iter().enumerate() {
                for other in other_spellings(segment) {
                    let mut respelled = segments.clone();
                    respelled[place] = &other;
                    house.refuses_anyhow("respelled", &respelled.join("."));
                }
            }
        }
        let genuine = genuine(algorithm);
        for wrapped in [
            format!(" {genuine}"),
            format!("{genuine}\n"),
            format!("Bearer {genuine}"),
            format!("{genuine}\0"),
            format!("\"{genuine}\""),
            genuine.to_lowercase(),
        ] {
            house.refuses_anyhow("wrapped", &wrapped);
        }
    }
    assert_eq!(lengths.len(), 3, "the claims should end on every remainder");
}

/// The payload and header are covered by the signature as text, so a lenient decoder would only be caught if the
/// respelled text is what was signed.
#[test]
fn a_respelled_segment_is_refused_even_when_it_was_signed_so() {
    let house = Everything::new();
    for algorithm in JWT {
        let (header, claims) = (b64(header(algorithm).to_string()), b64(payload().to_string()));
        let token = |message: &str| format!("{message}.{}", b64(sign(algorithm, message.as_bytes())));
        house.accepts("control", &token(&format!("{header}.{claims}")));
        for other in other_spellings(&header) {
            house.refuses("header", &token(&format!("{other}.{claims}")), HEADER);
        }
        for other in other_spellings(&claims) {
            house.refuses("claims", &token(&format!("{header}.{other}")), CLAIMS);
        }
    }
}

#[test]
fn no_truncation_and_no_flipped_bit_passes() {
    let house = Everything::new();
    for algorithm in JWT {
        let genuine = genuine(algorithm);
        for end in 0..genuine.len() {
            house.refuses_late(&genuine[..end]);
            house.refuses_late(&genuine[end + 1..]);
        }
        assert_eq!(house.tokens.open(&genuine, at(1_000_000)), Err(TokenFault::Expired));
        let mut flips = 0;
        for changed in bit_flips(&genuine) {
            house.refuses_late(&changed);
            flips += 1;
        }
        assert!(flips > 4_000, "{flips}");
        house.accepts("the genuine one still", &genuine);
    }
}

#[test]
fn an_oversized_token_is_not_looked_at() {
    let house = Everything::new();
    for algorithm in JWT {
        let padded = |filler: usize| {
            let claims = doubled(&payload(), &format!("\"x\":\"{}\"", "a".repeat(filler)));
            forged(algorithm, &header(algorithm), &claims)
        };
        let filler = (MAX_TOKEN_BYTES - padded(0).len()) / 4 * 3;
        let fits = padded(filler);
        assert!((MAX_TOKEN_BYTES - 4..=MAX_TOKEN_BYTES).contains(&fits.len()), "{}", fits.len());
        house.accepts("as long as allowed", &fits);
        house.refuses("too long", &padded(filler + 5), "longer than any token");
    }
    house.refuses("a megabyte of dots", &".".repeat(1 << 20), "longer than any token");
}
