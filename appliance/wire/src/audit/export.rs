use serde::{Deserialize, Serialize};

use super::{AuditEvent, AuditKey, Break, Broken, ChainHash, Head, Verified, Verifier, canonical};
use crate::Timestamp;

/// The only format there is.
pub const FORMAT: &str = "sallyport-audit-1";
/// The longest line.
pub const LINE_BYTES: usize = 4 * 1024 * 1024;

/// A place of the chain: behind an event, or at its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The event; 0: the beginning.
    pub sequence: u64,
    /// Its hash.
    pub hash: ChainHash,
}

impl Default for Place {
    fn default() -> Self {
        Self { sequence: 0, hash: ChainHash::ZERO }
    }
}

/// The first line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportHeader {
    /// [`FORMAT`].
    pub format: String,
    /// The appliance's public address.
    pub appliance: String,
    /// When it was made.
    pub exported_at: Timestamp,
    /// The key that heads were signed with. Whoever does not trust where the file comes from compares it with what the appliance
    /// shows.
    pub public_key: AuditKey,
    /// What it begins behind.
    pub start: Place,
    /// How far it goes; none: there was nothing.
    pub until: Option<Head>,
}

/// An event with its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkedEvent {
    /// The event.
    pub event: AuditEvent,
    /// Its hash.
    pub hash: ChainHash,
}

/// A line of an export: JSON, the header first, then events in order, each head right behind the event it covers.
#[derive(Clone, Debug, PartialEq)]
pub enum ExportLine {
    /// `{"header":…}`
    Header(Box<ExportHeader>),
    /// `{"event":…,"hash":…}`, where the event is written as its canonical bytes.
    Event(Box<LinkedEvent>),
    /// `{"head":…}`
    Head(Head),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Parts {
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<ExportHeader>,
    #[serde(skip_serializing)]
    event: Option<AuditEvent>,
    #[serde(skip_serializing)]
    hash: Option<ChainHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Head>,
}

impl ExportLine {
    /// The line without its line feed.
    #[must_use]
    pub fn written(self) -> Vec<u8> {
        let parts = match self {
            Self::Event(it) => return written(&canonical(&it.event), &it.hash),
            Self::Header(header) => Parts { header: Some(*header), ..Parts::default() },
            Self::Head(head) => Parts { head: Some(head), ..Parts::default() },
        };
        serde_json::to_vec(&parts).unwrap_or_default()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let parts: Parts = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        match parts {
            Parts { header: Some(header), event: None, hash: None, head: None } => Ok(Self::Header(Box::new(header))),
            Parts { header: None, event: Some(event), hash: Some(hash), head: None } => {
                Ok(Self::Event(Box::new(LinkedEvent { event, hash })))
            }
            Parts { header: None, event: None, hash: None, head: Some(head) } => Ok(Self::Head(head)),
            _ => Err("a line is a header, an event with its hash, or a head".into()),
        }
    }
}

fn written(canonical: &[u8], hash: &ChainHash) -> Vec<u8> {
    [b"{\"event\":", canonical, b",\"hash\":\"", hash.to_string().as_bytes(), b"\"}"].concat()
}

/// Verifies an export piece by piece, as it comes, and keeps no more of it than a line.
#[derive(Debug, Default)]
pub struct ExportReader {
    /// The only key that is believed; none: the one that the export names.
    key: Option<AuditKey>,
    line: Vec<u8>,
    lines: u64,
    header: Option<ExportHeader>,
    verifier: Option<Verifier>,
    until_seen: bool,
    broken: Option<Broken>,
}

impl ExportReader {
    /// A reader that believes this key alone, or the one that the export names.
    #[must_use]
    pub fn new(key: Option<AuditKey>) -> Self {
        Self { key, ..Self::default() }
    }

    /// The header, once it was read.
    #[must_use]
    pub fn header(&self) -> Option<&ExportHeader> {
        self.header.as_ref()
    }

    /// Events that were read and in order, and how many there are to be.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let Some(header) = &self.header else { return (0, 0) };
        let began = header.start.sequence;
        let done = self.verifier.as_ref().map_or(0, |it| it.last().saturating_sub(began));
        (done, header.until.as_ref().map_or(0, |it| it.sequence.saturating_sub(began)))
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// The first broken link; nothing behind it is looked at.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Broken> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (piece, rest) = (&bytes[..end], &bytes[end + 1..]);
            self.keep(piece)?;
            bytes = rest;
            let line = std::mem::take(&mut self.line);
            self.next(&line).map_err(|broken| self.is_broken(broken))?;
            self.line = line;
            self.line.clear();
        }
        self.keep(bytes)
    }

    fn keep(&mut self, piece: &[u8]) -> Result<(), Broken> {
        if self.line.len() + piece.len() > LINE_BYTES {
            let broken = self.unreadable(format!("the line is longer than {} MiB", LINE_BYTES >> 20));
            return Err(self.is_broken(broken));
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    fn is_broken(&mut self, broken: Broken) -> Broken {
        let broken = Broken { line: Some(broken.line.unwrap_or(self.lines.max(1))), ..broken };
        self.broken = Some(broken.clone());
        broken
    }

    fn unreadable(&self, detail: String) -> Broken {
        let sequence = self.verifier.as_ref().map_or(0, Verifier::last);
        Broken { sequence, what: Break::Unreadable { detail }, line: None }
    }

    fn next(&mut self, line: &[u8]) -> Result<(), Broken> {
        self.lines += 1;
        let read = ExportLine::read(line).map_err(|detail| self.unreadable(detail))?;
        match (read, &mut self.verifier) {
            (ExportLine::Header(header), None) => self.begin(*header),
            (ExportLine::Event(it), Some(verifier)) => {
                let bytes = canonical(&it.event);
                // A line has one form: what a person reads in the file is what was verified.
                if written(&bytes, &it.hash) != line {
                    return Err(self.unreadable("the line is not in the form that the appliance writes".into()));
                }
                verifier.event_of(it.event.sequence, &bytes, &it.hash)
            }
            (ExportLine::Head(head), Some(verifier)) => {
                verifier.head(&head)?;
                self.until_seen |= self.header.as_ref().is_some_and(|it| it.until.as_ref() == Some(&head));
                Ok(())
            }
            (ExportLine::Header(_), Some(_)) => Err(self.unreadable("a second header".into())),
            (_, None) => Err(self.unreadable("the first line is no header".into())),
        }
    }

    fn begin(&mut self, header: ExportHeader) -> Result<(), Broken> {
        if header.format != FORMAT {
            return Err(self.unreadable("the format is not known; a newer version of the program may read it".into()));
        }
        if self.key.is_some_and(|key| key != header.public_key) {
            return Err(self.unreadable("the export names another key than the one that is believed".into()));
        }
        if header.until.as_ref().is_some_and(|until| until.sequence < header.start.sequence) {
            return Err(self.unreadable("the export ends before it begins".into()));
        }
        self.verifier = Some(Verifier::new(header.public_key, header.start.clone()));
        self.header = Some(header);
        Ok(())
    }

    /// There are no more bytes.
    ///
    /// # Errors
    /// The first broken link.
    pub fn finish(mut self) -> Result<Verified, Broken> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        if !self.line.is_empty() {
            let broken = self.unreadable("the last line is not whole".into());
            self.lines += 1;
            return Err(self.is_broken(broken));
        }
        let Some((mut verifier, header)) = self.verifier.take().zip(self.header.take()) else {
            return Err(self.unreadable("there is nothing in it".into()));
        };
        match &header.until {
            Some(until) if !self.until_seen => verifier.head(until)?,
            _ => {}
        }
        verifier.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::tests::an_event;
    use crate::audit::head::tests::{a_key, signed};
    use crate::audit::next_hash;

    fn lines(count: u64) -> Vec<Vec<u8>> {
        let mut last = ChainHash::ZERO;
        let mut lines = vec![Vec::new()];
        for sequence in 1..=count {
            let event = an_event(sequence);
            last = next_hash(&last, &event);
            lines.push(ExportLine::Event(Box::new(LinkedEvent { event, hash: last })).written());
            if sequence % 2 == 0 {
                lines.push(ExportLine::Head(signed(sequence, last)).written());
            }
        }
        let header = ExportHeader {
            format: FORMAT.into(),
            appliance: "https://gate.example".into(),
            exported_at: Timestamp(1),
            public_key: a_key(),
            start: Place::default(),
            until: (count > 0).then(|| signed(count, last)),
        };
        lines[0] = ExportLine::Header(Box::new(header)).written();
        lines
    }

    fn verified(lines: &[Vec<u8>], chunk: usize) -> Result<Verified, Broken> {
        let file: Vec<u8> = lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
        let mut reader = ExportReader::new(Some(a_key()));
        file.chunks(chunk).try_for_each(|piece| reader.push(piece))?;
        reader.finish()
    }

    #[test]
    fn an_export_is_read_in_pieces_of_any_size() {
        for count in [0, 1, 4, 5] {
            for chunk in [1, 7, 1_000_000] {
                let verified = verified(&lines(count), chunk).unwrap();
                assert_eq!((verified.events, verified.unsigned()), (count, 0));
            }
        }
    }

    #[test]
    fn every_line_that_is_left_out_doubled_or_moved_is_found() {
        let whole = lines(5);
        for place in 0..whole.len() {
            let is_head = whole[place].starts_with(b"{\"head\"");
            let mut without = whole.clone();
            without.remove(place);
            // The last head, in the header, covers what the others cover.
            assert_eq!(verified(&without, 100).is_ok(), is_head, "without line {place}");
            let mut twice = whole.clone();
            twice.insert(place, whole[place].clone());
            assert_eq!(verified(&twice, 100).is_ok(), is_head, "line {place} twice");
            if place + 1 < whole.len() {
                let mut swapped = whole.clone();
                swapped.swap(place, place + 1);
                assert!(verified(&swapped, 100).is_err(), "line {place} moved");
            }
        }
    }

    #[test]
    fn every_byte_that_is_changed_is_found() {
        let whole = lines(3);
        for place in 1..whole.len() {
            for at in 0..whole[place].len() {
                let mut changed = whole.clone();
                changed[place][at] ^= 1;
                assert!(verified(&changed, 1_000).is_err(), "line {place}, byte {at}");
            }
        }
        let mut spaced = whole.clone();
        spaced[1].insert(1, b' ');
        assert!(verified(&spaced, 100).unwrap_err().to_string().contains("not in the form"));
        let mut cut = whole.concat();
        cut.truncate(cut.len() - 1);
        let mut reader = ExportReader::new(None);
        assert!(reader.push(b"{\"x").is_ok());
        assert!(reader.finish().unwrap_err().to_string().contains("not whole"));
    }

    #[test]
    fn what_is_no_export_is_told_by_line() {
        let said = |text: &[u8]| {
            let mut reader = ExportReader::new(None);
            let pushed = reader.push(text);
            assert_eq!(pushed.clone().err(), pushed.clone().and_then(|()| reader.push(b"")).err(), "it stays broken");
            pushed.and_then(|()| reader.finish().map(|_| ())).unwrap_err().to_string()
        };
        assert!(said(b"").contains("nothing in it"));
        assert!(said(b"x\n").contains("(line 1)"));
        assert!(said(&[&lines(1)[1][..], b"\n"].concat()).contains("no header"));
        assert!(said(&vec![b'x'; LINE_BYTES + 1]).contains("longer than"));
        let newer = String::from_utf8(lines(0)[0].clone()).unwrap().replace("audit-1", "audit-2");
        assert!(said(format!("{newer}\n").as_bytes()).contains("newer version"));
    }
}
