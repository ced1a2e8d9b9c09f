//! One side's bytes cut into messages whose header says how long they are. Of a long message the beginning is kept.

/// Bytes of a message that are kept.
const KEPT: usize = 8 * 1024;

/// How a language's messages begin.
pub(super) trait Header {
    /// Bytes of the header, as far as the message that comes next is known.
    fn length(&self) -> usize;
    /// Bytes that follow a header; none when it cannot be one.
    fn body(&self, header: &[u8]) -> Option<u64>;
}

/// A whole message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) header: &'a [u8],
    /// Its beginning.
    pub(super) body: &'a [u8],
    /// Bytes of all of it, the header included.
    pub(super) bytes: u64,
}

/// What has come of a message.
#[derive(Debug, Default)]
pub(super) struct Messages {
    header: Vec<u8>,
    body: Vec<u8>,
    /// Bytes of the body that are still to come; none while the header is not whole.
    left: Option<u64>,
    bytes: u64,
}

/// It is no message.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoMessage;

impl Messages {
    /// Takes bytes off `rest` up to the end of the next message. None when that has not come.
    pub(super) fn next<'a>(&'a mut self, rest: &mut &[u8], by: &impl Header) -> Result<Option<Message<'a>>, NoMessage> {
        if self.left == Some(0) {
            // It was handed out last time.
            *self = Self::default();
        }
        let left = match self.left {
            Some(left) => left,
            None => {
                let missing = by.length().saturating_sub(self.header.len()).min(rest.len());
                let (now, later) = rest.split_at(missing);
                self.header.extend_from_slice(now);
                *rest = later;
                if self.header.len() < by.length() {
                    return Ok(None);
                }
                let left = by.body(&self.header).ok_or(NoMessage)?;
                self.bytes = self.header.len() as u64 + left;
                left
            }
        };
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let (now, later) = rest.split_at(here);
        let room = KEPT - self.body.len();
        self.body.extend_from_slice(now.get(..room).unwrap_or(now));
        *rest = later;
        let left = left - here as u64;
        self.left = Some(left);
        let is_whole = left == 0;
        Ok(is_whole.then_some(Message { header: &self.header, body: &self.body, bytes: self.bytes }))
    }
}
