//! The far end of every tunnel: a server in this process, so that both ends of each byte are seen.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::work::{REQUEST_BYTES, Work, noise};

/// Bytes written or read at once.
pub(crate) const BLOCK: usize = 128 * 1024;
/// Streams that can be counted at once.
const SLOTS: usize = 128;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// What both ends know.
pub(crate) struct Shared {
    /// What is written.
    pub(crate) noise: Vec<u8>,
    received: Vec<AtomicU64>,
    open: AtomicUsize,
    /// Lets go of the readers that never read.
    pub(crate) release: Notify,
}

impl Shared {
    /// Bytes that arrived at the reading end of this slot.
    pub(crate) fn received(&self, slot: u16) -> u64 {
        self.received.get(usize::from(slot)).map_or(0, |count| count.load(Relaxed))
    }

    /// Connections that the target has.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// Writes until the other end goes away.
    pub(crate) async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) {
        while let Ok(1..) = to.write(&self.noise).await {}
    }

    /// Reads and counts until the other end goes away.
    pub(crate) async fn read(&self, from: &mut (impl AsyncRead + Unpin), slot: u16) {
        let mut block = vec![0; BLOCK];
        while let Ok(count @ 1..) = from.read(&mut block).await {
            if let Some(received) = self.received.get(usize::from(slot)) {
                received.fetch_add(count as u64, Relaxed);
            }
        }
    }
}

/// The target; ends with this value.
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What both ends know.
    pub(crate) shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

/// A listener on a free port of this machine, whose queue takes a burst.
pub(crate) fn listen() -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).context("taking a port of 127.0.0.1")?;
    socket.listen(BACKLOG).context("listening")
}

impl Target {
    /// Starts one; inside a runtime.
    pub(crate) fn start() -> Result<Self> {
        let listener = listen()?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            noise: noise(BLOCK),
            received: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            open: AtomicUsize::new(0),
            release: Notify::new(),
        });
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, _serving: serving })
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut serving = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = serving.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors: some will be given back.
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        shared.open.fetch_add(1, Relaxed);
        let shared = Arc::clone(&shared);
        serving.spawn(async move {
            // A connection that breaks is missed by the end that measures.
            let _ = serve(stream, &shared).await;
            shared.open.fetch_sub(1, Relaxed);
        });
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; REQUEST_BYTES];
    stream.read_exact(&mut request).await?;
    let Some(work) = Work::decode(request) else { return Ok(()) };
    let (mut from, mut to) = stream.split();
    match work {
        Work::Write(_) => shared.write(&mut to).await,
        Work::Read(slot) => shared.read(&mut from, slot).await,
        Work::Both(slot) => {
            tokio::join!(shared.write(&mut to), shared.read(&mut from, slot));
        }
        Work::Echo(size) => {
            let mut message = vec![0; size as usize];
            loop {
                from.read_exact(&mut message).await?;
                to.write_all(&message).await?;
            }
        }
        Work::Greet => {
            to.write_all(&[1]).await?;
            to.shutdown().await?;
            while from.read(&mut request).await? > 0 {}
        }
        Work::Hold => {
            to.write_all(&[1]).await?;
            tokio::io::copy(&mut from, &mut to).await?;
        }
        Work::Stall => shared.release.notified().await,
        Work::Sum => give_back(&mut from, &mut to).await?,
    }
    Ok(())
}

async fn give_back(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    let mut block = vec![0; BLOCK];
    let mut sum = 0;
    loop {
        let count = from.read(&mut block).await?;
        let bytes = block.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        sum += sum_of(bytes);
        to.write_all(bytes).await?;
    }
    to.write_all(&sum.to_be_bytes()).await?;
    to.shutdown().await
}

/// The sum of these bytes.
pub(crate) fn sum_of(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte)).sum()
}
