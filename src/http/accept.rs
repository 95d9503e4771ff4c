//! Whether a client accepts what we send (RFC 9110 section 12.5.1).

use actix_web::http::header::{ACCEPT, HeaderMap};

/// What the house speaks: JSON in its several names, and the metrics' text.
const SPOKEN: [&str; 4] =
    ["application/json", "application/problem+json", "application/jwk-set+json", "text/plain"];

/// Whether anything that we send is acceptable; `for_people` there are pages too. Without a header everything is.
pub(super) fn is_acceptable(headers: &HeaderMap, for_people: bool) -> bool {
    let mut ranges =
        headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut asked = false;
    ranges.any(|range| {
        asked = true;
        accepts(range, for_people)
    }) || !asked
}

fn accepts(range: &str, for_people: bool) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let refused = parts.any(|parameter| {
        parameter.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|quality| quality <= 0.0)
    });
    let matches = |spoken: &&str| match kind.split_once('/') {
        Some(("*", "*")) => true,
        Some((whole, "*")) => spoken.split_once('/').is_some_and(|(family, _)| family == whole),
        _ => **spoken == kind,
    };
    !refused && (SPOKEN.iter().any(matches) || for_people && matches(&"text/html"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn acceptable(value: &'static str, for_people: bool) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(value));
        is_acceptable(&headers, for_people)
    }

    #[test]
    fn what_a_client_accepts_is_taken_at_its_word() {
        assert!(is_acceptable(&HeaderMap::new(), false));
        for good in [
            "*/*",
            "application/json",
            "text/html, application/*;q=0.5",
            "Application/JSON; charset=utf-8",
            "text/html,*/*;q=0.1",
        ] {
            assert!(acceptable(good, false), "{good}");
        }
        for bad in ["text/html", "image/*", "application/json;q=0", "application/xml, text/html"] {
            assert!(!acceptable(bad, false), "{bad}");
        }
        assert!(acceptable("text/html", true) && !acceptable("image/*", true));
    }
}
