//! A long way in user space, for machines whose kernel delays nothing: a fixed round trip, a rate shared by all connections
//! with a short queue, and a bound on what one connection has under way, as TCP's window is. TCP's handshake costs its round
//! trip; slow start and loss are not modelled.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// From end to end and back.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(40);
/// Bytes a second in each direction: 1 Gbit/s.
const RATE: f64 = 125_000_000.0;
/// How long a byte may wait for the line.
const QUEUE: Duration = Duration::from_millis(20);
/// Bytes of one connection and direction that are under way or not acknowledged.
const WINDOW: usize = 8 << 20;
/// Bytes read at once.
const BLOCK: usize = 64 * 1024;
/// Blocks under way at most; the window is full before.
const BLOCKS: usize = 4096;
/// The runtime's clock ticks in milliseconds and wakes at the end of a tick.
const HALF_TICK: Duration = Duration::from_micros(500);

/// One direction of the line.
struct Line {
    free_at: Mutex<Instant>,
}

impl Line {
    fn new() -> Self {
        Self { free_at: Mutex::new(Instant::now()) }
    }

    /// When the last of so many bytes has left, that come now.
    fn take(&self, bytes: usize) -> Instant {
        let time = Duration::from_secs_f64(crate::usage::number(bytes as u64) / RATE);
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = (*free_at).max(Instant::now()) + time;
        *free_at
    }

    /// When its queue has room.
    fn has_room_at(&self) -> Instant {
        let free_at = *self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        free_at.checked_sub(QUEUE).unwrap_or(free_at)
    }
}

/// Serves until the process ends.
pub(crate) async fn delay(listener: TcpListener, to: SocketAddr) -> Result<()> {
    let lines = Arc::new((Line::new(), Line::new()));
    let mut carrying = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (client, _) = accepted.context("accepting")?;
                let lines = Arc::clone(&lines);
                // A connection that breaks is missed by the end that measures.
                carrying.spawn(async move { drop(carry(client, to, &lines).await) });
            }
            Some(_) = carrying.join_next() => {}
        }
    }
}

async fn carry(client: TcpStream, to: SocketAddr, (up, down): &(Line, Line)) -> Result<()> {
    client.set_nodelay(true)?;
    // The client may send after one round trip; half a one later the server sees the connection.
    let sends = Instant::now() + ROUND_TRIP;
    let (from_client, to_client) = client.into_split();
    let (connected, to_server) = oneshot::channel();
    let upward = async {
        until(sends).await;
        one_way(from_client, to_server, up).await;
    };
    let downward = async {
        until(sends + ROUND_TRIP / 2).await;
        let server = TcpStream::connect(to).await?;
        server.set_nodelay(true)?;
        let (from_server, to_server) = server.into_split();
        let (here, to_client_here) = oneshot::channel();
        // Both wait for them.
        let _ = (connected.send(to_server), here.send(to_client));
        one_way(from_server, to_client_here, down).await;
        anyhow::Ok(())
    };
    tokio::join!(upward, downward).1
}

/// Carries one direction to its end.
async fn one_way(mut from: OwnedReadHalf, to: oneshot::Receiver<OwnedWriteHalf>, line: &Line) {
    let window = Semaphore::new(WINDOW);
    let (send, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(BLOCKS);
    let (acknowledge, mut acknowledged) = mpsc::channel::<(Instant, usize)>(BLOCKS);
    let reading = async {
        let mut block = vec![0; BLOCK];
        loop {
            until(line.has_room_at()).await;
            // Enough for the largest read; what it did not need goes back at once.
            let Ok(taken) = window.acquire_many(BLOCK as u32).await else { break };
            let Ok(count @ 1..) = from.read(&mut block).await else { break };
            taken.forget();
            window.add_permits(BLOCK - count);
            let arrives = line.take(count) + ROUND_TRIP / 2;
            if send.send((arrives, block.get(..count).unwrap_or_default().to_vec())).await.is_err() {
                break;
            }
        }
        drop(send);
    };
    let writing = async {
        if let Ok(mut to) = to.await {
            while let Some((arrives, block)) = under_way.recv().await {
                until(arrives).await;
                let written = to.write_all(&block).await;
                let at = Instant::now() + ROUND_TRIP / 2;
                if written.is_err() || acknowledge.send((at, block.len())).await.is_err() {
                    break;
                }
            }
            // The end travels as long as data does; the other end may be gone.
            until(Instant::now() + ROUND_TRIP / 2).await;
            let _ = to.shutdown().await;
        }
        under_way.close();
        window.close();
        drop(acknowledge);
    };
    let acknowledging = async {
        while let Some((at, bytes)) = acknowledged.recv().await {
            until(at).await;
            window.add_permits(bytes);
        }
    };
    tokio::join!(reading, writing, acknowledging);
}

async fn until(at: Instant) {
    let at = at - HALF_TICK;
    if at > Instant::now() {
        sleep_until(at).await;
    }
}
