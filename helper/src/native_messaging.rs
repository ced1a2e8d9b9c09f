//! Messages to and from the browser over standard input and output: a length, then JSON.
//!
//! Blocking streams, so each has a thread of its own. Nothing else in this mode may write to standard output.

use std::io::{self, Read, Write};

use native_messaging::host::{MAX_FROM_BROWSER, NmError, decode_message_opt, encode_message, send_frame};
use serde::Deserialize;
use tokio::sync::mpsc;
use tracing::{error, warn};
use wire::helper_messages::{ExtensionMessage, HelperError, HelperMessage};
use wire::limits::NATIVE_MESSAGE_BYTES;

/// Messages that may wait in either direction.
const WAITING_MESSAGES: usize = 256;

/// What came from the browser.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    /// A message.
    Message(Box<ExtensionMessage>),
    /// Something else. When it can be told whose request it was, that one is answered.
    Garbage {
        /// Page and request number.
        asker: Option<(u32, u32)>,
        /// What is wrong with it.
        error: HelperError,
    },
}

/// Reads from the browser on a thread; the channel ends when the browser is gone.
///
/// # Errors
/// When there can be no thread.
pub fn read_from(mut input: impl Read + Send + 'static) -> io::Result<mpsc::Receiver<Incoming>> {
    let (sender, receiver) = mpsc::channel(WAITING_MESSAGES);
    std::thread::Builder::new().name("from-browser".into()).spawn(move || {
        while let Some(incoming) = next(&mut input) {
            if sender.blocking_send(incoming).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver)
}

/// Writes to the browser on a thread.
///
/// # Errors
/// When there can be no thread.
pub fn write_to(mut output: impl Write + Send + 'static) -> io::Result<mpsc::Sender<HelperMessage>> {
    let (sender, mut receiver) = mpsc::channel(WAITING_MESSAGES);
    std::thread::Builder::new().name("to-browser".into()).spawn(move || {
        while let Some(message) = receiver.blocking_recv() {
            match encode_message(&message) {
                Ok(frame) => {
                    if let Err(problem) = send_frame(&mut output, &frame) {
                        warn!("the browser does not listen any more: {problem}");
                        break;
                    }
                }
                Err(problem) => error!("a message for the browser could not be written: {problem}"),
            }
        }
    })?;
    Ok(sender)
}

/// The next message; none when the browser is gone, or what it sends cannot be told apart any more.
pub fn next(input: &mut impl Read) -> Option<Incoming> {
    match decode_message_opt(input, MAX_FROM_BROWSER) {
        Ok(Some(text)) => Some(understand(&text)),
        Ok(None) => None,
        Err(NmError::IncomingNotUtf8(_)) => Some(garbage(None, "it is not UTF-8")),
        Err(problem) => {
            warn!("reading from the browser ended: {problem}");
            None
        }
    }
}

fn understand(text: &str) -> Incoming {
    if text.len() > NATIVE_MESSAGE_BYTES {
        // Not even parsed: whoever sends that much does not wait for the answer of a page.
        return garbage(None, &format!("it has {} bytes, and {NATIVE_MESSAGE_BYTES} are allowed", text.len()));
    }
    match serde_json::from_str(text) {
        Ok(message) => Incoming::Message(Box::new(message)),
        Err(problem) => {
            #[derive(Deserialize)]
            struct Asker {
                page: u32,
                id: u32,
            }
            let asker = serde_json::from_str::<Asker>(text).ok().map(|it| (it.page, it.id));
            garbage(asker, &problem.to_string())
        }
    }
}

fn garbage(asker: Option<(u32, u32)>, detail: &str) -> Incoming {
    Incoming::Garbage { asker, error: HelperError::BadMessage { detail: detail.into() } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::helper_messages::{HelperReply, HelperRequest};

    fn framed(bytes: &[u8]) -> Vec<u8> {
        let mut frame = u32::try_from(bytes.len()).unwrap().to_ne_bytes().to_vec();
        frame.extend_from_slice(bytes);
        frame
    }

    fn all(input: &[u8]) -> Vec<Incoming> {
        let mut input = input;
        std::iter::from_fn(|| next(&mut input)).collect()
    }

    fn hello() -> ExtensionMessage {
        ExtensionMessage {
            origin: "https://gate.example".into(),
            page: 3,
            id: 4,
            extension_version: "0.1.0".into(),
            request: HelperRequest::Hello { protocol: 1 },
        }
    }

    #[test]
    fn messages_are_read_one_after_the_other() {
        let frame = framed(&serde_json::to_vec(&hello()).unwrap());
        let read = all(&[frame.clone(), frame].concat());
        assert_eq!(read, [Incoming::Message(Box::new(hello())), Incoming::Message(Box::new(hello()))]);
    }

    #[test]
    fn garbage_between_messages_is_told_and_skipped() {
        let good = framed(&serde_json::to_vec(&hello()).unwrap());
        let unknown = framed(br#"{"origin":"x","page":1,"id":2,"extension_version":"","request":{"type":"dance"}}"#);
        let read = all(&[framed(b"{"), framed(b""), framed(&[0xff, 0xfe]), unknown, good].concat());
        assert_eq!(read.len(), 5);
        for incoming in &read[..3] {
            assert!(matches!(incoming, Incoming::Garbage { asker: None, .. }), "{incoming:?}");
        }
        assert!(matches!(read[3], Incoming::Garbage { asker: Some((1, 2)), .. }));
        assert!(matches!(read[4], Incoming::Message(_)));
    }

    #[test]
    fn a_message_that_is_too_large_is_refused_and_the_next_is_read() {
        let mut large = hello();
        large.extension_version = "x".repeat(NATIVE_MESSAGE_BYTES);
        let good = framed(&serde_json::to_vec(&hello()).unwrap());
        let read = all(&[framed(&serde_json::to_vec(&large).unwrap()), good].concat());
        assert!(
            matches!(&read[0], Incoming::Garbage { error: HelperError::BadMessage { detail }, .. } if detail.contains("bytes"))
        );
        assert!(matches!(read[1], Incoming::Message(_)));
    }

    #[test]
    fn what_cannot_be_told_apart_ends_the_reading() {
        assert_eq!(all(b""), []);
        assert_eq!(all(&[1, 0]), []);
        assert_eq!(all(&framed(b"{\"a\":1}")[..8]), []);
        assert_eq!(all(&u32::MAX.to_ne_bytes()), []);
    }

    #[test]
    fn what_is_written_is_framed() {
        let (sender, receiver) = std::sync::mpsc::channel();
        struct Pipe(std::sync::mpsc::Sender<u8>);
        impl Write for Pipe {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                bytes.iter().for_each(|byte| self.0.send(*byte).unwrap());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let browser = write_to(Pipe(sender)).unwrap();
        let message = HelperMessage::Reply { page: 1, id: 2, reply: HelperReply::Done, open_sessions: 0 };
        browser.blocking_send(message.clone()).unwrap();
        drop(browser);
        let written: Vec<u8> = receiver.iter().collect();
        assert_eq!(written, framed(&serde_json::to_vec(&message).unwrap()));
    }
}
