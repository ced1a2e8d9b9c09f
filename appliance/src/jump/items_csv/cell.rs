//! Cells that a spreadsheet would take for a formula. Text that begins like one gets an apostrophe in front, which spreadsheets
//! show or hide but do not calculate; reading takes it away again, and nothing else.

/// What a cell begins with that some spreadsheet calculates: the signs, their wide forms, and what is skipped before them.
const CALCULATED: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A text as it stands in the file.
#[must_use]
pub fn guarded(text: &str) -> String {
    // A text that has such apostrophes of its own gets one more, so that the way back is exact.
    if begins_like_formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text.to_owned() }
}

/// The text that stands in the file so.
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if begins_like_formula(text.trim_start_matches('\'')) => text,
        _ => cell,
    }
}

fn begins_like_formula(text: &str) -> bool {
    text.starts_with(CALCULATED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_become_text_and_other_text_stays() {
        for (text, cell) in [
            ("=HYPERLINK(\"https://evil\")", "'=HYPERLINK(\"https://evil\")"),
            ("+1", "'+1"),
            ("-", "'-"),
            ("@sum", "'@sum"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("'tis", "'tis"),
            ("''", "''"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), cell);
            assert_eq!(unguarded(cell), text);
        }
    }

    proptest! {
        #[test]
        fn no_cell_is_calculated_and_every_text_comes_back(text in "['=+@\t\r\n a＝-]{0,6}") {
            let cell = guarded(&text);
            prop_assert!(!begins_like_formula(&cell));
            prop_assert_eq!(unguarded(&cell), text);
        }
    }
}
