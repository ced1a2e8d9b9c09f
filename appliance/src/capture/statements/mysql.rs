//! The protocol of MySQL and MariaDB (MySQL documentation, *Client/Server Protocol*): queries as text, and statements that are
//! prepared and executed.

use std::collections::BTreeMap;

use wire::api::{TrafficProtocol, TrafficSide};

use super::asked::{Asked, statement};
use super::messages::{Header, Message, Messages};
use super::{Language, Piece, Stopped, shown, until_zero};

const COMPRESSED: u32 = 0x20;
const ENCRYPTED: u32 = 0x800;
const ZSTD: u32 = 0x0400_0000;
const NO_EOF: u32 = 0x0100_0000;
const OPTIONAL_METADATA: u32 = 0x0200_0000;
const ATTRIBUTES: u32 = 0x0800_0000;
/// No answer without columns is shorter.
const OK_LEAST: usize = 7;
/// A packet of this length goes on in the next one.
const GOES_ON: u64 = 0xFF_FFFF;
/// Statements whose text is remembered by their number.
const NUMBERS_MOST: usize = 256;
/// Bytes of each that are.
const REMEMBERED: usize = 1024;

/// Reads it.
#[derive(Debug, Default)]
pub(super) struct Mysql {
    client: Messages,
    target: Messages,
    /// What the client said that it can do; nothing before that.
    abilities: Option<u32>,
    /// Whether the client was let in: before that nothing is a command.
    is_in: bool,
    /// The client's last packet goes on in the next one.
    client_goes_on: bool,
    target_goes_on: bool,
    prepared: BTreeMap<u32, (String, bool)>,
    answer: Answer,
    /// When the last packet of an answer came.
    answered_micros: Option<i64>,
}

/// How far the answer to a command has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Answer {
    #[default]
    None,
    /// To a command of this kind.
    Begins(u8),
    /// Columns are described; so many packets are to come of that.
    Columns(u64),
    /// Rows come; so many have.
    Rows(u64),
    /// What else comes is not looked at.
    Over,
}

struct Packet;

impl Header for Packet {
    fn length(&self) -> usize {
        4
    }

    fn body(&self, header: &[u8]) -> Option<u64> {
        Some(little_endian(header, 3))
    }
}

/// Whether a connection is of this kind.
pub(super) fn guess(client: &[u8], target: &[u8]) -> Option<TrafficProtocol> {
    let greeting = target.get(..5)?;
    let is_greeting = (20..1024).contains(&little_endian(greeting, 3)) && greeting[3] == 0 && greeting[4] == 10;
    if !is_greeting || (!client.is_empty() && client.get(3) != Some(&1)) {
        return None;
    }
    let is_encrypted = client.get(4..8).is_some_and(|it| flags(it) & ENCRYPTED != 0);
    Some(if is_encrypted { TrafficProtocol::Tls } else { TrafficProtocol::Mysql })
}

impl Language for Mysql {
    fn read(&mut self, piece: Piece<'_>, asked: &mut Asked) -> Result<(), Stopped> {
        let mut rest = piece.bytes;
        let of = |it: &mut Self| match piece.side {
            TrafficSide::Client => std::mem::take(&mut it.client),
            TrafficSide::Target => std::mem::take(&mut it.target),
        };
        let mut messages = of(self);
        let read = loop {
            let message = match messages.next(&mut rest, &Packet) {
                Ok(Some(message)) => message,
                Ok(None) => break Ok(()),
                Err(_) => break Err(Stopped::NotUnderstood),
            };
            let heard = match piece.side {
                TrafficSide::Client => self.client_says(message, piece.at_micros, asked),
                TrafficSide::Target => {
                    self.target_says(message, piece.at_micros, asked);
                    Ok(())
                }
            };
            if heard.is_err() {
                break heard;
            }
        };
        match piece.side {
            TrafficSide::Client => self.client = messages,
            TrafficSide::Target => self.target = messages,
        }
        read
    }

    fn end(&mut self, asked: &mut Asked) {
        self.end_answer(asked);
    }
}

impl Mysql {
    fn client_says(&mut self, message: Message<'_>, at: i64, asked: &mut Asked) -> Result<(), Stopped> {
        let goes_on = std::mem::replace(&mut self.client_goes_on, message.bytes - 4 == GOES_ON);
        if self.abilities.is_none() {
            let abilities = message.body.get(..4).map_or(0, flags);
            self.abilities = Some(abilities);
            if abilities & ENCRYPTED != 0 {
                return Err(Stopped::Encrypted);
            }
            return Ok(());
        }
        let is_command = message.header.get(3) == Some(&0) && self.is_in && !goes_on;
        if !is_command {
            // Files that are loaded, and what is sent to sign in.
            if self.is_in
                && let Some(last) = asked.last()
            {
                last.bytes += message.bytes;
            }
            return Ok(());
        }
        if self.abilities.unwrap_or(0) & (COMPRESSED | ZSTD) != 0 {
            return Err(Stopped::Compressed);
        }
        self.end_answer(asked);
        let Some((&command, rest)) = message.body.split_first() else { return Ok(()) };
        let whole = message.bytes.saturating_sub(5);
        let number = rest.get(..4).map_or(0, flags);
        let (verb, text) = match command {
            0x03 => {
                let skipped = self.attributes(rest);
                ("query", shown(rest.get(skipped..).unwrap_or_default(), whole.saturating_sub(skipped as u64)))
            }
            0x16 => ("prepare", shown(rest, whole)),
            0x17 => ("execute", self.prepared.get(&number).cloned().unwrap_or_default()),
            0x02 => ("use", shown(rest, whole)),
            0x0E => ("ping", (String::new(), false)),
            // A statement that is let go of is not answered.
            0x18 => return Ok(()),
            0x19 => {
                self.prepared.remove(&number);
                return Ok(());
            }
            0x01 => return Ok(()),
            // It carries a password's hash.
            0x11 => ("change user", (String::new(), false)),
            other => ("command", (format!("{other:#04x}"), false)),
        };
        asked.ask(statement(at, verb, text, message.bytes));
        self.answer = Answer::Begins(command);
        Ok(())
    }

    /// Bytes before the text of a query: attributes, where both sides know them. Whether they do is seen from what stands there.
    fn attributes(&self, rest: &[u8]) -> usize {
        let knows = self.abilities.unwrap_or(0) & ATTRIBUTES != 0;
        if knows && rest.starts_with(&[0, 1]) { 2 } else { 0 }
    }

    fn target_says(&mut self, message: Message<'_>, at: i64, asked: &mut Asked) {
        let goes_on = std::mem::replace(&mut self.target_goes_on, message.bytes - 4 == GOES_ON);
        let first = message.body.first().copied();
        if !self.is_in {
            // Let in, or not; a connection that is not ends.
            self.is_in = self.abilities.is_some() && first == Some(0);
            return;
        }
        if self.answer == Answer::None {
            return;
        }
        asked.count(message.bytes);
        self.answered_micros = Some(at);
        if goes_on {
            return;
        }
        if first == Some(0xFF) {
            asked.outcome(&error(message.body), true);
            self.answer = Answer::Over;
            return;
        }
        let keeps_eof = self.abilities.unwrap_or(0) & NO_EOF == 0;
        let is_eof = first == Some(0xFE) && message.bytes - 4 < GOES_ON;
        self.answer = match std::mem::take(&mut self.answer) {
            Answer::Begins(0x16) if first == Some(0) => {
                let number = message.body.get(1..5).map_or(0, flags);
                if let Some(text) = asked.first().map(|it| it.text.clone()) {
                    self.remember(number, text);
                }
                Answer::Over
            }
            Answer::Begins(0x03 | 0x17) => match first {
                Some(0) if !self.leaves_columns_out(message.body) => {
                    let rows = length_encoded(message.body.get(1..).unwrap_or_default()).unwrap_or(0);
                    asked.outcome(&format!("{} affected", count_rows(rows)), false);
                    Answer::Over
                }
                Some(0xFB) | None => Answer::Over,
                Some(_) => match self.described(message.body).saturating_add(u64::from(keeps_eof)) {
                    0 => Answer::Rows(0),
                    packets => Answer::Columns(packets),
                },
            },
            Answer::Columns(0 | 1) => Answer::Rows(0),
            Answer::Columns(left) => Answer::Columns(left - 1),
            Answer::Rows(rows) if is_eof => {
                asked.outcome(&count_rows(rows), false);
                Answer::Over
            }
            Answer::Rows(rows) => Answer::Rows(rows + 1),
            Answer::Begins(_) | Answer::Over | Answer::None => Answer::Over,
        };
    }

    /// Whether an answer begins with rows to come whose columns MySQL does not describe, because the client wants it so.
    fn leaves_columns_out(&self, body: &[u8]) -> bool {
        self.abilities.unwrap_or(0) & OPTIONAL_METADATA != 0 && body.len() < OK_LEAST
    }

    /// How many columns are described before the rows, by the packet that counts them. A byte tells when they are not: MySQL has it
    /// in front, where the client asked for that; MariaDB behind, in answers to statements that were prepared.
    fn described(&self, body: &[u8]) -> u64 {
        let (follow, count) = if self.abilities.unwrap_or(0) & OPTIONAL_METADATA != 0 {
            (body.first(), length_encoded(body.get(1..).unwrap_or_default()))
        } else {
            (body.get(length_encoded_bytes(body)..).and_then(<[u8]>::first), length_encoded(body))
        };
        if follow == Some(&0) { 0 } else { count.unwrap_or(0) }
    }

    /// A new command, so the answer to the one before is complete.
    fn end_answer(&mut self, asked: &mut Asked) {
        if std::mem::take(&mut self.answer) == Answer::None {
            return;
        }
        match self.answered_micros.take() {
            Some(at) => asked.answered(at),
            None => asked.unanswered(),
        }
    }

    fn remember(&mut self, number: u32, mut text: String) {
        if self.prepared.len() >= NUMBERS_MOST {
            self.prepared.pop_first();
        }
        let is_cut = text.len() > REMEMBERED;
        let end = (0..=text.len().min(REMEMBERED)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        self.prepared.insert(number, (text, is_cut));
    }
}

fn count_rows(rows: u64) -> String {
    format!("{rows} {}", if rows == 1 { "row" } else { "rows" })
}

/// Number and words of an error.
fn error(body: &[u8]) -> String {
    let code = body.get(1..3).map_or(0, |it| little_endian(it, 2));
    let words = body.get(3..).unwrap_or_default();
    // A marker and five characters of state come first.
    let words = if words.first() == Some(&b'#') { words.get(6..).unwrap_or_default() } else { words };
    format!("{} ({code})", String::from_utf8_lossy(until_zero(words).0))
}

fn flags(bytes: &[u8]) -> u32 {
    u32::try_from(little_endian(bytes, 4)).unwrap_or(0)
}

/// The first bytes as a number, the lowest first.
fn little_endian(bytes: &[u8], most: usize) -> u64 {
    bytes.iter().take(most.min(8)).rev().fold(0, |number, it| (number << 8) | u64::from(*it))
}

/// Bytes that such a number takes.
fn length_encoded_bytes(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(0xFC) => 3,
        Some(0xFD) => 4,
        Some(0xFE) => 9,
        _ => 1,
    }
}

fn length_encoded(bytes: &[u8]) -> Option<u64> {
    match *bytes.first()? {
        small @ 0..=0xFA => Some(small.into()),
        0xFC => Some(little_endian(bytes.get(1..3)?, 2)),
        0xFD => Some(little_endian(bytes.get(1..4)?, 3)),
        0xFE => Some(little_endian(bytes.get(1..9)?, 8)),
        _ => None,
    }
}
