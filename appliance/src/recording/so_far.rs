//! What has come of a recording that is not complete, as a file that players seek in: what it is now is laid out as if it ended now.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use wire::RecordingId;

use super::webm::{Finished, PartSlice};
use super::{OpenRecording, Recordings, lock};

/// Bytes that are read at once. Chunks that come meanwhile wait.
const AT_ONCE: u64 = 1024 * 1024;
/// Looks that are kept of one recording: a player asks for many parts of one, and all have to fit together.
const LOOKS: usize = 8;

/// What had come of recordings when somebody looked, by the number that whoever looked chose.
pub(super) type LookedAt = VecDeque<(u32, Arc<Finished>)>;

/// What had come of a recording when somebody looked.
pub struct SoFar {
    open: Arc<OpenRecording>,
    file: Arc<Finished>,
}

impl Recordings {
    /// What has come of a recording; the same again for the same look, where one is named. None when nothing of it can be shown, or it is complete.
    pub async fn so_far(&self, id: RecordingId, look: Option<u32>) -> Option<SoFar> {
        let open = self.opened(id)?;
        if let Some((_, file)) = lock(&open.looks).iter().find(|(it, _)| Some(*it) == look) {
            return Some(SoFar { open: open.clone(), file: file.clone() });
        }
        let found = open.capture.lock().await.scan.found().clone();
        let file = Arc::new(Finished::of(&found, None).ok()?);
        if let Some(look) = look {
            let mut looks = lock(&open.looks);
            looks.push_back((look, file.clone()));
            while looks.len() > LOOKS {
                looks.pop_front();
            }
        }
        Some(SoFar { open, file })
    }
}

impl SoFar {
    /// Bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.file.len()
    }

    /// These bytes of it, piece by piece.
    pub fn read(self, wanted: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        futures_util::stream::try_unfold((self, wanted), |(it, left)| async move {
            if left.is_empty() {
                return Ok(None);
            }
            let now = left.start..left.end.min(left.start + AT_ONCE);
            let rest = now.end..left.end;
            let bytes = it.part(now).await.inspect_err(|error| {
                tracing::error!(recording.id = %it.open.id, error = %error, "what has come of a recording cannot be given out");
            })?;
            Ok(Some((bytes, (it, rest))))
        })
    }

    async fn part(&self, wanted: Range<u64>) -> io::Result<Bytes> {
        let capture = self.open.capture.clone().lock_owned().await;
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            for slice in file.slice(wanted) {
                match slice {
                    PartSlice::New(new) => bytes.extend_from_slice(new),
                    PartSlice::Source { offset, len } => capture.spool.read(offset, len, |piece| {
                        bytes.extend_from_slice(piece);
                        Ok(())
                    })?,
                }
            }
            Ok(Bytes::from(bytes))
        });
        read.await.map_err(io::Error::other)?
    }
}
