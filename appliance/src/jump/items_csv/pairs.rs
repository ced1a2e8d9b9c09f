//! The column `tunnels`: pairs of ports with `;` between them, each `LOCAL -> REMOTE LABEL`, such as
//! `5432 -> 5432 PostgreSQL; auto -> 22 SSH`. The local port is `auto` or 0 for one that the helper chooses; the label may be
//! missing. A `;` or `\` of a label has a `\` in front. `LOCAL:REMOTE` is understood too, but not written: spreadsheets take that
//! for a time of day.

use wire::api::TunnelDefinition;
use wire::limits::{TAG_CHARS, TUNNELS_PER_ITEM};

/// What a local port is called that the helper chooses.
const AUTOMATIC: &str = "auto";

/// Pairs as they are written.
#[must_use]
pub fn written(tunnels: &[TunnelDefinition]) -> String {
    let all: Vec<String> = tunnels.iter().map(pair_written).collect();
    all.join("; ")
}

fn pair_written(it: &TunnelDefinition) -> String {
    let local = match it.local_port {
        0 => AUTOMATIC.to_owned(),
        port => port.to_string(),
    };
    let mut text = format!("{local} -> {}", it.remote_port);
    if !it.label.is_empty() {
        text.push(' ');
        for sign in it.label.chars() {
            if matches!(sign, ';' | '\\') {
                text.push('\\');
            }
            text.push(sign);
        }
    }
    text
}

/// The pairs that somebody wrote so, whether their numbers are right or not.
///
/// # Errors
/// A sentence that quotes the pair that is not one.
pub fn read(cell: &str) -> Result<Vec<TunnelDefinition>, String> {
    let mut tunnels = Vec::new();
    for text in split(cell) {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        // What is too many is told by the check of the item; there is no need to keep all of them for that.
        if tunnels.len() > TUNNELS_PER_ITEM {
            break;
        }
        tunnels.push(pair(text).ok_or_else(|| {
            let quoted: String = text.chars().take(QUOTED_CHARS).collect();
            format!("“{quoted}” is no pair of ports. Write them as in 5432 -> 5432 PostgreSQL; auto -> 22 SSH.")
        })?);
    }
    for it in &tunnels {
        let chars = it.label.chars().count();
        if chars > TAG_CHARS {
            return Err(format!("A label has at most {TAG_CHARS} characters; one of these has {chars}."));
        }
    }
    Ok(tunnels)
}

/// Characters of a wrong pair that are quoted.
const QUOTED_CHARS: usize = 40;

/// The pieces between semicolons, with signs as they were before they got a `\` in front.
fn split(cell: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut signs = cell.chars();
    while let Some(sign) = signs.next() {
        let Some(piece) = pieces.last_mut() else { break };
        match sign {
            ';' => pieces.push(String::new()),
            '\\' => match signs.next() {
                Some(next @ (';' | '\\')) => piece.push(next),
                // A `\` that nobody put there for that.
                Some(next) => piece.extend(['\\', next]),
                None => piece.push('\\'),
            },
            _ => piece.push(sign),
        }
    }
    pieces
}

fn pair(text: &str) -> Option<TunnelDefinition> {
    let (local, rest) = match text.strip_prefix(AUTOMATIC) {
        Some(rest) => (0, rest),
        None => number(text)?,
    };
    let rest = rest.trim_start();
    let rest = ["->", "→", ":"].iter().find_map(|arrow| rest.strip_prefix(arrow))?;
    let (remote, label) = number(rest.trim_start())?;
    if !label.is_empty() && !label.starts_with(char::is_whitespace) {
        return None;
    }
    Some(TunnelDefinition { local_port: local, remote_port: remote, label: label.trim().to_owned() })
}

/// The number that a text begins with, and the rest.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tunnel(local_port: u32, remote_port: u32, label: &str) -> TunnelDefinition {
        TunnelDefinition { local_port, remote_port, label: label.into() }
    }

    #[test]
    fn pairs_are_written_to_be_read() {
        let tunnels = [tunnel(5432, 5432, "PostgreSQL"), tunnel(0, 22, "SSH; the \\ one"), tunnel(0, 80, "")];
        let text = written(&tunnels);
        assert_eq!(text, "5432 -> 5432 PostgreSQL; auto -> 22 SSH\\; the \\\\ one; auto -> 80");
        assert_eq!(read(&text), Ok(tunnels.to_vec()));
        assert_eq!(written(&[]), "");
        assert_eq!(read(" ; "), Ok(Vec::new()));
    }

    #[test]
    fn other_ways_to_write_them_are_understood() {
        for text in ["0:22 SSH", "0 : 22 SSH;", "auto→22  SSH", "0->22\tSSH", "00:22 SSH"] {
            assert_eq!(read(text), Ok(vec![tunnel(0, 22, "SSH")]), "{text}");
        }
        // Wrong numbers are for the check of the item.
        assert_eq!(read("0:0; 70000:22"), Ok(vec![tunnel(0, 0, ""), tunnel(70_000, 22, "")]));
    }

    #[test]
    fn what_is_no_pair_is_quoted() {
        for text in ["22", "ssh", "22 -> ", "-> 22", "1:2:3", "1 -> 2x", "99999999999:1", "1 > 2", "x:1", "auto"] {
            let said = read(&format!("1:1; {text}")).unwrap_err();
            assert!(said.contains(text.trim()), "{text}: {said}");
        }
        let long = format!("0:22 {}", "x".repeat(TAG_CHARS + 1));
        assert!(read(&long).unwrap_err().contains("65"));
    }

    proptest! {
        #[test]
        fn every_pair_comes_back(pairs in proptest::collection::vec((0_u32..=65_535, 1_u32..=65_535, r"([;\\:>\PC]{0,20})"), 0..8)) {
            let tunnels: Vec<_> = pairs.iter().map(|(local, remote, label)| tunnel(*local, *remote, label.trim())).collect();
            prop_assert_eq!(read(&written(&tunnels)), Ok(tunnels));
        }

        #[test]
        fn nothing_breaks_it(text in r"[0-9auto;:\\> →-]{0,40}") {
            if let Ok(tunnels) = read(&text) {
                prop_assert_eq!(read(&written(&tunnels)), Ok(tunnels));
            }
        }
    }
}
