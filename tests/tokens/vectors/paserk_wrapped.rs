//! The types of PASERK in which a key is wrapped by another one, sealed, or under a password. The house reads none.

use super::*;

#[test]
fn wrapped_sealed_and_password_protected_keys_are_refused_for_every_algorithm() {
    let mut counts = Vec::new();
    for (kind, file) in [
        ("local-wrap.pie", include_str!("../../vectors/paserk_k4_local_wrap_pie.json")),
        ("secret-wrap.pie", include_str!("../../vectors/paserk_k4_secret_wrap_pie.json")),
        ("seal", include_str!("../../vectors/paserk_k4_seal.json")),
        ("local-pw", include_str!("../../vectors/paserk_k4_local_pw.json")),
        ("secret-pw", include_str!("../../vectors/paserk_k4_secret_pw.json")),
    ] {
        let (mut sound, mut unsound) = (0, 0);
        for test in vectors(file) {
            let told = text(&test, "paserk");
            assert!(told.starts_with(&format!("k4.{kind}.")) || must_fail(&test), "{told}");
            *(if must_fail(&test) { &mut unsound } else { &mut sound }) += is_nothing(told);
            // Nor is what is inside taken for a key without its armour.
            let inside = told.rsplit_once('.').unwrap().1;
            for armour in ["k4.secret", "k4.local", "k4.public"] {
                is_nothing(&format!("{armour}.{inside}"));
            }
        }
        counts.push((kind, sound, unsound));
    }
    println!("PASERK, all refused (kind, sound, unsound): {counts:?}");
    let expected = [
        ("local-wrap.pie", 2, 2),
        ("secret-wrap.pie", 2, 2),
        ("seal", 2, 2),
        ("local-pw", 3, 3),
        ("secret-pw", 3, 3),
    ];
    assert_eq!(counts, expected);
}
