//! Connecting over TCP, and why it failed.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::debug;

/// After this the next address is tried beside the ones before (RFC 8305, section 5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// A connection without traffic is asked after this whether its peer is still there; some firewalls forget one after
/// minutes.
const ASK_AFTER: Duration = Duration::from_secs(60);
/// Between two such questions.
const ASK_EVERY: Duration = Duration::from_secs(15);
/// So many without an answer, and it is dead.
#[cfg(not(windows))]
const QUESTIONS: u32 = 4;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name has no address.
    #[error("the name {host} does not resolve: {detail}")]
    NameNotFound {
        /// The name.
        host: String,
        /// What the resolver said.
        detail: String,
    },
    /// Nothing listens there.
    #[error("{0} refused the connection")]
    Refused(SocketAddr),
    /// No route leads there.
    #[error("there is no route to {0}")]
    Unreachable(SocketAddr),
    /// No answer within the time.
    #[error("{host}:{port} did not answer in time")]
    NoAnswer {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// Anything else, in the system's words.
    #[error("connecting to {address} failed: {source}")]
    Other {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Lets the system ask from time to time whether the peer of a silent connection is still there, and end it when not.
pub fn notice_dead_peers(socket: &TcpStream) {
    let how = TcpKeepalive::new().with_time(ASK_AFTER).with_interval(ASK_EVERY);
    #[cfg(not(windows))]
    let how = how.with_retries(QUESTIONS);
    if let Err(error) = SockRef::from(socket).set_tcp_keepalive(&how) {
        debug!("SO_KEEPALIVE could not be set: {error}");
    }
}

/// How many names are looked up at a time for one asker. The system's resolver blocks a thread and cannot be called off: what nobody
/// waits for any more counts until it ends, so that one asker does not take the threads of all.
#[derive(Clone, Debug)]
pub struct Lookups(Arc<Semaphore>);

impl Lookups {
    /// So many.
    #[must_use]
    pub fn at_most(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }

    async fn run<T: Send + 'static>(&self, ask: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        let place = self.0.clone().acquire_owned().await.map_err(io::Error::other)?;
        let asked = tokio::task::spawn_blocking(move || {
            let _place = place;
            ask()
        });
        asked.await.map_err(io::Error::other)?
    }
}

/// Connects to the first address of `host` that answers, with `TCP_NODELAY` on. Resolving the
/// name may take half of the time.
///
/// # Errors
/// Of several addresses, the error of the one that failed last.
pub async fn connect(host: &str, port: u16, within: Duration, lookups: &Lookups) -> Result<TcpStream, ConnectError> {
    let attempt = async {
        // Name servers that do not answer are told from a host that does not.
        let addresses =
            timeout(within / 2, resolve(host, port, lookups)).await.unwrap_or_else(|_| Err(no_name_servers(host)))?;
        connect_first(&addresses).await
    };
    match timeout(within, attempt).await {
        Ok(result) => result,
        Err(_) => Err(ConnectError::NoAnswer { host: host.into(), port }),
    }
}

/// Reads `host:port`; an IPv6 address stands in brackets.
#[must_use]
pub fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.strip_suffix(']').filter(|host| host.parse::<Ipv6Addr>().is_ok())?,
        None => Some(host).filter(|host| wire::validate::hostname(host).is_none() && !host.contains(':'))?,
    };
    Some((host.to_owned(), port))
}

fn no_name_servers(host: &str) -> ConnectError {
    ConnectError::NameNotFound { host: host.into(), detail: "the name servers did not answer in time".into() }
}

async fn resolve(host: &str, port: u16, lookups: &Lookups) -> Result<Vec<SocketAddr>, ConnectError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let not_found = |detail: String| ConnectError::NameNotFound { host: host.into(), detail };
    let name = (host.to_owned(), port);
    let found = lookups.run(move || name.to_socket_addrs()).await.map_err(|error| not_found(error.to_string()))?;
    let addresses = alternate(found.collect());
    if addresses.is_empty() { Err(not_found("it has no address".into())) } else { Ok(addresses) }
}

/// Alternates between the address families, beginning with that of the resolver's first choice, so that one broken
/// family costs one step and not all of its addresses.
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv6) else { return addresses };
    let (mut preferred, mut other) = (Vec::new(), Vec::new());
    for address in addresses {
        let family = if address.is_ipv6() == first { &mut preferred } else { &mut other };
        if !family.contains(&address) {
            family.push(address);
        }
    }
    let mut other = other.into_iter();
    let mut ordered = Vec::new();
    for address in preferred {
        ordered.push(address);
        ordered.extend(other.next());
    }
    ordered.extend(other);
    ordered
}

async fn connect_first(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    attempts.extend(waiting.next().map(connect_one));
    loop {
        let next = sleep(NEXT_ADDRESS_AFTER);
        let more = waiting.len() > 0;
        tokio::select! {
            result = attempts.next() => match result {
                Some(Ok(stream)) => return Ok(stream),
                // Addresses are never empty, so there is a failure to tell before the attempts run out.
                Some(Err(error)) if !more && attempts.is_empty() => return Err(error),
                Some(Err(_)) | None => attempts.extend(waiting.next().map(connect_one)),
            },
            () = next, if more => attempts.extend(waiting.next().map(connect_one)),
        }
    }
}

async fn connect_one(address: SocketAddr) -> Result<TcpStream, ConnectError> {
    let stream = TcpStream::connect(address).await.map_err(|error| explain(address, error))?;
    stream.set_nodelay(true).map_err(|source| ConnectError::Other { address, source })?;
    notice_dead_peers(&stream);
    Ok(stream)
}

fn explain(address: SocketAddr, source: io::Error) -> ConnectError {
    use io::ErrorKind as Kind;
    match source.kind() {
        Kind::ConnectionRefused | Kind::ConnectionReset => ConnectError::Refused(address),
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => ConnectError::Unreachable(address),
        Kind::TimedOut => ConnectError::NoAnswer { host: address.ip().to_string(), port: address.port() },
        _ => ConnectError::Other { address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_and_its_port_are_told_apart() {
        assert_eq!(host_and_port("gate:8443"), Some(("gate".into(), 8443)));
        assert_eq!(host_and_port("[fd00::1]:9"), Some(("fd00::1".into(), 9)));
        for bad in ["", "gate", "gate:", "gate:0", "gate:65536", ":9", "fd00::1:9", "[gate]:9", "a b:9", "[fd00::1:9"] {
            assert_eq!(host_and_port(bad), None, "{bad}");
        }
    }

    #[test]
    fn families_alternate_and_twins_are_left_out() {
        let found = ["[::1]:1", "[::2]:1", "[::1]:1", "10.0.0.1:1", "[::3]:1", "10.0.0.2:1"].map(address).to_vec();
        let ordered = ["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"].map(address);
        assert_eq!(alternate(found), ordered);
        assert_eq!(alternate(vec![]), []);
    }

    #[tokio::test]
    async fn a_listener_is_found_behind_an_address_that_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let refusing = SocketAddr::new("127.0.0.2".parse().unwrap(), good.port());
        let stream = connect_first(&[refusing, good]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), ASK_AFTER);
    }

    #[tokio::test]
    async fn each_failure_has_its_name() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let within = Duration::from_secs(5);
        assert!(matches!(
            connect("127.0.0.1", free, within, &Lookups::at_most(1)).await,
            Err(ConnectError::Refused(_))
        ));
        let error = connect("no-such-name.invalid", 1, within, &Lookups::at_most(1)).await.unwrap_err();
        assert!(matches!(error, ConnectError::NameNotFound { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_lookup_that_nobody_waits_for_any_more_keeps_its_place() {
        let lookups = Lookups::at_most(1);
        let (answer, stuck) = std::sync::mpsc::channel::<()>();
        let given_up = lookups.run(move || Ok(stuck.recv().is_ok()));
        assert!(timeout(Duration::from_millis(50), given_up).await.is_err());
        assert!(timeout(Duration::from_millis(50), lookups.run(|| Ok(()))).await.is_err(), "a thread more was taken");
        answer.send(()).unwrap();
        lookups.run(|| Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn silence_ends_with_the_time_given() {
        // A listener whose backlog is full leaves further connections without an answer.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(address("127.0.0.1:0")).unwrap();
        let listener = socket.listen(1).unwrap();
        let port = listener.local_addr().unwrap().port();
        let within = Duration::from_millis(300);
        let mut held = Vec::new();
        let error = loop {
            match connect("127.0.0.1", port, within, &Lookups::at_most(1)).await {
                Ok(stream) => held.push(stream),
                Err(error) => break error,
            }
            assert!(held.len() < 16, "the backlog never fills");
        };
        assert!(matches!(error, ConnectError::NoAnswer { .. }), "{error}");
    }
}
