//! Redis' protocol, RESP 2 and 3 (Redis documentation, *Redis serialization protocol specification*): commands as arrays and as lines.

use wire::api::{TrafficProtocol, TrafficSide};

use super::asked::{Asked, statement};
use super::{Language, Piece, Stopped, TEXT_MOST};

/// Bytes of a line at most.
const LINE_MOST: usize = 64 * 1024;
/// Arguments of a command at most: as Redis has it.
const ARGUMENTS_MOST: u64 = 1024 * 1024;
/// How deep answers are nested at most.
const DEPTH_MOST: usize = 32;
/// Bytes of one argument that are kept.
const ARGUMENT_KEPT: usize = 1024;

/// Reads it.
#[derive(Debug, Default)]
pub(super) struct Redis {
    client: Commands,
    target: Answers,
}

/// Whether a connection is of this kind.
pub(super) fn guess(client: &[u8], target: &[u8]) -> Option<TrafficProtocol> {
    let is_array = client.first() == Some(&b'*') && client.get(1).is_some_and(u8::is_ascii_digit);
    let is_line = client.first().is_some_and(u8::is_ascii_alphabetic) && client.contains(&b'\n');
    let is_answer = match target.first() {
        Some(b'+') => !target.starts_with(b"+OK "),
        Some(b'-' | b':' | b'$' | b'*') => true,
        _ => false,
    };
    (is_array || (is_line && is_answer)).then_some(TrafficProtocol::Redis)
}

impl Language for Redis {
    fn read(&mut self, piece: Piece<'_>, asked: &mut Asked) -> Result<(), Stopped> {
        match piece.side {
            TrafficSide::Client => self.client.read(piece, asked),
            TrafficSide::Target => self.target.read(piece, asked),
        }
    }
}

/// A line as it comes, or bytes that were announced.
#[derive(Debug, Default)]
struct Line(Vec<u8>);

impl Line {
    /// The next whole line, without its end.
    fn next(&mut self, rest: &mut &[u8]) -> Result<Option<Vec<u8>>, Stopped> {
        let end = rest.iter().position(|it| *it == b'\n');
        let (now, later) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
        self.0.extend_from_slice(now);
        *rest = later;
        if self.0.len() > LINE_MOST {
            return Err(Stopped::NotUnderstood);
        }
        if end.is_none() {
            return Ok(None);
        }
        let mut line = std::mem::take(&mut self.0);
        while line.last().is_some_and(|it| matches!(it, b'\r' | b'\n')) {
            line.pop();
        }
        Ok(Some(line))
    }
}

#[derive(Debug, Default)]
struct Commands {
    line: Line,
    /// Arguments of the command that are still to come.
    left: u64,
    /// Bytes of the argument that comes, its end included.
    bulk: Option<u64>,
    argument: Vec<u8>,
    argument_bytes: u64,
    command: Command,
}

#[derive(Debug, Default)]
struct Command {
    at_micros: i64,
    verb: String,
    text: String,
    is_cut: bool,
    bytes: u64,
    arguments: u64,
    hides: Hides,
}

/// What of a command is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hides {
    #[default]
    Nothing,
    /// Everything from here on.
    Rest,
    /// Nothing yet, but a word may come that is followed by a secret.
    AfterWord,
}

impl Commands {
    fn read(&mut self, piece: Piece<'_>, asked: &mut Asked) -> Result<(), Stopped> {
        let mut rest = piece.bytes;
        while !rest.is_empty() {
            if self.command.bytes == 0 {
                self.command.at_micros = piece.at_micros;
            }
            let before = rest.len();
            if let Some(left) = self.bulk {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let (now, later) = rest.split_at(here);
                let room = ARGUMENT_KEPT - self.argument.len();
                self.argument.extend_from_slice(now.get(..room).unwrap_or(now));
                rest = later;
                self.command.bytes += here as u64;
                let left = left - here as u64;
                self.bulk = (left > 0).then_some(left);
                if left == 0 {
                    let mut argument = std::mem::take(&mut self.argument);
                    let all = self.argument_bytes;
                    argument.truncate(usize::try_from(all).unwrap_or(usize::MAX));
                    self.command.argument(&argument, all);
                    self.left -= 1;
                    if self.left == 0 {
                        self.command.end(asked);
                    }
                }
                continue;
            }
            let line = self.line.next(&mut rest)?;
            self.command.bytes += (before - rest.len()) as u64;
            let Some(line) = line else { return Ok(()) };
            let number = || std::str::from_utf8(line.get(1..)?).ok()?.trim().parse::<i64>().ok();
            match line.first() {
                Some(b'*') if self.left == 0 => {
                    let arguments = number().ok_or(Stopped::NotUnderstood)?;
                    self.left = u64::try_from(arguments).unwrap_or(0);
                    if self.left > ARGUMENTS_MOST {
                        return Err(Stopped::NotUnderstood);
                    }
                    if self.left == 0 {
                        self.command = Command::default();
                    }
                }
                Some(b'$') if self.left > 0 => {
                    let bytes = number().and_then(|it| u64::try_from(it).ok()).ok_or(Stopped::NotUnderstood)?;
                    self.argument_bytes = bytes;
                    self.bulk = Some(bytes.checked_add(2).ok_or(Stopped::NotUnderstood)?);
                }
                _ if self.left > 0 => return Err(Stopped::NotUnderstood),
                None => self.command = Command::default(),
                Some(_) => {
                    for word in line.split(u8::is_ascii_whitespace).filter(|it| !it.is_empty()) {
                        self.command.argument(word, word.len() as u64);
                    }
                    self.command.end(asked);
                }
            }
        }
        Ok(())
    }
}

impl Command {
    fn argument(&mut self, bytes: &[u8], all: u64) {
        self.arguments += 1;
        let word = String::from_utf8_lossy(bytes).to_ascii_uppercase();
        if self.arguments == 1 {
            self.verb = word.chars().take(40).collect();
            self.hides = match &*self.verb {
                "AUTH" => Hides::Rest,
                "HELLO" | "MIGRATE" | "CONFIG" | "ACL" => Hides::AfterWord,
                _ => Hides::Nothing,
            };
            return;
        }
        let shown = if self.hides == Hides::Rest { "***".to_owned() } else { quoted(bytes, all) };
        if self.hides == Hides::AfterWord
            && matches!(&*word, "AUTH" | "AUTH2" | "SETUSER" | "REQUIREPASS" | "MASTERAUTH" | "MASTERUSER")
        {
            self.hides = Hides::Rest;
        }
        if self.is_cut || self.text.len() + shown.len() > TEXT_MOST {
            self.is_cut = true;
            return;
        }
        if self.arguments > 2 {
            self.text.push(' ');
        }
        self.is_cut |= all > bytes.len() as u64;
        self.text.push_str(&shown);
    }

    fn end(&mut self, asked: &mut Asked) {
        let it = std::mem::take(self);
        if !it.verb.is_empty() {
            asked.ask(statement(it.at_micros, &it.verb, (it.text, it.is_cut), it.bytes));
        }
    }
}

/// An argument as people would type it.
fn quoted(bytes: &[u8], all: u64) -> String {
    let text = String::from_utf8_lossy(bytes);
    let is_plain = !text.is_empty() && text.chars().all(|it| it.is_ascii_graphic() && it != '"');
    let more = if all > bytes.len() as u64 { "…" } else { "" };
    if is_plain { format!("{text}{more}") } else { format!("{text:?}{more}") }
}

#[derive(Debug, Default)]
struct Answers {
    line: Line,
    /// Bytes of a string that are still to come.
    bulk: u64,
    /// Answers that are still to come, by how deep they are nested.
    nested: Vec<u64>,
    /// What comes is no answer: somebody else published it, or it is said about the answer that comes.
    is_aside: bool,
    /// An error that is longer than a line.
    is_error: bool,
}

impl Answers {
    fn read(&mut self, piece: Piece<'_>, asked: &mut Asked) -> Result<(), Stopped> {
        let mut rest = piece.bytes;
        while !rest.is_empty() {
            if self.bulk > 0 {
                let here = usize::try_from(self.bulk).unwrap_or(usize::MAX).min(rest.len());
                let (_, later) = rest.split_at(here);
                rest = later;
                self.bulk -= here as u64;
                self.count(here, asked);
                if self.bulk == 0 {
                    if std::mem::take(&mut self.is_error) && self.nested.is_empty() {
                        asked.outcome("an error", true);
                    }
                    self.one(piece.at_micros, asked);
                }
                continue;
            }
            let before = rest.len();
            if self.nested.is_empty() && self.line.0.is_empty() {
                self.is_aside = matches!(rest.first(), Some(b'>' | b'|'));
            }
            let line = self.line.next(&mut rest)?;
            self.count(before - rest.len(), asked);
            let Some(line) = line else { return Ok(()) };
            self.line_says(&line, piece.at_micros, asked)?;
        }
        Ok(())
    }

    fn line_says(&mut self, line: &[u8], at: i64, asked: &mut Asked) -> Result<(), Stopped> {
        let (kind, value) = line.split_first().ok_or(Stopped::NotUnderstood)?;
        let number = || std::str::from_utf8(value).ok()?.trim().parse::<i64>().ok();
        let is_whole = self.nested.is_empty();
        match kind {
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => {
                if is_whole && !self.is_aside {
                    let words = String::from_utf8_lossy(value.get(..ARGUMENT_KEPT).unwrap_or(value));
                    asked.outcome(&words, *kind == b'-');
                }
                self.one(at, asked);
            }
            b'$' | b'=' | b'!' => match u64::try_from(number().ok_or(Stopped::NotUnderstood)?) {
                Ok(bytes) => {
                    self.bulk = bytes.checked_add(2).ok_or(Stopped::NotUnderstood)?;
                    self.is_error = *kind == b'!';
                    if is_whole && !self.is_aside && *kind != b'!' {
                        asked.outcome(&format!("{bytes} bytes"), false);
                    }
                }
                Err(_) => {
                    if is_whole && !self.is_aside {
                        asked.outcome("nothing", false);
                    }
                    self.one(at, asked);
                }
            },
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                let entries = number().ok_or(Stopped::NotUnderstood)?;
                let entries = u64::try_from(entries).unwrap_or(0);
                if is_whole && !self.is_aside {
                    asked.outcome(&format!("{entries} entries"), false);
                }
                let all = if matches!(kind, b'%' | b'|') { entries.saturating_mul(2) } else { entries };
                if all == 0 {
                    self.one(at, asked);
                } else if self.nested.len() >= DEPTH_MOST {
                    return Err(Stopped::NotUnderstood);
                } else {
                    self.nested.push(all);
                }
            }
            _ => return Err(Stopped::NotUnderstood),
        }
        Ok(())
    }

    /// One value is complete, and with it perhaps those around it.
    fn one(&mut self, at: i64, asked: &mut Asked) {
        while let Some(left) = self.nested.last_mut() {
            *left -= 1;
            if *left > 0 {
                return;
            }
            self.nested.pop();
        }
        if !std::mem::take(&mut self.is_aside) {
            asked.answered(at);
        }
    }

    fn count(&self, bytes: usize, asked: &mut Asked) {
        if !self.is_aside {
            asked.count(bytes as u64);
        }
    }
}
