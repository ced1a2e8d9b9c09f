//! PostgreSQL's protocol, version 3 (PostgreSQL documentation, chapter *Frontend/Backend Protocol*): queries of the simple kind, and
//! of the extended kind as they are executed.

use std::collections::{BTreeMap, VecDeque};

use wire::api::{TrafficProtocol, TrafficSide};

use super::asked::{Asked, statement};
use super::messages::{Header, Message, Messages};
use super::{Language, Piece, Stopped, shown, until_zero};

const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
/// Longest message with which a client begins.
const STARTUP_MOST: u32 = 10_000;
/// Statements and portals whose text is remembered.
const NAMES_MOST: usize = 256;
/// Bytes of a statement's text that are remembered by its name.
const REMEMBERED: usize = 1024;
/// Steps that wait for their answers.
const STEPS_MOST: usize = 4 * 1024;

/// Reads it.
#[derive(Debug, Default)]
pub(super) struct Postgresql {
    client: Messages,
    target: Messages,
    is_started: bool,
    /// Whether encryption was asked for, which is answered by one byte.
    asked_to_encrypt: bool,
    prepared: BTreeMap<Vec<u8>, (String, bool)>,
    portals: BTreeMap<Vec<u8>, (String, bool)>,
    steps: VecDeque<Step>,
}

/// What the target answers one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Query,
    Prepare,
    Execute,
    Sync,
}

struct Startup;
struct Typed;

impl Header for Startup {
    fn length(&self) -> usize {
        8
    }

    fn body(&self, header: &[u8]) -> Option<u64> {
        let length = big_endian(header, 0)?;
        (8..=STARTUP_MOST).contains(&length).then(|| u64::from(length - 8))
    }
}

impl Header for Typed {
    fn length(&self) -> usize {
        5
    }

    fn body(&self, header: &[u8]) -> Option<u64> {
        big_endian(header, 1)?.checked_sub(4).map(u64::from)
    }
}

/// Whether a connection is of this kind.
pub(super) fn guess(client: &[u8], target: &[u8]) -> Option<TrafficProtocol> {
    let (length, code) = (big_endian(client, 0)?, big_endian(client, 4)?);
    if !(8..=STARTUP_MOST).contains(&length) || !(matches!(code, CANCEL | TLS | GSS) || code >> 16 == 3) {
        return None;
    }
    let is_encrypted = (code == TLS && target.first() == Some(&b'S')) || (code == GSS && target.first() == Some(&b'G'));
    Some(if is_encrypted { TrafficProtocol::Tls } else { TrafficProtocol::Postgresql })
}

impl Language for Postgresql {
    fn read(&mut self, piece: Piece<'_>, asked: &mut Asked) -> Result<(), Stopped> {
        let mut rest = piece.bytes;
        match piece.side {
            TrafficSide::Client => {
                let mut messages = std::mem::take(&mut self.client);
                let read = self.read_client(&mut messages, &mut rest, piece.at_micros, asked);
                self.client = messages;
                read
            }
            TrafficSide::Target => {
                if std::mem::take(&mut self.asked_to_encrypt) {
                    let answer = rest.split_off_first();
                    if matches!(answer, Some(b'S' | b'G')) {
                        return Err(Stopped::Encrypted);
                    }
                }
                let mut messages = std::mem::take(&mut self.target);
                let read = self.read_target(&mut messages, &mut rest, piece.at_micros, asked);
                self.target = messages;
                read
            }
        }
    }
}

impl Postgresql {
    fn read_client(
        &mut self,
        messages: &mut Messages,
        rest: &mut &[u8],
        at: i64,
        asked: &mut Asked,
    ) -> Result<(), Stopped> {
        loop {
            let message = if self.is_started { messages.next(rest, &Typed) } else { messages.next(rest, &Startup) };
            let Some(message) = message.map_err(|_| Stopped::NotUnderstood)? else { return Ok(()) };
            if self.is_started {
                self.client_says(message, at, asked);
            } else {
                match big_endian(message.header, 4) {
                    Some(TLS | GSS) => self.asked_to_encrypt = true,
                    Some(CANCEL) => asked.ask(statement(at, "cancel", (String::new(), false), message.bytes)),
                    _ => self.is_started = true,
                }
            }
        }
    }

    fn client_says(&mut self, message: Message<'_>, at: i64, asked: &mut Asked) {
        let whole = message.bytes - 5;
        match message.header.first() {
            Some(b'Q') => {
                let (text, _) = until_zero(message.body);
                // The zero at its end is no part of it.
                let text = shown(text, whole.saturating_sub(1));
                asked.ask(statement(at, "query", text, message.bytes));
                self.step(Step::Query, asked);
            }
            Some(b'P') => {
                let (name, text) = until_zero(message.body);
                let (text, _) = until_zero(text);
                let is_cut = whole > message.body.len() as u64 || text.len() > REMEMBERED;
                let kept = String::from_utf8_lossy(text.get(..REMEMBERED).unwrap_or(text)).into_owned();
                remember(&mut self.prepared, name, (kept, is_cut));
                if !name.is_empty() {
                    asked.ask(statement(at, "prepare", shown(text, text.len() as u64), message.bytes));
                    self.step(Step::Prepare, asked);
                }
            }
            Some(b'B') => {
                let (portal, rest) = until_zero(message.body);
                let (name, _) = until_zero(rest);
                let text = self.prepared.get(name).cloned().unwrap_or_default();
                remember(&mut self.portals, portal, text);
            }
            Some(b'E') => {
                let (portal, _) = until_zero(message.body);
                let text = self.portals.get(portal).cloned().unwrap_or_default();
                asked.ask(statement(at, "execute", text, message.bytes));
                self.step(Step::Execute, asked);
            }
            Some(b'S') => self.step(Step::Sync, asked),
            // Rows of a COPY belong to the statement.
            Some(b'd') => {
                if let Some(last) = asked.last() {
                    last.bytes += message.bytes;
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, step: Step, asked: &mut Asked) {
        self.steps.push_back(step);
        if self.steps.len() > STEPS_MOST && self.steps.pop_front().is_some_and(|it| it != Step::Sync) {
            asked.unanswered();
        }
    }

    fn read_target(
        &mut self,
        messages: &mut Messages,
        rest: &mut &[u8],
        at: i64,
        asked: &mut Asked,
    ) -> Result<(), Stopped> {
        while let Some(message) = messages.next(rest, &Typed).map_err(|_| Stopped::NotUnderstood)? {
            self.target_says(message, at, asked);
        }
        Ok(())
    }

    fn target_says(&mut self, message: Message<'_>, at: i64, asked: &mut Asked) {
        let first = self.steps.front().copied();
        let is_asked = first.is_some_and(|it| it != Step::Sync);
        if is_asked {
            asked.count(message.bytes);
        }
        match message.header.first() {
            Some(kind @ (b'C' | b'I' | b's')) if is_asked => {
                let (tag, _) = until_zero(message.body);
                let words = match kind {
                    b'C' => String::from_utf8_lossy(tag).into_owned(),
                    b'I' => "nothing was asked".into(),
                    _ => "more rows were left".into(),
                };
                asked.outcome(&words, false);
                if first == Some(Step::Execute) {
                    self.answered(at, asked);
                }
            }
            Some(b'1') if first == Some(Step::Prepare) => self.answered(at, asked),
            Some(b'E') if is_asked => {
                asked.outcome(&error(message.body), true);
                if first != Some(Step::Query) {
                    self.answered(at, asked);
                }
            }
            Some(b'Z') => {
                // What stands before the end of a round and was not answered was passed over after an error.
                while let Some(step) = self.steps.front().copied() {
                    match step {
                        Step::Sync => {
                            self.steps.pop_front();
                            return;
                        }
                        Step::Query => return self.answered(at, asked),
                        Step::Prepare | Step::Execute => {
                            asked.outcome("not done after the error before it", true);
                            self.steps.pop_front();
                            asked.unanswered();
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, at: i64, asked: &mut Asked) {
        self.steps.pop_front();
        asked.answered(at);
    }
}

fn remember(names: &mut BTreeMap<Vec<u8>, (String, bool)>, name: &[u8], text: (String, bool)) {
    if names.len() >= NAMES_MOST && !names.contains_key(name) {
        names.pop_last();
    }
    names.insert(name.to_vec(), text);
}

/// Code and message of an error.
fn error(mut fields: &[u8]) -> String {
    let (mut code, mut words) = (String::new(), String::new());
    while let Some((kind, rest)) = fields.split_first() {
        let (value, rest) = until_zero(rest);
        match kind {
            b'C' => code = String::from_utf8_lossy(value).into_owned(),
            b'M' => words = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
        fields = rest;
    }
    format!("{words} ({code})")
}

fn big_endian(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
