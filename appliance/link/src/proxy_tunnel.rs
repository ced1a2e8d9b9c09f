//! Asking an HTTP proxy for a connection: CONNECT (RFC 9110, section 9.3.6). Its answer is believed by nobody: what matters
//! is verified by TLS inside the tunnel.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::proxy::{Proxy, ProxyUrlError};
use crate::tcp::{self, ConnectError, Lookups};

/// Why there is no connection through the proxy.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The environment or the system name a proxy that cannot be used.
    #[error("the proxy that the environment or the system names cannot be used: {0}")]
    Unusable(#[from] ProxyUrlError),
    /// The proxy cannot be reached.
    #[error("the proxy {proxy} cannot be reached: {source}")]
    Unreachable {
        /// The proxy.
        proxy: Proxy,
        /// Why not.
        source: ConnectError,
    },
    /// It accepts connections, but does not answer.
    #[error("the proxy {proxy} did not say within {} seconds whether it connects to {target}", .within.as_secs())]
    NoAnswer {
        /// The proxy.
        proxy: Proxy,
        /// What it was asked for, `host:port`.
        target: String,
        /// The time it had.
        within: Duration,
    },
    /// 407, and no name was given.
    #[error(
        "the proxy {proxy} wants a name and a password. Name it as http://NAME:PASSWORD@host:port, with --proxy or in HTTPS_PROXY"
    )]
    WantsPassword {
        /// The proxy.
        proxy: Proxy,
    },
    /// 407, although a name was given.
    #[error("the proxy {proxy} does not accept the name and password that it was given")]
    WrongPassword {
        /// The proxy.
        proxy: Proxy,
    },
    /// 403 and the like: its rules do not allow the connection.
    #[error("the proxy {proxy} refuses to connect to {target} ({status}); whoever runs the proxy has to allow it")]
    Refused {
        /// The proxy.
        proxy: Proxy,
        /// What it was asked for, `host:port`.
        target: String,
        /// HTTP status.
        status: u16,
    },
    /// 502 and the like: it tried.
    #[error("the proxy {proxy} cannot reach {target} ({status})")]
    TargetUnreachable {
        /// The proxy.
        proxy: Proxy,
        /// What it was asked for, `host:port`.
        target: String,
        /// HTTP status.
        status: u16,
    },
    /// Another answer.
    #[error(
        "the proxy {proxy} answered {status} when asked to connect to {target}; it may be a web server and no proxy"
    )]
    OtherAnswer {
        /// The proxy.
        proxy: Proxy,
        /// What it was asked for, `host:port`.
        target: String,
        /// HTTP status.
        status: u16,
    },
    /// No answer of an HTTP proxy at all.
    #[error("the proxy {proxy} does not answer as an HTTP proxy does: {detail}")]
    Malformed {
        /// The proxy.
        proxy: Proxy,
        /// What was seen.
        detail: &'static str,
    },
    /// The connection to it broke.
    #[error("the connection to the proxy {proxy} broke: {source}")]
    Broken {
        /// The proxy.
        proxy: Proxy,
        /// What the system said.
        source: io::Error,
    },
}

impl ProxyError {
    /// Whether asking again may help although nobody changes anything.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Unusable(_) | Self::WantsPassword { .. } | Self::WrongPassword { .. })
    }
}

/// Most bytes of the head of its answer.
const HEAD_BYTES: usize = 16 * 1024;
/// Most header lines of its answer.
const HEADERS: usize = 128;
/// Bytes looked at in one go.
const LOOK_BYTES: usize = 2048;

/// Connects to `host:port` through `proxy`. All of it has to be done at `end`, `within` from its beginning.
///
/// # Errors
/// Why not.
pub async fn connect(
    proxy: &Proxy,
    host: &str,
    port: u16,
    within: Duration,
    end: Instant,
) -> Result<TcpStream, ProxyError> {
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let connected = tcp::connect(proxy.host(), proxy.port(), within, &Lookups::at_most(1)).await;
    let mut stream = connected.map_err(|source| ProxyError::Unreachable { proxy: proxy.clone(), source })?;
    match timeout_at(end, ask(proxy, &target, &mut stream)).await {
        Ok(Ok(status)) => judge(proxy, target, status).map(|()| stream),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ProxyError::NoAnswer { proxy: proxy.clone(), target, within }),
    }
}

/// Sends the request; the status of the answer, of which nothing but the head is read.
async fn ask(proxy: &Proxy, target: &str, stream: &mut TcpStream) -> Result<u16, ProxyError> {
    let broken = |source| ProxyError::Broken { proxy: proxy.clone(), source };
    let malformed = |detail| ProxyError::Malformed { proxy: proxy.clone(), detail };
    stream.write_all(&request(proxy, target)).await.map_err(broken)?;
    let mut head = Vec::new();
    let mut look = [0; LOOK_BYTES];
    loop {
        // What follows the head belongs to the tunnel and stays where it is.
        let seen = stream.peek(&mut look).await.map_err(broken)?;
        if seen == 0 {
            return Err(malformed("it closes the connection without an answer"));
        }
        let before = head.len();
        head.extend_from_slice(&look[..seen]);
        let answer = status_of(&head).map_err(malformed)?;
        let taken = answer.map_or(seen, |(length, _)| length.saturating_sub(before));
        stream.read_exact(&mut look[..taken]).await.map_err(broken)?;
        match answer {
            Some((_, status)) => return Ok(status),
            None if head.len() > HEAD_BYTES => return Err(malformed("the head of its answer never ends")),
            None => {}
        }
    }
}

fn request(proxy: &Proxy, target: &str) -> Vec<u8> {
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(authorization) = proxy.authorization() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// Length of the head of a proxy's answer and the status in it; none while the head is not whole.
///
/// # Errors
/// What is wrong with it.
pub fn status_of(bytes: &[u8]) -> Result<Option<(usize, u16)>, &'static str> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => match response.code {
            Some(status) => Ok(Some((length, status))),
            None => Err("it gives no status"),
        },
        Ok(httparse::Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => Err("its answer has too many headers"),
        Err(_) => Err("what it says is not HTTP"),
    }
}

fn judge(proxy: &Proxy, target: String, status: u16) -> Result<(), ProxyError> {
    let proxy = proxy.clone();
    Err(match status {
        200..=299 => return Ok(()),
        407 if proxy.authorization().is_some() => ProxyError::WrongPassword { proxy },
        407 => ProxyError::WantsPassword { proxy },
        401 | 403 | 451 => ProxyError::Refused { proxy, target, status },
        500 | 502..=504 => ProxyError::TargetUnreachable { proxy, target, status },
        _ => ProxyError::OtherAnswer { proxy, target, status },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    const WITHIN: Duration = Duration::from_millis(500);

    /// Connects through a proxy that reads a request and says `pieces`, one after the other; the request as it saw it.
    async fn through(pieces: &[&'static [u8]], password: &str) -> (Result<TcpStream, ProxyError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy: Proxy = format!("http://{password}127.0.0.1:{port}").parse().unwrap();
        let pieces = pieces.to_vec();
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            for piece in pieces {
                // The other side may have heard enough.
                let _ = socket.write_all(piece).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            String::from_utf8(request).unwrap()
        });
        let outcome = connect(&proxy, "fd00::1", 8443, WITHIN, Instant::now() + WITHIN).await;
        (outcome, server.await.unwrap())
    }

    #[tokio::test]
    async fn what_follows_the_head_is_not_lost_however_it_is_cut() {
        let whole: &[&[u8]] = &[b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\nhello"];
        let cut: &[&[u8]] = &[b"HTTP/1.0 20", b"0 Connection established\r\n\r", b"\nhel", b"lo"];
        for pieces in [whole, cut] {
            let (stream, request) = through(pieces, "").await;
            assert_eq!(request, "CONNECT [fd00::1]:8443 HTTP/1.1\r\nHost: [fd00::1]:8443\r\n\r\n");
            let mut said = String::new();
            stream.unwrap().read_to_string(&mut said).await.unwrap();
            assert_eq!(said, "hello");
        }
    }

    #[tokio::test]
    async fn name_and_password_go_to_the_proxy() {
        let (stream, request) = through(&[b"HTTP/1.1 200 OK\r\n\r\n"], "ana:geheim@").await;
        stream.unwrap();
        assert!(request.contains("\r\nProxy-Authorization: Basic YW5hOmdlaGVpbQ==\r\n"), "{request}");
    }

    #[tokio::test]
    async fn every_refusal_has_its_words() {
        for (status, password, words, may_pass) in [
            (b"HTTP/1.1 407 No\r\n\r\n".as_slice(), "", "wants a name and a password", false),
            (b"HTTP/1.1 407 No\r\n\r\n", "ana:geheim@", "does not accept the name and password", false),
            (b"HTTP/1.1 403 No\r\n\r\n", "", "whoever runs the proxy has to allow it", true),
            (b"HTTP/1.1 503 No\r\n\r\n", "", "cannot reach [fd00::1]:8443 (503)", true),
            (b"HTTP/1.1 404 No\r\n\r\n", "", "no proxy", true),
            (b"220 mail.example ESMTP\r\n", "", "not HTTP", true),
            (b"", "", "without an answer", true),
        ] {
            let error = through(&[status], password).await.0.unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.to_string().contains("the proxy http://127.0.0.1:"), "{error}");
            assert!(!format!("{error} {error:?}").contains("geheim"), "{error:?}");
            assert_eq!(error.may_pass(), may_pass, "{error}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_given_up() {
        let line: &[u8] = &[b'x'; 4096];
        let error = through(&[b"HTTP/1.1 200 OK\r\nX: ", line, line, line, line, line], "").await.0.unwrap_err();
        assert!(error.to_string().contains("never ends"), "{error}");
        let many = "x: y\r\n".repeat(HEADERS + 1);
        let many: &'static str = many.leak();
        let error = through(&[b"HTTP/1.1 200 OK\r\n", many.as_bytes()], "").await.0.unwrap_err();
        assert!(error.to_string().contains("too many headers"), "{error}");
    }

    #[tokio::test]
    async fn silence_and_absence_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy: Proxy = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let dial = || connect(&proxy, "gate.example", 1, WITHIN, Instant::now() + WITHIN);
        assert!(matches!(dial().await.unwrap_err(), ProxyError::NoAnswer { .. }));
        drop(listener);
        assert!(matches!(dial().await.unwrap_err(), ProxyError::Unreachable { .. }));
    }
}
