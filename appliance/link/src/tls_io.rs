//! How TLS is read and written where links run over it, at both ends alike: a whole message at a time.
//!
//! TLS by itself gives one record of 16 KiB after the other and holds 64 KiB, a little less than a message with its headers.
//! Each piece would be a call into the kernel of its own, and would wake the other side for itself.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::ConnectionCommon;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::TcpStream;

/// Bytes taken from the kernel at once: a message as the ends make it (`FULL_MESSAGE` of the stream protocol), what WebSocket
/// and TLS add to it, and a few small ones behind it.
const READ_AHEAD_BYTES: usize = 80 * 1024;
/// Bytes that WebSocket takes from TLS at a time. It clears as many before each look, whether something is there or not; with a
/// whole message, that was a twentieth of what a keystroke cost.
pub const WEBSOCKET_READ_BYTES: usize = 16 * 1024;
/// Bytes that TLS holds unwritten: as much, and the rest of the message before it.
const HELD_BYTES: usize = 128 * 1024;
/// Bytes that may wait in the kernel before the link is full.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;

/// Makes a connection ready to carry TLS. What waits in the kernel cannot be overtaken any more, a keystroke would wait behind
/// it, so little waits there.
#[must_use]
pub fn under_tls(tcp: TcpStream) -> BufReader<TcpStream> {
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(&tcp).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!("TCP_NOTSENT_LOWAT could not be set: {error}");
    }
    BufReader::with_capacity(READ_AHEAD_BYTES, tcp)
}

/// Lets TLS hold a whole message.
pub fn hold_a_message<T>(tls: &mut ConnectionCommon<T>) {
    tls.set_buffer_limit(Some(HELD_BYTES));
}

/// TLS from which each read takes all that is there, not one record.
#[derive(Debug)]
pub struct WholeReads<S>(S);

impl<S> WholeReads<S> {
    /// Reads `tls` so.
    pub fn new(tls: S) -> Self {
        Self(tls)
    }

    /// The TLS itself.
    pub fn get_ref(&self) -> &S {
        &self.0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WholeReads<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            let now = buffer.filled().len();
            match Pin::new(&mut self.0).poll_read(cx, buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > now && buffer.remaining() > 0 => {}
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                // What came before counts; an error shows again, or as the end, at the next read.
                _ if now > before => return Poll::Ready(Ok(())),
                nothing => return nothing,
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WholeReads<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Gives three bytes a read, then is done, fails or has nothing more for now.
    struct Records(Vec<u8>, fn() -> Poll<io::Result<()>>);

    impl AsyncRead for Records {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if self.0.is_empty() {
                return self.1();
            }
            let count = self.0.len().min(3).min(buffer.remaining());
            buffer.put_slice(&self.0.drain(..count).collect::<Vec<_>>());
            Poll::Ready(Ok(()))
        }
    }

    async fn read(then: fn() -> Poll<io::Result<()>>, room: usize) -> (Vec<u8>, io::Result<usize>) {
        let mut it = WholeReads::new(Records((0..10).collect(), then));
        let mut buffer = vec![0; room];
        let count = it.read(&mut buffer).await.unwrap();
        buffer.truncate(count);
        (buffer, it.read(&mut [0; 100]).await)
    }

    #[tokio::test]
    async fn a_read_takes_all_that_is_there() {
        let (first, then) = read(|| Poll::Ready(Ok(())), 100).await;
        assert_eq!((first, then.unwrap()), ((0..10).collect(), 0));
    }

    #[tokio::test]
    async fn a_read_takes_no_more_than_there_is_room_for() {
        let (first, then) = read(|| Poll::Ready(Ok(())), 4).await;
        assert_eq!((first, then.unwrap()), (vec![0, 1, 2, 3], 6));
    }

    #[tokio::test]
    async fn an_error_comes_behind_the_bytes() {
        let (first, then) = read(|| Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())), 100).await;
        assert_eq!(first, (0..10).collect::<Vec<u8>>());
        assert_eq!(then.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn what_is_there_is_not_kept_back_until_there_is_more() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut it = WholeReads::new(near);
        far.write_all(b"abc").await.unwrap();
        let mut buffer = [0; 10];
        assert_eq!(it.read(&mut buffer).await.unwrap(), 3);
        far.write_all(b"de").await.unwrap();
        assert_eq!(it.read(&mut buffer).await.unwrap(), 2);
    }
}
