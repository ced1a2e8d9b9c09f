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

/// What names something that cannot be removed for that reason: two kinds, each by name. Items that were just removed may come back,
/// and have no place in a list any more.
pub(super) fn namers(names: [&[String]; 2], what: [&str; 2]) -> String {
    let named = names.into_iter().zip(what).filter(|(names, _)| !names.is_empty());
    let told: Vec<_> = named.map(|(names, what)| counted(names, what)).collect();
    if told.is_empty() { "an item that was just removed".into() } else { told.join(" and ") }
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

    #[test]
    fn what_names_something_is_told_by_kind() {
        assert_eq!(namers([&names(1), &names(2)], ["item", "group"]), "1 item (n1) and 2 groups (n1 and n2)");
        assert_eq!(namers([&[], &names(1)], ["item", "user"]), "1 user (n1)");
        assert_eq!(namers([&[], &[]], ["item", "user"]), "an item that was just removed");
    }
}
