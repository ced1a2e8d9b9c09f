//! The column `credentials`: names with `;` between them, each with ` -> PORT` behind where it is for the tunnels to that remote
//! port alone, such as `db-admin -> 5432; deploy key -> 22; root`. A `;`, `\`, `>` or `→` of a name has a `\` in front.

/// A credential by its name, and the remote port that it is for.
pub type Named = (String, Option<u32>);

/// Credentials as they are written.
#[must_use]
pub fn written(all: &[Named]) -> String {
    let one = |(name, port): &Named| {
        let mut text = String::new();
        for sign in name.chars() {
            if ESCAPED.contains(&sign) {
                text.push('\\');
            }
            text.push(sign);
        }
        match port {
            Some(port) => format!("{text} -> {port}"),
            None => text,
        }
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The credentials that somebody wrote so.
///
/// # Errors
/// A sentence about one that is none.
pub fn read(cell: &str) -> Result<Vec<Named>, String> {
    let mut all = Vec::new();
    for Piece { name, port } in pieces(cell) {
        let name = name.trim().to_owned();
        match port {
            None if name.is_empty() => {}
            None => all.push((name, None)),
            Some(text) => match text.trim().parse() {
                Ok(port) if !name.is_empty() => all.push((name, Some(port))),
                _ => {
                    let message = "Write credentials as in db-admin -> 5432; root, with a remote port behind the arrow";
                    return Err(format!("{message}, and a \\ before a > that belongs to a name."));
                }
            },
        }
    }
    Ok(all)
}

/// Signs of a name that have a `\` in front.
const ESCAPED: [char; 4] = [';', '\\', '>', '→'];

#[derive(Default)]
struct Piece {
    name: String,
    port: Option<String>,
}

fn pieces(cell: &str) -> Vec<Piece> {
    let (mut done, mut now) = (Vec::new(), Piece::default());
    let mut signs = cell.chars().peekable();
    while let Some(sign) = signs.next() {
        let is_arrow = sign == '→' || (sign == '-' && signs.peek() == Some(&'>'));
        match sign {
            ';' => done.push(std::mem::take(&mut now)),
            '\\' if signs.peek().is_some_and(|next| ESCAPED.contains(next)) => {
                now.port.as_mut().unwrap_or(&mut now.name).extend(signs.next());
            }
            _ if is_arrow && now.port.is_none() => {
                if sign == '-' {
                    signs.next();
                }
                now.port = Some(String::new());
            }
            _ => now.port.as_mut().unwrap_or(&mut now.name).push(sign),
        }
    }
    done.push(now);
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn they_are_written_to_be_read() {
        let all = [("db-admin".to_owned(), Some(5432)), ("a;b -> c\\".to_owned(), None), ("x".to_owned(), Some(22))];
        let text = written(&all);
        assert_eq!(text, "db-admin -> 5432; a\\;b -\\> c\\\\; x -> 22");
        assert_eq!(read(&text), Ok(all.to_vec()));
        assert_eq!(read(" ; "), Ok(Vec::new()));
        assert_eq!(read("a→22;b"), Ok(vec![("a".into(), Some(22)), ("b".into(), None)]));
    }

    #[test]
    fn what_is_none_is_told() {
        for text in ["a -> b", "-> 22", "a -> ", "a -> 1 -> 2", "a -> 99999999999"] {
            assert!(read(text).unwrap_err().contains("5432; root"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_one_comes_back(all in proptest::collection::vec((r"[;\\>a\-\PC]{0,12}", proptest::option::of(1_u32..=65_535)), 0..6)) {
            let named: Vec<Named> = all.into_iter().map(|(name, port)| (format!("{}x", name.trim()), port)).collect();
            prop_assert_eq!(read(&written(&named)), Ok(named));
        }
    }
}
