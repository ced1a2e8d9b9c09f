//! How many there are of something, and which.

/// How many names are told of more.
const TOLD: usize = 5;

/// `1 item` or `3 items`.
pub(super) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// `a`, `a and b`, `a, b and c`; of many the first and how many more.
pub(super) fn listed(names: &[String]) -> String {
    let told = if names.len() > TOLD + 1 { TOLD } else { names.len() };
    let mut told: Vec<String> = names[..told].to_vec();
    if told.len() < names.len() {
        told.push(format!("{} more", names.len() - told.len()));
    }
    match told.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => told.concat(),
    }
}

/// `1 item (db)` or `2 items (db and web)`.
pub(super) fn counted(names: &[String], what: &str) -> String {
    format!("{} ({})", count(names.len(), what), listed(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(number: usize) -> Vec<String> {
        (1..=number).map(|it| format!("n{it}")).collect()
    }

    #[test]
    fn few_are_named_and_many_are_counted() {
        assert_eq!(counted(&names(1), "item"), "1 item (n1)");
        assert_eq!(counted(&names(2), "item"), "2 items (n1 and n2)");
        assert_eq!(listed(&names(6)), "n1, n2, n3, n4, n5 and n6");
        assert_eq!(listed(&names(7)), "n1, n2, n3, n4, n5 and 2 more");
        assert_eq!(listed(&[]), "");
    }
}
