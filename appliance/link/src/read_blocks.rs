//! Blocks of memory that sockets are read into, used again and again.
//!
//! What was read waits for the other end in the very block, and a whole window of blocks comes free at a time. An allocator
//! gives so much back to the kernel, which clears every page anew for the next read.

use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use wire::stream::frame::FULL_PAYLOAD;

/// Bytes of a block: two full frames.
pub(crate) const BLOCK_BYTES: usize = 2 * FULL_PAYLOAD;
/// Fewer than this are copied out, so that a few kept bytes do not keep all of a block.
const WORTH_A_BLOCK: usize = BLOCK_BYTES / 2;
/// Free blocks that are kept, about 4 MiB.
const FREE_MOST: usize = 64;

static FREE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// A block in use; it goes back when nobody has its bytes any more.
struct Block(Vec<u8>);

impl Block {
    fn take() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self(free.unwrap_or_else(|| Vec::with_capacity(BLOCK_BYTES)))
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut block = std::mem::take(&mut self.0);
        block.clear();
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < FREE_MOST {
            free.push(block);
        }
    }
}

/// Lets `read` append to an empty block of [`BLOCK_BYTES`], and takes the bytes out of it.
///
/// # Errors
/// Those of `read`.
pub(crate) fn read_into_block(read: impl FnOnce(&mut Vec<u8>) -> io::Result<usize>) -> io::Result<Bytes> {
    let mut block = Block::take();
    read(&mut block.0)?;
    if block.0.len() < WORTH_A_BLOCK {
        return Ok(Bytes::copy_from_slice(&block.0));
    }
    Ok(Bytes::from_owner(block))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(count: usize) -> Bytes {
        read_into_block(|block| {
            assert!(block.is_empty() && block.capacity() >= BLOCK_BYTES);
            block.resize(count, 7);
            Ok(count)
        })
        .unwrap()
    }

    #[test]
    fn bytes_outlive_the_use_of_other_blocks() {
        let kept: Vec<Bytes> = [0, 1, WORTH_A_BLOCK, BLOCK_BYTES].map(fill).into();
        drop(fill(BLOCK_BYTES));
        let other = read_into_block(|block| {
            block.resize(BLOCK_BYTES, 8);
            Ok(BLOCK_BYTES)
        });
        assert!(other.unwrap().iter().all(|byte| *byte == 8));
        assert_eq!(kept.iter().map(Bytes::len).collect::<Vec<_>>(), [0, 1, WORTH_A_BLOCK, BLOCK_BYTES]);
        assert!(kept.iter().flatten().all(|byte| *byte == 7));
    }

    #[test]
    fn free_blocks_are_kept_and_no_more_than_set() {
        drop([(); 2 * FREE_MOST].map(|()| fill(BLOCK_BYTES)));
        // Other tests may have taken a few.
        let kept = FREE.lock().unwrap().len();
        assert!((FREE_MOST / 2..=FREE_MOST).contains(&kept), "{kept}");
    }

    #[test]
    fn a_failed_read_is_told() {
        let failed = read_into_block(|_| Err(io::ErrorKind::WouldBlock.into()));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
