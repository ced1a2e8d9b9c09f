//! Small servers in this process, for what a packaged server does not show.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use socket2::{Domain, Socket, Type};

/// Sends back what it gets, and ends when the other side does.
pub struct Echo(Server);

impl Echo {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is none.
    pub fn start() -> Result<Self> {
        Server::start(|mut stream| {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => break,
                    Ok(read) if stream.write_all(&bytes[..read]).is_err() => break,
                    Ok(_) => {}
                }
            }
            let _ = stream.shutdown(Shutdown::Write);
        })
        .map(Self)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.address.port()
    }
}

/// A web page, the same for every path.
pub struct Page(Server);

impl Page {
    /// Starts it on a free port of 127.0.0.1 with this HTML.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(html: &str) -> Result<Self> {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{html}",
            html.len()
        );
        Server::start(move |mut stream| {
            let mut request = Vec::new();
            let mut bytes = [0; 4096];
            // A request for a page is a head and nothing more.
            while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < 64 * 1024 {
                match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => return,
                    Ok(read) => request.extend_from_slice(&bytes[..read]),
                }
            }
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.shutdown(Shutdown::Write);
        })
        .map(Self)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.address.port()
    }
}

/// Accepts connections and says nothing; counts how many are open.
pub struct Silent(Server);

impl Silent {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is none.
    pub fn start() -> Result<Self> {
        Server::start(|mut stream| {
            let mut bytes = [0; 4096];
            while matches!(stream.read(&mut bytes), Ok(read) if read > 0) {}
        })
        .map(Self)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.address.port()
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.streams.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A port that does not answer: its queue of connections to accept is full, so the system drops what else comes.
pub struct Mute {
    listener: Socket,
    _queue: Vec<TcpStream>,
}

impl Mute {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When the queue cannot be filled.
    pub fn start() -> Result<Self> {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        listener.listen(0)?;
        let address = local_address(&listener)?;
        let mut queue = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queue.push(stream);
            ensure!(queue.len() < 100, "the queue of {address} does not fill");
        }
        Ok(Self { listener, _queue: queue })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        local_address(&self.listener).map_or(0, |address| address.port())
    }
}

fn local_address(socket: &Socket) -> Result<SocketAddr> {
    socket.local_addr()?.as_socket().context("a TCP socket has an address")
}

/// Takes bytes until the other side finishes, then answers with how many there were and their SHA-256; or, when the first
/// byte asks for it, sends as many as it is asked for.
///
/// A request is `u` and the bytes, or `d` and the number of bytes (8 bytes, big endian). The answer to `u` is the count (8 bytes)
/// and the hash (32 bytes); the answer to `d` the bytes of [`Gauge::pattern`].
pub struct Gauge(Server);

impl Gauge {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is none.
    pub fn start() -> Result<Self> {
        Server::start(|mut stream| {
            // A client that goes away in between is the test's own affair.
            let _ = Self::answer(&mut stream);
        })
        .map(Self)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.address.port()
    }

    fn answer(stream: &mut TcpStream) -> std::io::Result<()> {
        let mut kind = [0; 1];
        stream.read_exact(&mut kind)?;
        if kind == *b"d" {
            let mut count = [0; 8];
            stream.read_exact(&mut count)?;
            Self::pattern(u64::from_be_bytes(count), |bytes| stream.write_all(bytes))?;
            return stream.shutdown(Shutdown::Write);
        }
        let (count, hash) = Self::hash(stream)?;
        stream.write_all(&count.to_be_bytes())?;
        stream.write_all(&hash)?;
        stream.shutdown(Shutdown::Write)
    }

    /// Sends `count` bytes to a gauge at `to`, half closes, and compares count and hash with what the gauge says it got.
    ///
    /// # Errors
    /// When they differ, or the connection breaks.
    pub fn send_to(to: SocketAddr, count: u64) -> Result<()> {
        let mut stream = connect(to)?;
        stream.write_all(b"u")?;
        let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        Self::pattern(count, |bytes| {
            hash.update(bytes);
            stream.write_all(bytes)
        })?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let expected = [&count.to_be_bytes()[..], hash.finish().as_ref()].concat();
        ensure!(answer == expected, "{count} bytes were sent, and others arrived");
        Ok(())
    }

    /// Has a gauge at `from` send `count` bytes, and compares count and hash with what was asked for.
    ///
    /// # Errors
    /// When they differ, or the connection breaks.
    pub fn fetch_from(from: SocketAddr, count: u64) -> Result<()> {
        let mut stream = connect(from)?;
        stream.write_all(b"d")?;
        stream.write_all(&count.to_be_bytes())?;
        let (received, hash) = Self::hash(&mut stream)?;
        let mut expected = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        Self::pattern(count, |bytes| {
            expected.update(bytes);
            Ok(())
        })?;
        ensure!(received == count && hash == expected.finish().as_ref(), "{received} of {count} bytes, or others");
        Ok(())
    }

    /// Counts and hashes what `from` gives until its end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn hash(from: &mut impl Read) -> std::io::Result<(u64, Vec<u8>)> {
        let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        let mut count = 0;
        let mut bytes = vec![0; 256 * 1024];
        loop {
            match from.read(&mut bytes)? {
                0 => return Ok((count, hash.finish().as_ref().to_vec())),
                read => {
                    count += read as u64;
                    hash.update(&bytes[..read]);
                }
            }
        }
    }

    /// Gives `count` bytes that do not repeat soon, in pieces, to `take`.
    ///
    /// # Errors
    /// Those of `take`.
    pub fn pattern(count: u64, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
        let mut piece = vec![0; 256 * 1024];
        // Xorshift: cheap, and a lost, doubled or moved piece changes the hash.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut left = count;
        while left > 0 {
            for word in piece.chunks_exact_mut(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_le_bytes());
            }
            let now = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
            take(&piece[..now])?;
            left -= now as u64;
        }
        Ok(())
    }
}

/// How long one read or write of a large transfer may take on a busy machine.
const TRANSFER_LIMIT: Duration = Duration::from_secs(120);

fn connect(to: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(to).with_context(|| format!("connecting to {to}"))?;
    stream.set_read_timeout(Some(TRANSFER_LIMIT))?;
    stream.set_write_timeout(Some(TRANSFER_LIMIT))?;
    Ok(stream)
}

/// Accepts on a thread of its own and serves each connection on another; ends with the value.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    stopping: Arc<AtomicBool>,
    streams: Streams,
    acceptor: Option<JoinHandle<()>>,
}

/// The connections that are served now, so that the end of the server ends them.
type Streams = Arc<Mutex<HashMap<u64, TcpStream>>>;

impl Server {
    pub(super) fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (stopping, streams) = (Arc::new(AtomicBool::new(false)), Streams::default());
        let acceptor = std::thread::spawn({
            let (stopping, streams) = (stopping.clone(), streams.clone());
            move || accept(&listener, &Arc::new(serve), &stopping, &streams)
        });
        Ok(Self { address, stopping, streams, acceptor: Some(acceptor) })
    }
}

fn accept(
    listener: &TcpListener,
    serve: &Arc<impl Fn(TcpStream) + Send + Sync + 'static>,
    stopping: &AtomicBool,
    streams: &Streams,
) {
    for (number, stream) in (0_u64..).zip(listener.incoming()) {
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let _ = stream.set_nodelay(true);
        let Ok(twin) = stream.try_clone() else { continue };
        streams.lock().unwrap_or_else(PoisonError::into_inner).insert(number, twin);
        let (serve, streams) = (serve.clone(), streams.clone());
        std::thread::spawn(move || {
            serve(stream);
            streams.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the acceptor up, so that it sees the end.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        for (_, stream) in self.streams.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gauge_measures_what_it_gets_and_sends() {
        let gauge = Gauge::start().unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, gauge.port())).unwrap();
        stream.write_all(b"uabc").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer[..8], 3_u64.to_be_bytes());
        assert_eq!(answer[8..], Gauge::hash(&mut b"abc".as_slice()).unwrap().1);
    }

    #[test]
    fn the_pattern_has_the_length_it_is_asked_for() {
        let mut seen = Vec::new();
        Gauge::pattern(300_000, |bytes| {
            seen.extend_from_slice(bytes);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen.len(), 300_000);
        assert_ne!(seen[..1000], seen[262_144..263_144]);
    }
}
