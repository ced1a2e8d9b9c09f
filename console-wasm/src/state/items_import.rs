//! What the page says of a file with items that is to be imported.

use wire::api::{CsvRemark, ItemsImport};
use wire::limits::CSV_BYTES;

use super::format;

/// Why a file of this size is not even sent; none when it is.
pub(crate) fn too_large(bytes: f64) -> Option<String> {
    let is_too_large = bytes > CSV_BYTES as f64;
    is_too_large.then(|| format!("A file can have at most {} MiB. Divide it into several.", CSV_BYTES >> 20))
}

/// Why nothing is imported yet; empty when it can be.
pub(crate) fn obstacle(looked_at: Option<&ItemsImport>) -> String {
    match looked_at {
        None => "Choose a file first.".into(),
        Some(it) if it.problem_count > 0 => "Correct the file first, and choose it again.".into(),
        Some(_) => String::new(),
    }
}

/// One line about what was found.
pub(crate) fn headline(it: &ItemsImport) -> String {
    let rows = format::count(it.rows.into(), "item");
    match it.problem_count {
        0 => format!("{} will be made", format::count(it.items().into(), "item")),
        1 => format!("Nothing can be imported yet: one thing is wrong in a file of {rows}"),
        several if it.rows == 0 => format!("Nothing can be imported yet: {several} things are wrong in this file"),
        several => format!("Nothing can be imported yet: {several} things are wrong in a file of {rows}"),
    }
}

/// `8 in Production, 4 in Lab`.
pub(crate) fn by_group(it: &ItemsImport) -> String {
    let groups: Vec<String> = it.groups.iter().map(|group| format!("{} in {}", group.items, group.name)).collect();
    groups.join(", ")
}

/// How many remarks are not listed; none when all are.
pub(crate) fn not_listed(listed: &[CsvRemark], count: u32) -> Option<String> {
    let more = u64::from(count).saturating_sub(listed.len() as u64);
    (more > 0).then(|| format!("and {more} more"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::api::ImportedGroup;

    fn looked_at(rows: u32, problems: u32) -> ItemsImport {
        let group = |name: &str, items| ImportedGroup { name: name.into(), items };
        let remark = CsvRemark { line: 2, column: String::new(), message: "x".into() };
        ItemsImport {
            dry_run: true,
            rows,
            groups: if problems == 0 { vec![group("Lab", 4), group("Production", rows - 4)] } else { Vec::new() },
            problems: vec![remark; problems.min(2) as usize],
            problem_count: problems,
            warnings: Vec::new(),
            warning_count: 0,
        }
    }

    #[test]
    fn a_right_file_says_what_will_be_made() {
        let it = looked_at(12, 0);
        assert_eq!(headline(&it), "12 items will be made");
        assert_eq!(by_group(&it), "4 in Lab, 8 in Production");
        assert_eq!(obstacle(Some(&it)), "");
        assert!(!obstacle(None).is_empty());
    }

    #[test]
    fn a_wrong_file_says_how_much_is_wrong() {
        let it = looked_at(12, 5);
        assert!(headline(&it).contains("5 things") && headline(&it).contains("12 items"), "{}", headline(&it));
        assert!(headline(&looked_at(12, 1)).contains("one thing"));
        assert!(obstacle(Some(&it)).contains("Correct"));
        assert_eq!(not_listed(&it.problems, it.problem_count).as_deref(), Some("and 3 more"));
        assert_eq!(not_listed(&it.problems, 2), None);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_sent() {
        assert_eq!(too_large(CSV_BYTES as f64), None);
        assert!(too_large(CSV_BYTES as f64 + 1.0).is_some_and(|it| it.contains("5 MiB")));
    }
}
