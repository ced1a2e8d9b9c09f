//! The one TLS port: accepts, shakes hands, serves HTTP/1.1 and HTTP/2, and stops in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use wire::proof::{EXPORTER_BYTES, EXPORTER_LABEL};

use crate::shutdown::Tasks;

/// What is known of the connection a request came on.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Bytes that only the two ends of this TLS connection know.
    pub exporter: [u8; EXPORTER_BYTES],
    /// Its place among the connections there may be. A link keeps it until it has shown who it is.
    pub place: Arc<OwnedSemaphorePermit>,
}

/// Connections at the same time; more wait in the kernel's queue.
const CONNECTIONS: usize = 8192;
/// A TLS handshake or a request's head that takes longer is cut off.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves until the program stops, then lets running requests finish. Links and event sockets end by their own tasks.
pub async fn serve(listener: TcpListener, tls: TlsAcceptor, router: Router, tasks: Tasks) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let stopping = tasks.stopping();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
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
    place: OwnedSemaphorePermit,
    tls: TlsAcceptor,
    router: Router,
    tasks: Tasks,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = timeout(HANDSHAKE, tls.accept(stream)).await??;
    let mut exporter = [0; EXPORTER_BYTES];
    stream.get_ref().1.export_keying_material(&mut exporter, EXPORTER_LABEL, None)?;
    let info = ConnectionInfo { peer, exporter, place: Arc::new(place) };
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(info.clone());
        router.clone().oneshot(request)
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HANDSHAKE);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30)).max_concurrent_streams(128);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let stopping = tasks.stopping();
    tokio::select! {
        done = connection.as_mut() => return done,
        () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}
