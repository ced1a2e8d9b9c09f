//! Sessions and reports as files: CSV for spreadsheets, in which nothing is calculated, and JSON lines.

use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use wire::Timestamp;
use wire::api::{LastUseRow, ReachRow, ReviewedSession, UsageRow};

use crate::jump::items_csv::cell::guarded;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values with commas between them: UTF-8 with a byte order mark, CR LF.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the file could not be written")]
pub struct NotWritten(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<csv::Error> for NotWritten {
    fn from(error: csv::Error) -> Self {
        Self(error.into())
    }
}

impl From<serde_json::Error> for NotWritten {
    fn from(error: serde_json::Error) -> Self {
        Self(error.into())
    }
}

/// Something that stands in a line of a CSV file.
pub trait Line: Serialize {
    /// The names of the columns.
    const COLUMNS: &'static [&'static str];

    /// The cells, as many.
    fn cells(&self) -> Vec<String>;
}

impl Format {
    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson",
        }
    }

    /// What names of such files end with.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    /// What stands before the lines.
    ///
    /// # Errors
    /// When memory cannot be written to, which does not happen.
    pub fn head<L: Line>(self) -> Result<Vec<u8>, NotWritten> {
        let mut bytes = Vec::new();
        if self == Self::Csv {
            bytes.extend_from_slice(BYTE_ORDER_MARK);
            put(&mut bytes, L::COLUMNS.iter().map(|it| (*it).to_owned()))?;
        }
        Ok(bytes)
    }

    /// These lines.
    ///
    /// # Errors
    /// See above.
    pub fn lines<'a, L: Line + 'a>(self, lines: impl IntoIterator<Item = &'a L>) -> Result<Vec<u8>, NotWritten> {
        let mut bytes = Vec::new();
        for line in lines {
            match self {
                Self::Csv => put(&mut bytes, line.cells().into_iter().map(|it| guarded(&it)))?,
                Self::JsonLines => {
                    serde_json::to_writer(&mut bytes, line)?;
                    bytes.push(b'\n');
                }
            }
        }
        Ok(bytes)
    }

    /// A whole file.
    ///
    /// # Errors
    /// See above.
    pub fn whole<L: Line>(self, lines: &[L]) -> Result<Vec<u8>, NotWritten> {
        let mut bytes = self.head::<L>()?;
        bytes.extend(self.lines(lines)?);
        Ok(bytes)
    }
}

fn put(bytes: &mut Vec<u8>, cells: impl Iterator<Item = String>) -> Result<(), csv::Error> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(bytes);
    writer.write_record(cells)?;
    Ok(writer.flush()?)
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// With the zone, as everywhere in files.
fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|it| it.to_string()).unwrap_or_default()
}

fn maybe<T>(it: Option<T>, text: impl Fn(T) -> String) -> String {
    it.map(text).unwrap_or_default()
}

/// The name by which a wire enum travels.
fn name_of(it: &impl Serialize) -> String {
    match serde_json::to_value(it) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

impl Line for ReviewedSession {
    const COLUMNS: &'static [&'static str] = &[
        "session_id",
        "started_at",
        "tunnelling_at",
        "ended_at",
        "seconds",
        "user",
        "address",
        "item",
        "group",
        "hostname",
        "jumpoint",
        "node",
        "state",
        "ended_because",
        "ended_saying",
        "ticket",
        "joined_session_id",
        "connections",
        "bytes_sent",
        "bytes_received",
        "recordings",
        "notes",
        "reviewed_at",
        "reviewed_by",
    ];

    fn cells(&self) -> Vec<String> {
        let it = &self.session;
        vec![
            it.id.to_string(),
            time(it.created_at),
            maybe(it.tunnelling_at, time),
            maybe(it.ended_at, time),
            maybe(it.ended_at, |at| (at.millis_since(it.created_at) / 1_000).to_string()),
            it.user_name.clone(),
            it.user_address.clone(),
            it.item_name.clone(),
            self.group_name.clone().unwrap_or_default(),
            it.hostname.clone(),
            it.jumpoint_name.clone(),
            it.node_hostname.clone().unwrap_or_default(),
            name_of(&it.state),
            maybe(it.end.as_ref(), name_of),
            it.end_message.clone().unwrap_or_default(),
            it.ticket.clone().unwrap_or_default(),
            maybe(it.joined.as_ref(), |joined| joined.session_id.to_string()),
            it.connections_total.to_string(),
            it.bytes_sent.to_string(),
            it.bytes_received.to_string(),
            self.recordings.to_string(),
            self.notes.to_string(),
            maybe(self.reviewed.as_ref(), |mark| time(mark.at)),
            maybe(self.reviewed.as_ref(), |mark| mark.user_name.clone()),
        ]
    }
}

impl Line for UsageRow {
    const COLUMNS: &'static [&'static str] =
        &["id", "name", "sessions", "seconds", "bytes_sent", "bytes_received", "last_at"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone().unwrap_or_default(),
            self.name.clone(),
            self.sessions.to_string(),
            (self.millis / 1_000).to_string(),
            self.bytes_sent.to_string(),
            self.bytes_received.to_string(),
            time(self.last_at),
        ]
    }
}

impl Line for LastUseRow {
    const COLUMNS: &'static [&'static str] =
        &["item_id", "item", "group", "hostname", "created_at", "last_used_at", "last_used_by"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.item_id.to_string(),
            self.item_name.clone(),
            self.group_name.clone(),
            self.hostname.clone(),
            time(self.created_at),
            maybe(self.last_used_at, time),
            self.last_used_by.clone().unwrap_or_default(),
        ]
    }
}

impl Line for ReachRow {
    const COLUMNS: &'static [&'static str] = &[
        "user_id",
        "user_name",
        "name",
        "group_id",
        "group",
        "items",
        "may_start",
        "barred",
        "permissions",
        "jump_policies",
        "because",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.user_id.to_string(),
            self.user_name.clone(),
            self.display_name.clone(),
            self.group_id.to_string(),
            self.group_name.clone(),
            self.items.to_string(),
            if self.may_start { "yes" } else { "no" }.to_owned(),
            self.barred.clone().unwrap_or_default(),
            self.permissions.join("; "),
            self.policies.join("; "),
            self.because.clone(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use wire::JumpItemId;

    use super::*;

    fn usage(name: &str) -> UsageRow {
        UsageRow {
            id: None,
            name: name.into(),
            sessions: 2,
            millis: 61_500,
            bytes_sent: 3,
            bytes_received: 4,
            last_at: Timestamp(1_000),
        }
    }

    #[test]
    fn nothing_in_a_csv_file_is_calculated() {
        let file = Format::Csv.whole(&[usage("=HYPERLINK(\"https://evil\")"), usage("a,b\r\n-1")]).unwrap();
        let text = String::from_utf8(file).unwrap();
        assert_eq!(
            text,
            "\u{feff}id,name,sessions,seconds,bytes_sent,bytes_received,last_at\r\n\
             ,\"'=HYPERLINK(\"\"https://evil\"\")\",2,61,3,4,1970-01-01T00:00:01Z\r\n\
             ,\"a,b\r\n-1\",2,61,3,4,1970-01-01T00:00:01Z\r\n"
        );
    }

    #[test]
    fn json_lines_are_one_object_each() {
        let file = Format::JsonLines.whole(&[usage("a\nb"), usage("c")]).unwrap();
        let text = String::from_utf8(file).unwrap();
        let read: Vec<UsageRow> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(read, [usage("a\nb"), usage("c")]);
    }

    #[test]
    fn every_line_has_a_cell_for_each_column() {
        let never = LastUseRow {
            item_id: JumpItemId(uuid::Uuid::nil()),
            item_name: "db".into(),
            group_name: "Ops".into(),
            hostname: "db".into(),
            created_at: Timestamp(0),
            last_used_at: None,
            last_used_by: None,
        };
        assert_eq!(never.cells().len(), LastUseRow::COLUMNS.len());
        assert_eq!(usage("x").cells().len(), UsageRow::COLUMNS.len());
    }
}
