//! Bytes as choices: small numbers come up often, so that frames meet the connections they are for.

use bytes::{BufMut, Bytes, BytesMut};
use wire::stream::frame::HEADER_BYTES;

/// Takes choices off a fuzzer's bytes; zeros when there are no more.
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// All of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether there are no more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// A number: mostly small, sometimes near a border.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            255 => 1 << 62,
            254 => u64::MAX - u64::from(self.byte()),
            253 => u64::from(self.byte()) << 24,
            252 => u64::from(self.byte()) << 10,
            small => u64::from(small),
        }
    }

    /// At most `most` bytes, as they stand.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(most.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// One frame, mostly a sound one.
    pub fn frame(&mut self) -> Bytes {
        const KINDS: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 3, 5, 6];
        let choice = self.byte();
        let kind = KINDS[usize::from(choice & 15)];
        let flags = choice >> 6;
        let is_of_the_link = matches!(kind, 7 | 8 | 16 | 17 | 19);
        let stream = if is_of_the_link { 0 } else { 1 + u32::from(self.byte() % 8) };
        let offset = self.number();
        let payload = match kind {
            6 | 18 => self.number().to_be_bytes().to_vec(),
            17 => u32::from(self.byte() % 10).to_be_bytes().to_vec(),
            1 | 3 | 5 => {
                let length = usize::from(self.byte());
                self.bytes(length).to_vec()
            }
            _ => Vec::new(),
        };
        let mut out = BytesMut::with_capacity(HEADER_BYTES + payload.len());
        out.put_u8(kind);
        out.put_u8(flags);
        out.put_u16(u16::from(self.byte() % 4));
        out.put_u32(stream);
        out.put_u64(offset);
        out.put_u32(u32::try_from(payload.len()).unwrap_or(u32::MAX));
        out.put_slice(&payload);
        out.freeze()
    }
}
