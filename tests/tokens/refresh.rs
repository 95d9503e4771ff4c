//! Refresh tokens: minted the same each time, read only by whom they were minted for, and told from every forgery.

use guardhouse::domain::refresh::RefreshGrant;
use guardhouse::tokens::AccessTokens;
use guardhouse::tokens::refresh::RefreshTokens;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

fn house() -> RefreshTokens {
    RefreshTokens::new(&key(KeyAlgorithm::Refresh, 1), &[]).unwrap()
}

fn grant() -> RefreshGrant {
    RefreshGrant { user: claims().subject, session: claims().session, generation: 3 }
}

fn mint(tokens: &RefreshTokens, grant: &RefreshGrant) -> String {
    tokens.mint(grant).expose_secret().to_owned()
}

fn reason(tokens: &RefreshTokens, token: &str) -> &'static str {
    tokens.read(token).expect_err(token).reason()
}

proptest! {
    #[test]
    fn every_grant_survives_and_has_one_token(user: u128, session: u128, generation: u32) {
        let grant = RefreshGrant {
            user: UserId(Uuid::from_u128(user)),
            session: SessionId(Uuid::from_u128(session)),
            generation,
        };
        let token = mint(&house(), &grant);
        prop_assert_eq!(token.len(), 4 + 98);
        prop_assert_eq!(&mint(&house(), &grant), &token);
        prop_assert_eq!(house().read(&token), Ok(grant));
        let next = RefreshGrant { generation: generation.wrapping_add(1), ..grant };
        prop_assert_ne!(mint(&house(), &next), token);
    }
}

#[test]
fn the_layout_is_as_documented() {
    let token = mint(&house(), &grant());
    let bytes = unb64(token.strip_prefix("ghr_").unwrap());
    assert_eq!(bytes.len(), 73);
    assert_eq!(bytes[0], 1);
    assert_eq!(&bytes[5..21], grant().user.0.as_bytes());
    assert_eq!(&bytes[21..37], grant().session.0.as_bytes());
    assert_eq!(bytes[37..41], [0, 0, 0, 3]);
}

#[test]
fn tokens_of_an_older_key_are_read_until_it_is_removed() {
    let (old, new) = (key(KeyAlgorithm::Refresh, 1), key(KeyAlgorithm::Refresh, 2));
    let token = mint(&house(), &grant());
    let during = RefreshTokens::new(&new, std::slice::from_ref(&old)).unwrap();
    assert_eq!(during.read(&token), Ok(grant()));
    assert_ne!(mint(&during, &grant()), token, "the current key mints");
    let after = RefreshTokens::new(&new, &[]).unwrap();
    assert_eq!(reason(&after, &token), "names a key that is not ours");
    assert_eq!(after.read(&mint(&during, &grant())), Ok(grant()));
}

#[test]
fn no_flipped_bit_and_no_truncation_passes() {
    let genuine = mint(&house(), &grant());
    for changed in bit_flips(&genuine) {
        assert!(house().read(&changed).is_err(), "{changed}");
    }
    for end in 0..genuine.len() {
        assert!(house().read(&genuine[..end]).is_err(), "cut at {end}");
    }
    // On the bytes too, so that every field is changed under a canonical spelling.
    let bytes = unb64(&genuine[4..]);
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit / 8 {
            0 => "has an unknown version",
            1..5 => "names a key that is not ours",
            _ => "has a wrong MAC",
        };
        assert_eq!(reason(&house(), &format!("ghr_{}", b64(changed))), expected, "bit {bit}");
    }
}

#[test]
fn everything_that_is_not_our_token_is_refused() {
    let genuine = mint(&house(), &grant());
    let body = &genuine[4..];
    for other in ["", "ghr", "ghr-", "GHR_", "gha_", " ghr_", "ghr_ghr_"] {
        let token = format!("{other}{body}");
        assert!(house().read(&token).is_err(), "{token}");
    }
    assert_eq!(reason(&house(), ""), "does not begin as a refresh token");
    assert_eq!(reason(&house(), "ghr_"), "has the wrong length");
    assert_eq!(reason(&house(), &format!("{genuine}A")), "has the wrong length");
    assert_eq!(reason(&house(), &format!("ghr_{}", "A".repeat(1 << 20))), "has the wrong length");
    assert_eq!(reason(&house(), &format!("ghr_{}", "é".repeat(49))), "not canonical base64url");
    assert_eq!(reason(&house(), &format!("ghr_{}", "A".repeat(98))), "has an unknown version");
    for other in other_spellings(body) {
        assert!(house().read(&format!("ghr_{other}")).is_err(), "{other}");
    }
    let stray_bits = other_spellings(body).pop().unwrap();
    assert_eq!(stray_bits.len(), body.len());
    assert_eq!(reason(&house(), &format!("ghr_{stray_bits}")), "not canonical base64url");
}

#[test]
fn an_access_token_is_no_refresh_token_and_the_reverse() {
    let ed = key(KeyAlgorithm::EdDsa, 1);
    let tokens = AccessTokens::new(&rules(), &ed, &verifying([&ed])).unwrap();
    let access = tokens.seal(&claims()).unwrap();
    assert!(house().read(&access).is_err());
    assert!(house().read(&format!("ghr_{access}")).is_err());
    assert!(tokens.open(&mint(&house(), &grant()), at(1)).is_err());
}

#[test]
fn only_a_refresh_key_mints() {
    for algorithm in [KeyAlgorithm::EdDsa, KeyAlgorithm::Hs256, KeyAlgorithm::V4Public] {
        let (refresh, other) = (key(KeyAlgorithm::Refresh, 1), key(algorithm, 1));
        assert!(matches!(RefreshTokens::new(&other, &[]).err(), Some(KeyFault::WrongUse { .. })));
        assert!(matches!(RefreshTokens::new(&refresh, &[other]).err(), Some(KeyFault::WrongUse { .. })));
    }
}

#[test]
fn a_fault_reads_well_and_shows_nothing_of_the_token() {
    let token = format!("{}A", mint(&house(), &grant()));
    let fault = house().read(&token).unwrap_err();
    assert_eq!(fault.to_string(), "the refresh token is not valid: has the wrong length");
}
