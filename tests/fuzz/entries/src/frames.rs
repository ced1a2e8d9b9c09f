//! One message as frames.

use bytes::{BufMut, Bytes, BytesMut};
use wire::stream::frame;

/// What is understood can be written again, byte for byte; nothing is left over and nothing is made up.
pub fn stream_frames(bytes: &[u8]) {
    let mut message = Bytes::copy_from_slice(bytes);
    let mut again = BytesMut::new();
    loop {
        match frame::next(&mut message) {
            Ok(Some(frame)) => {
                assert_eq!(frame.header.length as usize, frame.payload.len());
                frame.header.write(&mut again);
                again.put_slice(&frame.payload);
                // What the payloads hold is read without harm.
                let _ = (frame.highest_stream(), frame.credit_limit(), frame.reset_reason());
                assert!(frame.reset_detail().len() <= 3 * frame.payload.len());
            }
            Ok(None) => {
                assert_eq!(&again[..], bytes, "a message is more than its frames");
                return;
            }
            Err(_) => {
                assert!(bytes.starts_with(&again), "frames came out of nothing");
                return;
            }
        }
    }
}
