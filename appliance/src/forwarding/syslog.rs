//! A connection to a syslog server over TLS, and when what was sent counts as arrived.
//!
//! Syslog has no word for "taken". What was sent counts as arrived when its connection stood for [`SETTLED`] longer: by then the peer's
//! system has acknowledged every byte, or the connection is dead ([`UNACKNOWLEDGED`]), and a server that died has closed it. When a
//! connection ends before, what it carried is sent again. A connection that is closed in order, by either side, was read to its end.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use link::tcp::{self, Lookups};
use rustix::net::sockopt;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::api::SyslogServer;

use super::{ForwardingError, syslog_message};
use crate::clock::now;
use crate::outgoing::{certificate_refusal, tls_config};

/// How long it may take until something can be sent.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a server may take nothing.
const WRITE_WITHIN: Duration = Duration::from_secs(15);
/// Bytes that the peer's system does not acknowledge for that long end the connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// After this what was sent counts as arrived.
const SETTLED: Duration = Duration::from_secs(15);
/// When nothing was sent for that long, a server that closes the connection has read what came before.
const IDLE: Duration = Duration::from_secs(2);
/// How long a server may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// How a connection ended by itself.
pub(super) struct Over {
    in_order: bool,
    /// In words.
    pub(super) error: ForwardingError,
}

/// A server that messages can be sent to.
pub(super) struct Connection {
    read: ReadHalf<TlsStream<TcpStream>>,
    write: WriteHalf<TlsStream<TcpStream>>,
    sent: Sent,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn open(server: &SyslogServer) -> Result<Self, ForwardingError> {
        let opened = timeout(CONNECT_WITHIN, connected(server)).await;
        let stream = opened.map_err(|_| broken("it does not answer in time"))??;
        let (read, write) = tokio::io::split(stream);
        Ok(Self { read, write, sent: Sent::default() })
    }

    /// Sends messages, up to the event `last`.
    ///
    /// # Errors
    /// When the connection broke; what did not count as arrived is to be sent again.
    pub(super) async fn send(&mut self, messages: &[u8], last: u64) -> Result<(), ForwardingError> {
        let writing = async {
            self.write.write_all(messages).await?;
            self.write.flush().await
        };
        match timeout(WRITE_WITHIN, writing).await {
            Ok(written) => written.map_err(|error| of_io(&error))?,
            Err(_) => return Err(broken("it takes nothing")),
        }
        self.sent.push(last, Instant::now());
        Ok(())
    }

    /// Comes back when the connection is over. A server has nothing to say; what it says is passed over.
    pub(super) async fn over(&mut self) -> Over {
        let mut said = [0; 1024];
        loop {
            match self.read.read(&mut said).await {
                Ok(0) => return Over { in_order: true, error: broken("it closed the connection") },
                Ok(_) => {}
                Err(error) => return Over { in_order: false, error: of_io(&error) },
            }
        }
    }

    /// The last event, where the server closed the connection in order and nothing was sent shortly before: it had read all. Servers
    /// close what is idle, many of them sooner than anything counts as arrived by itself.
    pub(super) fn read_to_the_end(&self, over: &Over) -> Option<u64> {
        let is_idle = |sent: &Instant| sent.elapsed() >= IDLE;
        self.sent.0.back().filter(|(_, at)| over.in_order && is_idle(at)).map(|(last, _)| *last)
    }

    /// The last event that counts as arrived by now, if one does anew.
    pub(super) fn arrived(&mut self) -> Option<u64> {
        self.sent.arrived(Instant::now())
    }

    /// Whether everything that was sent counts as arrived.
    pub(super) fn is_settled(&self) -> bool {
        self.sent.0.is_empty()
    }

    /// Closes it in order. The last event that was sent, when the server read to the end.
    pub(super) async fn close(mut self) -> Option<u64> {
        let closing = async {
            self.write.shutdown().await?;
            let mut said = [0; 1024];
            loop {
                match self.read.read(&mut said).await {
                    Ok(0) => return Ok::<_, io::Error>(()),
                    // Not every server says goodbye; one that had not read all resets the connection.
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(error),
                }
            }
        };
        let closed = timeout(CLOSE_WITHIN, closing).await.is_ok_and(|it| it.is_ok());
        if closed { self.sent.0.back().map(|it| it.0) } else { None }
    }
}

/// Sends a message that is no event.
pub(super) async fn try_out(server: &SyslogServer, host: &str) -> Result<(), ForwardingError> {
    let mut connection = Connection::open(server).await?;
    connection.send(&syslog_message::of_trial(host, now()), 0).await?;
    connection.close().await;
    Ok(())
}

/// What was sent and does not count as arrived yet: the last event of each piece, and when.
#[derive(Debug, Default)]
struct Sent(VecDeque<(u64, Instant)>);

impl Sent {
    fn push(&mut self, last: u64, at: Instant) {
        match self.0.back_mut() {
            // Within a second it is one piece: so there are never many.
            Some(newest) if at.duration_since(newest.1) < Duration::from_secs(1) => newest.0 = last,
            _ => self.0.push_back((last, at)),
        }
    }

    fn arrived(&mut self, now: Instant) -> Option<u64> {
        let mut arrived = None;
        while self.0.front().is_some_and(|it| now.duration_since(it.1) >= SETTLED + Duration::from_secs(1)) {
            arrived = self.0.pop_front().map(|it| it.0);
        }
        arrived
    }
}

async fn connected(server: &SyslogServer) -> Result<TlsStream<TcpStream>, ForwardingError> {
    let authority = (!server.ca_pem.is_empty()).then_some(server.ca_pem.as_str());
    let config = tls_config(authority).map_err(|error| ForwardingError::Certificate(error.to_string()))?;
    let name = ServerName::try_from(server.host.trim_matches(['[', ']']).to_owned());
    let name = name.map_err(|error| broken(&error.to_string()))?;
    let port = u16::try_from(server.port).unwrap_or_default();
    let stream = tcp::connect(&server.host, port, CONNECT_WITHIN, &Lookups::at_most(1)).await;
    let stream = stream.map_err(|error| broken(&error.to_string()))?;
    notice_death(&stream).map_err(|error| of_io(&error))?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| of_io(&error))
}

/// What the peer's system does not acknowledge, or a peer that is silent, ends the connection before something counts as arrived.
fn notice_death(stream: &TcpStream) -> io::Result<()> {
    let millis = u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(stream, millis)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(5))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(2))?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    Ok(())
}

fn of_io(error: &io::Error) -> ForwardingError {
    match certificate_refusal(error) {
        Some(why) => ForwardingError::Certificate(why),
        None => broken(&format!("the connection broke: {error}")),
    }
}

fn broken(why: &str) -> ForwardingError {
    ForwardingError::Connection(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_counts_as_arrived_when_its_connection_stood_long_enough() {
        let began = Instant::now();
        let at = |millis: u64| began + Duration::from_millis(millis);
        let mut sent = Sent::default();
        sent.push(3, at(0));
        sent.push(5, at(900));
        sent.push(9, at(2_000));
        assert_eq!(sent.0.len(), 2);
        assert_eq!(sent.arrived(at(15_000)), None);
        assert_eq!(sent.arrived(at(16_000)), Some(5));
        assert_eq!(sent.arrived(at(17_900)), None);
        assert_eq!(sent.arrived(at(60_000)), Some(9));
        assert_eq!(sent.arrived(at(61_000)), None);
    }
}
