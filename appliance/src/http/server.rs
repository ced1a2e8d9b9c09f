//! The one TLS port: accepts, shakes hands, serves HTTP/1.1 and HTTP/2, and stops in order.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use link::tls_io::{WholeReads, hold_a_message, under_tls};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use wire::proof::{EXPORTER_BYTES, EXPORTER_LABEL};

use super::activity::Activity;
use super::client_address::client_of;
use crate::agents::proof::BoundTo;
use crate::counted::{Counted, Taken};
use crate::network::{Networks, place_of};
use crate::shutdown::Tasks;

/// What is known of the connection a request came on.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// Who asks: where the connection comes from, or what a trusted proxy says of where it does (port 0 then).
    pub peer: SocketAddr,
    /// What an agent's proof has to be bound to here.
    pub bound_to: BoundTo,
    /// Its place among the connections there may be. A link keeps it until it has shown who it is.
    pub place: Arc<Place>,
}

/// A place among the connections there may be, and among those from one address.
#[derive(Debug)]
pub struct Place {
    _of_all: Arc<OwnedSemaphorePermit>,
    _of_address: Taken<IpAddr>,
}

/// What stands in front of the port.
#[derive(Clone, Debug)]
pub struct Front {
    /// Proxies that end TLS in front of the appliance: what they say of their clients is believed.
    pub trusted: Networks,
    /// How everybody reaches the appliance.
    pub public_url: Arc<str>,
}

/// What every connection is served with.
#[derive(Clone)]
struct Port {
    tls: TlsAcceptor,
    router: Router,
    front: Arc<Front>,
    by_address: Counted<IpAddr>,
    tasks: Tasks,
}

/// What a new connection takes up.
enum Seat {
    /// A place of whoever made it.
    Own(Place),
    /// One among all, and none of an address: it is a trusted proxy's.
    OfProxy(Arc<OwnedSemaphorePermit>),
}

/// Whom a connection belongs to.
#[derive(Clone)]
enum Comes {
    /// To the one who made it, for all its requests.
    Direct(ConnectionInfo),
    /// To a trusted proxy, which says with each request for whom.
    ByProxy { proxy: IpAddr, of_all: Arc<OwnedSemaphorePermit> },
}

/// Connections at the same time; more wait in the kernel's queue.
const CONNECTIONS: usize = 8192;
/// Connections at the same time from one address. Many people may come from one, through a proxy or NAT; but one address alone
/// must not take the places of everybody else.
const FROM_ONE_ADDRESS: usize = CONNECTIONS / 2;
/// A TLS handshake or a request's head that takes longer is cut off.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection that is being closed has for what is under way on it.
const CLOSING: Duration = Duration::from_secs(10);
/// How often it is checked that the other side of an HTTP/2 connection is there.
const PING: Duration = Duration::from_secs(30);
/// Requests at the same time on one HTTP/2 connection.
const STREAMS: u32 = 128;

/// Serves until the program stops, then lets running requests finish. Links and event sockets end by their own tasks.
pub async fn serve(listener: TcpListener, tls: TlsAcceptor, router: Router, front: Front, tasks: Tasks) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let by_address = Counted::new(FROM_ONE_ADDRESS);
    let port = Port { tls, router, front: Arc::new(front), by_address, tasks: tasks.clone() };
    let stopping = tasks.stopping();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, of_all)) = accepted else { continue };
        let of_all = Arc::new(of_all);
        let seat = if port.front.trusted.contain(peer.ip()) {
            // Many people's requests come on its connections: each of them counts for the one it comes from.
            Seat::OfProxy(of_all)
        } else {
            match port.by_address.take(place_of(peer.ip())) {
                Some(of_address) => Seat::Own(Place { _of_all: of_all, _of_address: of_address }),
                None => {
                    tracing::debug!(client = %peer, "too many connections from this address");
                    continue;
                }
            }
        };
        let port = port.clone();
        tasks.spawn("connection", async move {
            if let Err(error) = connection(stream, peer, seat, port).await {
                tracing::debug!(client = %peer, error = %error, "a connection ended");
            }
        });
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            // Out of file descriptors, as a rule: others have to end first.
            tracing::warn!(error = %error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    port: Port,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let mut stream = timeout(HANDSHAKE, port.tls.accept(under_tls(stream))).await??;
    hold_a_message(stream.get_mut().1);
    let speaks_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let comes = match seat {
        Seat::Own(place) => {
            let mut exporter = [0; EXPORTER_BYTES];
            stream.get_ref().1.export_keying_material(&mut exporter, EXPORTER_LABEL, None)?;
            Comes::Direct(ConnectionInfo { peer, bound_to: BoundTo::Connection(exporter), place: Arc::new(place) })
        }
        Seat::OfProxy(of_all) => Comes::ByProxy { proxy: peer.ip(), of_all },
    };
    let tasks = port.tasks.clone();
    let activity = Activity::new();
    let watched = activity.clone();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| watched.watch(Body::new(body)));
        let answer = port.info_of(&comes, request.headers()).map(|info| {
            request.extensions_mut().insert(info);
            port.router.clone().oneshot(request)
        });
        let watched = watched.clone();
        async move {
            let answer = match answer {
                Some(answer) => answer.await?,
                None => StatusCode::TOO_MANY_REQUESTS.into_response(),
            };
            Ok::<_, Infallible>(answer.map(|body| watched.watch(body)))
        }
    });
    if speaks_http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .max_concurrent_streams(STREAMS)
            .serve_connection(TokioIo::new(WholeReads::new(stream)), service);
        Ok(until_over(connection, http2::Connection::graceful_shutdown, &activity, &tasks).await?)
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HANDSHAKE)
            .serve_connection(TokioIo::new(WholeReads::new(stream)), service)
            .with_upgrades();
        Ok(until_over(connection, http1::UpgradeableConnection::graceful_shutdown, &activity, &tasks).await?)
    }
}

impl Port {
    /// Whom a request is for; none when they have as many connections as they may.
    fn info_of(&self, comes: &Comes, headers: &HeaderMap) -> Option<ConnectionInfo> {
        let (proxy, of_all) = match comes {
            Comes::Direct(info) => return Some(info.clone()),
            Comes::ByProxy { proxy, of_all } => (*proxy, of_all.clone()),
        };
        let client = client_of(headers, proxy, &self.front.trusted);
        let Some(of_address) = self.by_address.take(place_of(client)) else {
            tracing::debug!(client = %client, proxy = %proxy, "too many requests from this address");
            return None;
        };
        Some(ConnectionInfo {
            peer: SocketAddr::new(client, 0),
            bound_to: BoundTo::PublicUrl(self.front.public_url.clone()),
            place: Arc::new(Place { _of_all: of_all, _of_address: of_address }),
        })
    }
}

/// Serves until the other side ends the connection, it stays quiet, or the program stops.
async fn until_over<C>(connection: C, close: fn(Pin<&mut C>), activity: &Activity, tasks: &Tasks) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = std::pin::pin!(connection);
    let stopping = tasks.stopping();
    tokio::select! {
        done = connection.as_mut() => return done,
        () = activity.quiet() => {}
        () = stopping.cancelled() => {}
    }
    close(connection.as_mut());
    timeout(CLOSING, connection).await.unwrap_or(Ok(()))
}
