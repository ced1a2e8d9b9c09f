//! A connection to a mail server, secured as the administrator said. The library speaks SMTP on it; how it comes to be secured is
//! done here, with the same verification of certificates as everywhere else.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use wire::SecretText;
use wire::api::{MailSecurity, MailServer};

use super::MailError;
use super::error::Stage;
use crate::outgoing::{certificate_refusal, tls_config};

/// How long it may take until letters can be handed over.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// How long one letter may take.
const LETTER_LIMIT: Duration = Duration::from_secs(60);
/// How long a server may take to say goodbye.
const QUIT_LIMIT: Duration = Duration::from_secs(2);
/// The longest line of a reply, and the most lines (RFC 5321, section 4.5.3.1.5, allows 512 bytes).
const LINE_BYTES: u64 = 2_000;
const REPLY_LINES: usize = 100;
/// Characters that are kept of a server's own words.
const SAID_CHARS: usize = 400;

/// A server that letters can be handed to.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    server: String,
}

impl Connection {
    /// Connects, secures the connection, and signs in.
    ///
    /// # Errors
    /// Why letters cannot be handed over.
    pub(super) async fn open(
        server: &MailServer,
        password: Option<&SecretText>,
        hello: &ClientId,
    ) -> Result<Self, MailError> {
        let name = format!("{}:{}", server.host, server.port);
        let opening = opened(server, password, hello, &name);
        let smtp = timeout(CONNECT_LIMIT, opening).await.map_err(|_| MailError::TimedOut(name.clone()))??;
        Ok(Self { smtp, server: name })
    }

    /// Hands a letter over.
    ///
    /// # Errors
    /// Why it was not taken.
    pub(super) async fn send(&mut self, envelope: &Envelope, letter: &[u8]) -> Result<(), MailError> {
        let sending = self.smtp.send(envelope, letter);
        let sent = timeout(LETTER_LIMIT, sending).await.map_err(|_| MailError::TimedOut(self.server.clone()))?;
        sent.map(|_| ()).map_err(|error| of_library(&error, Stage::Sending))
    }

    /// Whether no more letters can be handed over with it.
    pub(super) fn is_over(&self) -> bool {
        self.smtp.has_broken()
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        // Whoever does not answer to that is left all the same.
        let _ = timeout(QUIT_LIMIT, self.smtp.quit()).await;
    }
}

async fn opened(
    server: &MailServer,
    password: Option<&SecretText>,
    hello: &ClientId,
    name: &str,
) -> Result<AsyncSmtpConnection, MailError> {
    let port = u16::try_from(server.port).unwrap_or(0);
    let unreachable = |error: io::Error| MailError::Unreachable { server: name.to_owned(), detail: error.to_string() };
    let tcp = TcpStream::connect((server.host.as_str(), port)).await.map_err(unreachable)?;
    let stream: Box<dyn AsyncTokioStream> = match server.security {
        MailSecurity::None => Box::new(tcp),
        MailSecurity::Tls => Box::new(secured(tcp, server, b"").await?),
        MailSecurity::Starttls => {
            let tcp = asked_for_tls(tcp, hello).await?;
            // The library waits for a greeting, and this server gave it before.
            Box::new(secured(tcp, server, b"220 secured\r\n").await?)
        }
    };
    let connecting = AsyncSmtpConnection::connect_with_transport(stream, hello);
    let mut smtp = connecting.await.map_err(|error| of_library(&error, Stage::Connecting))?;
    if !server.user_name.is_empty() {
        if smtp.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
            return Err(MailError::NoSignIn);
        }
        let password = password.map(SecretText::expose).unwrap_or_default();
        let who = Credentials::new(server.user_name.clone(), password.to_owned());
        let signed_in = smtp.auth(DEFAULT_MECHANISMS, &who).await;
        signed_in.map_err(|error| of_library(&error, Stage::SigningIn))?;
    }
    Ok(smtp)
}

/// RFC 3207, up to the moment where TLS begins. What comes before that moment is not believed after it.
async fn asked_for_tls(tcp: TcpStream, hello: &ClientId) -> Result<TcpStream, MailError> {
    let mut stream = BufReader::new(tcp);
    reply(&mut stream).await?;
    stream.write_all(format!("EHLO {hello}\r\n").as_bytes()).await.map_err(|error| broken(&error))?;
    let offered = reply(&mut stream).await?;
    if !offered.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(MailError::NoStartTls);
    }
    stream.write_all(b"STARTTLS\r\n").await.map_err(|error| broken(&error))?;
    reply(&mut stream).await?;
    if !stream.buffer().is_empty() {
        let said = "it went on to speak before the connection was secured; somebody may stand between";
        return Err(MailError::Broken(said.into()));
    }
    Ok(stream.into_inner())
}

/// The text of a positive reply, line by line (RFC 5321, section 4.2.1).
async fn reply(stream: &mut BufReader<TcpStream>) -> Result<Vec<String>, MailError> {
    let mut lines = Vec::new();
    while lines.len() < REPLY_LINES {
        let mut line = Vec::new();
        (&mut *stream).take(LINE_BYTES).read_until(b'\n', &mut line).await.map_err(|error| broken(&error))?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let Some(code) = line.get(..3).and_then(|code| code.parse::<u16>().ok()) else {
            return Err(MailError::Broken(not_smtp(&line)));
        };
        let text = line.get(4..).unwrap_or_default().to_owned();
        if !(200..400).contains(&code) {
            return Err(MailError::Refused { stage: Stage::Connecting, code, said: cut(&text) });
        }
        lines.push(text);
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(lines);
        }
    }
    Err(MailError::Broken("its reply has no end".into()))
}

fn not_smtp(line: &str) -> String {
    if line.is_empty() { "it ended it".into() } else { format!("this is no mail server; it said {:?}", cut(line)) }
}

async fn secured(tcp: TcpStream, server: &MailServer, first: &'static [u8]) -> Result<Secured, MailError> {
    let peer = tcp.peer_addr().map_err(|error| broken(&error))?;
    let authority = (!server.ca_pem.is_empty()).then_some(server.ca_pem.as_str());
    let connector = TlsConnector::from(Arc::new(tls_config(authority)?));
    let name = ServerName::try_from(server.host.clone());
    let name = name.map_err(|_| MailError::Certificate(format!("{} is no name for one", server.host)))?;
    let tls = connector.connect(name, tcp).await.map_err(|error| match certificate_refusal(&error) {
        Some(why) => MailError::Certificate(why),
        None => MailError::Broken(format!("no TLS: {error}")),
    })?;
    Ok(Secured { first, tls, peer })
}

fn broken(error: &io::Error) -> MailError {
    MailError::Broken(error.to_string())
}

fn of_library(error: &smtp::Error, stage: Stage) -> MailError {
    let words = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    match error.status() {
        Some(code) => MailError::Refused { stage, code: code.to_string().parse().unwrap_or(0), said: cut(&words) },
        None => MailError::Broken(cut(&words)),
    }
}

/// What a server says, for people to read: in one line, and not endless.
fn cut(text: &str) -> String {
    let plain = text.split(|sign: char| sign.is_control()).filter(|piece| !piece.is_empty());
    plain.collect::<Vec<_>>().join(" ").chars().take(SAID_CHARS).collect()
}

/// A connection with TLS, and before it what the library has to read first.
struct Secured {
    first: &'static [u8],
    tls: tokio_rustls::client::TlsStream<TcpStream>,
    peer: SocketAddr,
}

impl std::fmt::Debug for Secured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secured({})", self.peer)
    }
}

impl AsyncTokioStream for Secured {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Secured {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let it = self.get_mut();
        if it.first.is_empty() {
            return Pin::new(&mut it.tls).poll_read(context, into);
        }
        let (now, later) = it.first.split_at(it.first.len().min(into.remaining()));
        into.put_slice(now);
        it.first = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Secured {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tls).poll_write(context, from)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// A server that says this, piece by piece after each line that it is told, and then what it was told.
    async fn server(says: Vec<&'static str>) -> (MailServer, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = MailServer {
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port().into(),
            security: MailSecurity::Starttls,
            ..MailServer::default()
        };
        let heard = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut heard = Vec::new();
            for piece in says {
                stream.write_all(piece.as_bytes()).await.unwrap();
                let mut line = String::new();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    break;
                }
                heard.push(line);
            }
            heard
        });
        (server, heard)
    }

    async fn refusal(server: &MailServer) -> MailError {
        let password = SecretText::new("secret".into());
        let signed_in = MailServer { user_name: "gate".into(), ..server.clone() };
        let opened = Connection::open(&signed_in, Some(&password), &ClientId::default()).await;
        opened.err().unwrap()
    }

    #[tokio::test]
    async fn without_starttls_nothing_is_sent() {
        let (server, heard) = server(vec!["220 mail\r\n", "250-mail\r\n250-AUTH PLAIN\r\n250 XSTARTTLS\r\n"]).await;
        assert!(matches!(refusal(&server).await, MailError::NoStartTls));
        assert_eq!(heard.await.unwrap(), ["EHLO [127.0.0.1]\r\n"]);
    }

    #[tokio::test]
    async fn what_is_said_before_tls_is_not_believed_after_it() {
        let (server, _) = server(vec!["220 mail\r\n", "250 STARTTLS\r\n", "220 go\r\n250 AUTH PLAIN\r\n"]).await;
        let refused = refusal(&server).await;
        assert!(matches!(&refused, MailError::Broken(why) if why.contains("stand between")), "{refused}");
    }

    #[tokio::test]
    async fn refusals_and_strangers_are_told_in_their_own_words() {
        let (refusing, _) = server(vec!["554-5.7.1 not\r\n554 you\r\n"]).await;
        let refused = refusal(&refusing).await;
        assert_eq!(refused.to_string(), "the mail server refused the connection: 554 5.7.1 not");
        let (stranger, _) = server(vec!["HTTP/1.1 400 Bad Request\r\n"]).await;
        assert!(refusal(&stranger).await.to_string().contains("no mail server"));
        let (endless, _) = server(vec!["220 mail\r\n", Box::leak("250-x\r\n".repeat(200).into_boxed_str())]).await;
        assert!(refusal(&endless).await.to_string().contains("no end"));
        let gone = MailServer { port: 1, ..endless };
        assert!(matches!(refusal(&gone).await, MailError::Unreachable { .. }));
    }

    #[test]
    fn what_a_server_says_is_cut() {
        assert_eq!(cut("a\r\nb\0c"), "a b c");
        assert_eq!(cut(&"ä".repeat(500)).chars().count(), SAID_CHARS);
    }
}
