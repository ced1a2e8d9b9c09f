//! Letters from templates: words in braces become values. Pure; the console shows the same as a preview.

use crate::api::LetterTemplate;

/// A piece of a template's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// A word in braces.
    Word(&'a str),
}

/// What is wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A brace that is not closed, or not opened.
    #[error("a brace stands alone")]
    Brace,
}

/// The pieces of a text.
///
/// # Errors
/// When a brace stands alone.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Malformed> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        let (word, after) = brace.strip_prefix('{').and_then(|it| it.split_once('}')).ok_or(Malformed::Brace)?;
        if word.contains('{') {
            return Err(Malformed::Brace);
        }
        pieces.extend((!before.is_empty()).then_some(Piece::Text(before)));
        pieces.push(Piece::Word(word));
        rest = after;
    }
    pieces.extend((!rest.is_empty()).then_some(Piece::Text(rest)));
    Ok(pieces)
}

/// The letter with these values: what they hold is put as it is, braces too. A line all of whose words have empty values is left
/// out; a subject is one line whatever it holds.
#[must_use]
pub fn filled(template: &LetterTemplate, value: impl Fn(&str) -> String) -> LetterTemplate {
    let subject = line(&template.subject, &value).unwrap_or_default();
    let lines: Vec<String> = template.text.split('\n').filter_map(|text| line(text, &value)).collect();
    LetterTemplate { subject: subject.replace(char::is_control, " "), text: lines.join("\n") }
}

fn line(text: &str, value: &impl Fn(&str) -> String) -> Option<String> {
    let Ok(pieces) = pieces(text) else { return Some(text.to_owned()) };
    let (mut words, mut values) = (0, 0);
    let mut filled = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Word(word) => {
                let value = value(word);
                words += 1;
                values += usize::from(!value.is_empty());
                filled.push_str(&value);
            }
        }
    }
    (words == 0 || values > 0).then_some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(subject: &str, text: &str) -> LetterTemplate {
        let value = |word: &str| match word {
            "user" => "Eva {item}\r\nBcc: all@example.org".to_owned(),
            "item" => "db".to_owned(),
            _ => String::new(),
        };
        filled(&LetterTemplate { subject: subject.into(), text: text.into() }, value)
    }

    #[test]
    fn words_become_values_once_and_lines_without_any_go() {
        let letter = written("{item}: {user}", "Item: {item}\nTicket: {ticket}\n\n{item} {ticket}|\nplain");
        assert_eq!(letter.text, "Item: db\n\ndb |\nplain");
        assert_eq!(letter.subject, "db: Eva {item}  Bcc: all@example.org", "a value is no template, and no line break");
    }

    #[test]
    fn braces_come_in_pairs() {
        assert_eq!(pieces("a{b}c"), Ok(vec![Piece::Text("a"), Piece::Word("b"), Piece::Text("c")]));
        assert_eq!(pieces(""), Ok(vec![]));
        for wrong in ["{", "}", "a{b", "a}b{c}", "{a{b}}", "{a}}"] {
            assert_eq!(pieces(wrong), Err(Malformed::Brace), "{wrong}");
        }
    }
}
