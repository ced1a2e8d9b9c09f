//! The one TLS port: accepts, shakes hands, serves HTTP/1.1 and HTTP/2, and stops in order.

use std::error::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use wire::proof::{EXPORTER_BYTES, EXPORTER_LABEL};

use super::activity::Activity;
use crate::counted::{Counted, Taken};
use crate::network::place_of;
use crate::shutdown::Tasks;

/// What is known of the connection a request came on.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Bytes that only the two ends of this TLS connection know.
    pub exporter: [u8; EXPORTER_BYTES],
    /// Its place among the connections there may be. A link keeps it until it has shown who it is.
    pub place: Arc<Place>,
}

/// A place among the connections there may be, and among those from one address.
#[derive(Debug)]
pub struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_address: Taken<IpAddr>,
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
pub async fn serve(listener: TcpListener, tls: TlsAcceptor, router: Router, tasks: Tasks) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let by_address = Counted::new(FROM_ONE_ADDRESS);
    let stopping = tasks.stopping();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, of_all)) = accepted else { continue };
        let Some(of_address) = by_address.take(place_of(peer.ip())) else {
            tracing::debug!(client = %peer, "too many connections from this address");
            continue;
        };
        let place = Place { _of_all: of_all, _of_address: of_address };
        let (tls, router, connection_tasks) = (tls.clone(), router.clone(), tasks.clone());
        tasks.spawn("connection", async move {
            if let Err(error) = connection(stream, peer, place, tls, router, connection_tasks).await {
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
    place: Place,
    tls: TlsAcceptor,
    router: Router,
    tasks: Tasks,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = timeout(HANDSHAKE, tls.accept(stream)).await??;
    let mut exporter = [0; EXPORTER_BYTES];
    stream.get_ref().1.export_keying_material(&mut exporter, EXPORTER_LABEL, None)?;
    let speaks_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let info = ConnectionInfo { peer, exporter, place: Arc::new(place) };
    let activity = Activity::new();
    let watched = activity.clone();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| watched.watch(Body::new(body)));
        request.extensions_mut().insert(info.clone());
        let (answer, watched) = (router.clone().oneshot(request), watched.clone());
        async move { answer.await.map(|response| response.map(|body| watched.watch(body))) }
    });
    if speaks_http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .max_concurrent_streams(STREAMS)
            .serve_connection(TokioIo::new(stream), service);
        Ok(until_over(connection, http2::Connection::graceful_shutdown, &activity, &tasks).await?)
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HANDSHAKE)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        Ok(until_over(connection, http1::UpgradeableConnection::graceful_shutdown, &activity, &tasks).await?)
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
