//! Where the metrics are read: a port of this machine alone. One kind of request is answered, and each connection gets one answer.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::request::{Asked, HEAD_BYTES};
use super::{CONTENT_TYPE, Metrics};

/// Connections at once; others wait in the system's queue.
const AT_ONCE: usize = 8;
/// The time for a request and its answer.
const WITHIN: Duration = Duration::from_secs(5);
/// After the system had no room for another connection.
const BREATHER: Duration = Duration::from_millis(50);
/// Bytes behind a request's head that are taken off a connection, so that its end does not discard the answer.
const MOST_IGNORED: u64 = 64 * 1024;
/// What is said when there is no text.
const FAILED: &str = "The metrics could not be written; the program's log says why.\n";

/// An address of this machine that no other machine reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MetricsAddress(SocketAddr);

/// Why an address cannot be that of the metrics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("{0:?} is no address for the metrics; it has to be address:port, as in 127.0.0.1:9465")]
    NoAddress(String),
    /// Others reach it.
    #[error(
        "the metrics cannot be served on {0}: they ask for no password, so only this machine may reach them. Name an address such as 127.0.0.1:{port}, and let Prometheus read them on this machine", port = .0.port()
    )]
    NotLoopback(SocketAddr),
}

impl FromStr for MetricsAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address: SocketAddr = text.parse().map_err(|_| AddressError::NoAddress(text.into()))?;
        if address.ip().is_loopback() { Ok(Self(address)) } else { Err(AddressError::NotLoopback(address)) }
    }
}

impl TryFrom<String> for MetricsAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<MetricsAddress> for String {
    fn from(it: MetricsAddress) -> Self {
        it.to_string()
    }
}

impl fmt::Display for MetricsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The port is not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "the metrics cannot be served on {address}: {source}. Name another address, or end the program that has this one"
)]
pub struct PortError {
    /// The address.
    pub address: MetricsAddress,
    /// What the system said.
    pub source: io::Error,
}

/// The open port.
#[derive(Debug)]
pub struct MetricsPort {
    listener: TcpListener,
    address: SocketAddr,
}

impl MetricsPort {
    /// Opens it.
    ///
    /// # Errors
    /// When the system does not give it.
    pub async fn open(address: MetricsAddress) -> Result<Self, PortError> {
        let failed = |source| PortError { address, source };
        let listener = TcpListener::bind(address.0).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it is: with the port that the system gave, when none was named.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `cancel` is cancelled.
    pub async fn serve(self, metrics: Metrics, cancel: CancellationToken) {
        let (room, tasks) = (Arc::new(Semaphore::new(AT_ONCE)), TaskTracker::new());
        while let Some(accepted) = cancel.run_until_cancelled(self.accept(&room)).await {
            match accepted {
                Ok((socket, place)) => {
                    let (metrics, cancel) = (metrics.clone(), cancel.clone());
                    tasks.spawn(async move {
                        let answering = timeout(WITHIN, answer(socket, &metrics));
                        if let Some(Ok(Err(error))) = cancel.run_until_cancelled(answering).await {
                            debug!("somebody who asked for metrics went away: {error}");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!("accepting a connection for the metrics failed: {error}");
                    cancel.run_until_cancelled(sleep(BREATHER)).await;
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// The next connection, once there is a place for it.
    async fn accept(&self, room: &Arc<Semaphore>) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
        let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
        Ok((self.listener.accept().await?.0, place))
    }
}

async fn answer(mut socket: TcpStream, metrics: &Metrics) -> io::Result<()> {
    let mut head = Vec::with_capacity(1024);
    let asked = loop {
        if let Some(asked) = Asked::of(&head) {
            break asked;
        }
        let room = HEAD_BYTES.saturating_sub(head.len()) as u64;
        if (&mut socket).take(room).read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    };
    socket.write_all(&response(asked, metrics)).await?;
    socket.shutdown().await?;
    tokio::io::copy(&mut socket.take(MOST_IGNORED), &mut tokio::io::sink()).await?;
    Ok(())
}

/// The whole answer.
fn response(asked: Asked, metrics: &Metrics) -> Vec<u8> {
    let (status, body) = match asked {
        Asked::Metrics => match metrics.text() {
            Ok(text) => (asked.status(), text),
            Err(error) => {
                warn!("the metrics could not be written: {error}");
                ("500 Internal Server Error", FAILED.into())
            }
        },
        other => (other.status(), other.explanation().into()),
    };
    let allow = if asked == Asked::NotGet { "allow: GET\r\n" } else { "" };
    let mut response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {CONTENT_TYPE}\r\ncontent-length: {}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n{allow}connection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    response.extend_from_slice(&body);
    response
}
