use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::{Stream, stream};
use wire::audit::{ExportHeader, ExportLine, FORMAT, Head, Place};

use super::Audit;
use crate::clock::now;
use crate::store::{Store, StoreError};

/// Events that are read at once.
const PAGE: u64 = 500;

/// An export on its way: it goes as far as the chain did when it began.
struct Export {
    store: Store,
    header: Option<ExportHeader>,
    last: u64,
    until: u64,
    heads: VecDeque<Head>,
    is_over: bool,
}

impl Audit {
    /// The trail behind an event as a file, piece by piece; none when there is no such event.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn export(
        &self,
        appliance: &str,
        after: u64,
    ) -> Result<Option<impl Stream<Item = Result<Bytes, StoreError>> + use<>>, StoreError> {
        let until = self.signed_end().await?;
        let start = match after {
            0 => Place::default(),
            after => match self.store.audit_place(after).await? {
                Some(place) => place,
                None => return Ok(None),
            },
        };
        let header = ExportHeader {
            format: FORMAT.into(),
            appliance: appliance.to_owned(),
            exported_at: now(),
            public_key: self.key(),
            start,
            until: until.clone(),
        };
        // Heads that the trail was found not to fit to belong to it: whoever verifies it has to find the same.
        let mut heads = self.store.audit_heads_after(after).await?;
        heads.extend(self.findings().into_iter().filter_map(|it| it.head).filter(|it| it.sequence > after));
        heads.extend(until.clone());
        heads.sort_by_key(|it| (it.sequence, it.at));
        heads.dedup();
        let export = Export {
            store: self.store.clone(),
            header: Some(header),
            last: after,
            until: until.map_or(0, |it| it.sequence),
            heads: heads.into(),
            is_over: false,
        };
        Ok(Some(stream::try_unfold(export, |mut export| async move {
            let piece = export.next().await?;
            Ok((!piece.is_empty()).then(|| (Bytes::from(piece), export)))
        })))
    }
}

impl Export {
    /// The next lines; nothing at the end.
    async fn next(&mut self) -> Result<Vec<u8>, StoreError> {
        let mut lines = Vec::new();
        if let Some(header) = self.header.take() {
            put(&mut lines, ExportLine::Header(Box::new(header)));
        }
        if self.is_over {
            return Ok(lines);
        }
        let events = self.store.audit_events_after(self.last, PAGE).await?;
        self.is_over = events.is_empty();
        for (sequence, read) in events {
            if sequence > self.until {
                self.is_over = true;
                break;
            }
            self.last = sequence;
            match read {
                Ok(it) => put(&mut lines, ExportLine::Event(Box::new(it))),
                // It is missing in the file, and whoever verifies that is told so.
                Err(error) => tracing::error!(sequence, error = %error, "an audit event cannot be read"),
            }
            while self.heads.front().is_some_and(|it| it.sequence <= sequence) {
                if let Some(head) = self.heads.pop_front() {
                    put(&mut lines, ExportLine::Head(head));
                }
            }
        }
        if self.is_over {
            self.heads.drain(..).for_each(|head| put(&mut lines, ExportLine::Head(head)));
        }
        Ok(lines)
    }
}

fn put(lines: &mut Vec<u8>, line: ExportLine) {
    lines.extend_from_slice(&line.written());
    lines.push(b'\n');
}
