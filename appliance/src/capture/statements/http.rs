//! HTTP/1 (RFC 9112): requests and the status of their answers.

use std::collections::VecDeque;

use wire::api::{TrafficProtocol, TrafficSide};

use super::asked::{Asked, statement};
use super::{Language, Piece, Stopped, shown};

/// Bytes of a request's or an answer's head at most.
const HEAD_MOST: usize = 64 * 1024;
/// Fields of a head at most.
const FIELDS_MOST: usize = 200;
/// Bytes of the line that says how long a chunk is, at most.
const CHUNK_LINE_MOST: usize = 8 * 1024;
/// Requests whose method is remembered until their answers come.
const METHODS_MOST: usize = 1024;
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// Reads it.
#[derive(Debug, Default)]
pub(super) struct Http {
    client: Half,
    target: Half,
    /// Methods of the requests that were not answered.
    methods: VecDeque<String>,
    last_micros: i64,
}

/// How far one side has come.
#[derive(Debug, Default)]
struct Half {
    head: Vec<u8>,
    body: Body,
}

/// What is still to come of a message's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Body {
    /// A head comes next.
    #[default]
    None,
    /// So many bytes.
    Bytes(u64),
    /// The line that says how long a chunk is.
    ChunkLine,
    /// So many bytes of a chunk, its end included.
    Chunk(u64),
    /// The lines after the last chunk.
    Trailer,
    /// Everything until the connection ends.
    UntilEnd,
}

/// Whether a connection is of this kind.
pub(super) fn guess(client: &[u8]) -> Option<TrafficProtocol> {
    let method = client.split(|it| *it == b' ').next()?;
    let is_known = METHODS.iter().any(|it| it.as_bytes() == method) && client.len() > method.len();
    is_known.then_some(TrafficProtocol::Http)
}

impl Language for Http {
    fn read(&mut self, piece: Piece<'_>, asked: &mut Asked) -> Result<(), Stopped> {
        self.last_micros = piece.at_micros;
        let mut rest = piece.bytes;
        while !rest.is_empty() {
            let half = match piece.side {
                TrafficSide::Client => &mut self.client,
                TrafficSide::Target => &mut self.target,
            };
            let before = rest.len();
            if half.body == Body::None {
                let Some(head) = half.head(&mut rest)? else { return Ok(()) };
                match piece.side {
                    TrafficSide::Client => self.request(&head, piece.at_micros, asked)?,
                    TrafficSide::Target => self.status(&head, piece.at_micros, asked)?,
                }
                continue;
            }
            let is_over = half.body(&mut rest)?;
            let read = (before - rest.len()) as u64;
            match piece.side {
                TrafficSide::Client => {
                    if let Some(last) = asked.last() {
                        last.bytes += read;
                    }
                }
                TrafficSide::Target => {
                    asked.count(read);
                    if is_over {
                        asked.answered(piece.at_micros);
                    }
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, asked: &mut Asked) {
        if self.target.body == Body::UntilEnd {
            asked.answered(self.last_micros);
        }
    }
}

impl Http {
    fn request(&mut self, head: &[u8], at: i64, asked: &mut Asked) -> Result<(), Stopped> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MOST];
        let mut request = httparse::Request::new(&mut fields);
        request.parse(head).map_err(|_| Stopped::NotUnderstood)?;
        let (method, path) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
        let host = field(request.headers, "host").unwrap_or_default();
        let text = if path.starts_with('/') { format!("{host}{path}") } else { path.to_owned() };
        let text = shown(text.as_bytes(), text.len() as u64);
        asked.ask(statement(at, method, text, head.len() as u64));
        self.client.body = length(request.headers, Body::None);
        self.methods.push_back(method.to_owned());
        if self.methods.len() > METHODS_MOST {
            self.methods.pop_front();
        }
        Ok(())
    }

    fn status(&mut self, head: &[u8], at: i64, asked: &mut Asked) -> Result<(), Stopped> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MOST];
        let mut response = httparse::Response::new(&mut fields);
        response.parse(head).map_err(|_| Stopped::NotUnderstood)?;
        let code = response.code.unwrap_or(0);
        asked.count(head.len() as u64);
        if (100..200).contains(&code) && code != 101 {
            // The answer itself comes later.
            return Ok(());
        }
        let words = format!("{code} {}", response.reason.unwrap_or_default());
        asked.outcome(words.trim(), code >= 400);
        let method = self.methods.pop_front().unwrap_or_default();
        if code == 101 || (method == "CONNECT" && (200..300).contains(&code)) {
            asked.answered(at);
            return Err(Stopped::Changed);
        }
        let has_none = method == "HEAD" || code == 204 || code == 304;
        self.target.body = if has_none { Body::None } else { length(response.headers, Body::UntilEnd) };
        if self.target.body == Body::None {
            asked.answered(at);
        }
        Ok(())
    }
}

impl Half {
    /// The next whole head, with the empty line behind it.
    fn head(&mut self, rest: &mut &[u8]) -> Result<Option<Vec<u8>>, Stopped> {
        loop {
            let Some(line) = take_line(&mut self.head, rest, HEAD_MOST)? else { return Ok(None) };
            if is_empty(self.head.get(line..).unwrap_or_default()) {
                let head = std::mem::take(&mut self.head);
                // Empty lines before a head are passed over (RFC 9112, section 2.2).
                if line > 0 {
                    return Ok(Some(head));
                }
            }
        }
    }

    /// Reads on in a body. True when it is over.
    fn body(&mut self, rest: &mut &[u8]) -> Result<bool, Stopped> {
        match self.body {
            Body::None => {}
            Body::UntilEnd => *rest = &[],
            Body::Bytes(left) | Body::Chunk(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                *rest = rest.get(here..).unwrap_or_default();
                let left = left - here as u64;
                self.body = match self.body {
                    Body::Chunk(_) if left == 0 => Body::ChunkLine,
                    Body::Chunk(_) => Body::Chunk(left),
                    _ if left == 0 => Body::None,
                    _ => Body::Bytes(left),
                };
            }
            Body::ChunkLine => {
                if take_line(&mut self.head, rest, CHUNK_LINE_MOST)?.is_some() {
                    let line = std::mem::take(&mut self.head);
                    let digits = line.split(|it| matches!(it, b';' | b'\r' | b'\n')).next().unwrap_or_default();
                    let digits = std::str::from_utf8(digits).map_err(|_| Stopped::NotUnderstood)?;
                    let length = u64::from_str_radix(digits.trim(), 16).map_err(|_| Stopped::NotUnderstood)?;
                    let with_end = length.checked_add(2).ok_or(Stopped::NotUnderstood)?;
                    self.body = if length == 0 { Body::Trailer } else { Body::Chunk(with_end) };
                }
            }
            Body::Trailer => {
                if take_line(&mut self.head, rest, CHUNK_LINE_MOST)?.is_some()
                    && is_empty(&std::mem::take(&mut self.head))
                {
                    self.body = Body::None;
                }
            }
        }
        Ok(self.body == Body::None)
    }
}

/// Takes bytes up to the end of the next line. When that is there: where the line begins.
fn take_line(to: &mut Vec<u8>, rest: &mut &[u8], most: usize) -> Result<Option<usize>, Stopped> {
    let end = rest.iter().position(|it| *it == b'\n');
    let (now, later) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
    if to.len() + now.len() > most {
        return Err(Stopped::NotUnderstood);
    }
    let begins =
        if to.ends_with(b"\n") { to.len() } else { to.iter().rposition(|it| *it == b'\n').map_or(0, |at| at + 1) };
    to.extend_from_slice(now);
    *rest = later;
    Ok(end.map(|_| begins))
}

fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\r\n" | b"\n")
}

fn field<'a>(fields: &[httparse::Header<'a>], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|it| it.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(found.value).ok().map(str::trim)
}

/// How long a body is by its head, or what it is when that does not say.
fn length(fields: &[httparse::Header<'_>], otherwise: Body) -> Body {
    if field(fields, "transfer-encoding").is_some_and(|it| it.to_ascii_lowercase().contains("chunked")) {
        return Body::ChunkLine;
    }
    match field(fields, "content-length").and_then(|it| it.parse().ok()) {
        Some(0) => Body::None,
        Some(bytes) => Body::Bytes(bytes),
        None => otherwise,
    }
}
