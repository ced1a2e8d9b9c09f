//! The order people expect of names: without regard to case, and numbers by their value.

use std::cmp::Ordering;

/// A text that compares, by its characters, as people sort what it was made from: `web-10` comes after `Web-9`.
///
/// A run of digits stands in it as `0`, then how many digits the number has without leading zeros, then those digits: it
/// compares like the number, however long that is, and towards everything else like a digit.
pub(crate) fn natural_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_digit() {
            let end = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
            let digits = rest[..end].trim_start_matches('0');
            let length = u32::try_from(digits.len()).unwrap_or(u32::MAX).saturating_add(1);
            key.push('0');
            key.push(char::from_u32(length).unwrap_or(char::MAX));
            key.push_str(digits);
            rest = &rest[end..];
        } else {
            key.extend(first.to_lowercase());
            rest = &rest[first.len_utf8()..];
        }
    }
    key
}

/// Compares two texts as people sort them.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    natural_key(a).cmp(&natural_key(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_by_value_and_case_does_not_matter() {
        let mut names = ["web-10", "Web-9", "db", "web", "web-009b", "web-x", "10", "9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["9", "10", "db", "web", "Web-9", "web-009b", "web-10", "web-x"]);
        let huge = "9".repeat(60);
        assert_eq!(natural(&huge, &format!("1{huge}")), Ordering::Less);
        assert_eq!(natural("Ä1", "ä01"), Ordering::Equal);
    }
}
