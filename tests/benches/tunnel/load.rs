//! The near end: connections through a way, and what they see.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::target::{Shared, sum_of};
use crate::usage::{Spent, Window, number};
use crate::work::{Work, noise};

/// One step of a connection may take this long.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes of each connection whose ends are looked at.
const ENDS_BYTES: usize = 4 << 20;
/// Fresh connections one after the other, at most: each leaves its port behind for a minute.
const FRESH_IN_A_ROW: usize = 1000;
/// Written at once there; no power of two.
const PIECE: usize = 31_337;
const GIB: f64 = 1_073_741_824.0;

/// Which way the bytes go: down to the client, up to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the client.
    Down,
    /// To the target.
    Up,
    /// Both at once.
    Both,
}

/// Times of many operations, in seconds, sorted.
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// Of any order.
    pub(crate) fn new(mut times: Vec<f64>) -> Result<Self> {
        ensure!(!times.is_empty(), "nothing came back in time");
        times.sort_by(f64::total_cmp);
        Ok(Self(times))
    }

    /// The value that `percent` of them do not exceed, in milliseconds.
    pub(crate) fn milliseconds(&self, percent: usize) -> f64 {
        let at = (self.0.len() - 1) * percent / 100;
        self.0.get(at).copied().unwrap_or(f64::NAN) * 1e3
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// What some streams moved.
pub(crate) struct Throughput {
    /// GiB a second of all together.
    pub(crate) rate: f64,
    /// The slowest over the fastest.
    pub(crate) evenness: f64,
    /// Those that moved nothing.
    pub(crate) silent: usize,
    /// CPU seconds a GiB.
    pub(crate) cpu: f64,
}

/// Connections through one way.
#[derive(Clone)]
pub(crate) struct Load {
    /// Its near end.
    pub(crate) near: SocketAddr,
    /// Its processes.
    pub(crate) pids: Arc<Vec<u32>>,
    /// What the target knows.
    pub(crate) shared: Arc<Shared>,
}

impl Load {
    /// A connection with its request sent.
    pub(crate) async fn open(&self, work: Work) -> Result<TcpStream> {
        let mut stream = timeout(LIMIT, TcpStream::connect(self.near)).await.context("connecting took too long")??;
        stream.set_nodelay(true)?;
        stream.write_all(&work.encode()).await?;
        Ok(stream)
    }

    /// Waits until the target has no connection left, so that no measurement spills into the next.
    pub(crate) async fn settle(&self) {
        let end = Instant::now() + Duration::from_secs(8);
        while self.shared.open() > 0 && Instant::now() < end {
            sleep(Duration::from_millis(5)).await;
        }
        sleep(Duration::from_millis(50)).await;
    }

    /// Adds a stream that goes on until the set is dropped.
    pub(crate) fn bulk(&self, streams: &mut JoinSet<()>, direction: Direction, slot: u16) {
        let load = self.clone();
        streams.spawn(async move {
            let work = match direction {
                Direction::Down => Work::Write(slot),
                Direction::Up => Work::Read(slot),
                Direction::Both => Work::Both(slot),
            };
            let Ok(mut stream) = load.open(work).await else { return };
            let (mut from, mut to) = stream.split();
            match direction {
                Direction::Down => load.shared.read(&mut from, slot).await,
                Direction::Up => load.shared.write(&mut to).await,
                Direction::Both => {
                    tokio::join!(load.shared.read(&mut from, slot), load.shared.write(&mut to));
                }
            }
        });
    }

    /// So many streams for this long, after a time to get going.
    pub(crate) async fn throughput(
        &self,
        direction: Direction,
        count: u16,
        warm: Duration,
        span: Duration,
    ) -> Result<Throughput> {
        let mut streams = JoinSet::new();
        for slot in 0..count {
            self.bulk(&mut streams, direction, slot);
        }
        sleep(warm).await;
        let received = || (0..count).map(|slot| self.shared.received(slot)).collect::<Vec<_>>();
        let (window, before) = (Window::open(&self.pids, &[])?, received());
        sleep(span).await;
        let (after, spent) = (received(), window.close()?);
        streams.shutdown().await;
        self.settle().await;
        let moved: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        let gib = number(moved.iter().sum()) / GIB;
        let (slowest, fastest) = (moved.iter().min().copied().unwrap_or(0), moved.iter().max().copied().unwrap_or(0));
        Ok(Throughput {
            rate: gib / spent.wall,
            evenness: number(slowest) / number(fastest.max(1)),
            silent: moved.iter().filter(|&&bytes| bytes == 0).count(),
            cpu: if gib > 0.0 { spent.cpu / gib } else { f64::NAN },
        })
    }

    /// GiB a second that one slot receives.
    pub(crate) async fn rate_of(&self, slot: u16, span: Duration) -> f64 {
        let (began, before) = (Instant::now(), self.shared.received(slot));
        sleep(span).await;
        number(self.shared.received(slot) - before) / GIB / began.elapsed().as_secs_f64()
    }

    /// Messages there and back, one after the other, for this long. The first one, that opens the far end, does not count.
    pub(crate) async fn ping(&self, size: u32, span: Duration) -> Result<Times> {
        let mut stream = self.open(Work::Echo(size)).await?;
        let (message, mut answer) = (noise(size as usize), vec![0; size as usize]);
        let mut times = Vec::new();
        let mut end = None;
        while end.is_none_or(|end| Instant::now() < end) {
            let began = Instant::now();
            timeout(LIMIT, async {
                stream.write_all(&message).await?;
                stream.read_exact(&mut answer).await
            })
            .await
            .context("a message did not come back")??;
            match end {
                Some(_) => times.push(began.elapsed().as_secs_f64()),
                None => end = Some(Instant::now() + span),
            }
        }
        Times::new(times)
    }

    /// A connection from nothing to its first byte back, in seconds.
    async fn fresh(&self) -> Result<f64> {
        let began = Instant::now();
        let mut stream = self.open(Work::Greet).await?;
        timeout(LIMIT, stream.read_exact(&mut [0])).await.context("no first byte")??;
        Ok(began.elapsed().as_secs_f64())
    }

    /// Fresh connections, one after the other in each of so many rows.
    pub(crate) async fn connections(&self, rows: usize, span: Duration) -> Result<(Times, Spent)> {
        let (window, end) = (Window::open(&self.pids, &[])?, Instant::now() + span);
        let mut running = JoinSet::new();
        for _ in 0..rows {
            let load = self.clone();
            running.spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end && times.len() < FRESH_IN_A_ROW {
                    times.push(load.fresh().await?);
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(row) = running.join_next().await {
            times.extend(row??);
        }
        let spent = window.close()?;
        self.settle().await;
        Ok((Times::new(times)?, spent))
    }

    /// So many connections at once, with their first byte back; how long all took, in seconds.
    pub(crate) async fn hold(&self, count: usize) -> Result<(Vec<TcpStream>, f64)> {
        let began = Instant::now();
        let mut opening = JoinSet::new();
        for _ in 0..count {
            let load = self.clone();
            opening.spawn(async move {
                let mut stream = load.open(Work::Hold).await?;
                timeout(LIMIT, stream.read_exact(&mut [0])).await.context("no first byte")??;
                anyhow::Ok(stream)
            });
        }
        let mut held = Vec::new();
        while let Some(opened) = opening.join_next().await {
            held.push(opened??);
        }
        Ok((held, began.elapsed().as_secs_f64()))
    }

    /// Sends a stream there and back and compares every byte; whether all came, the end after it, and the far end's sum. With
    /// `early` the client ends its output before it reads the first answer.
    pub(crate) async fn ends(&self, early: bool) -> Result<bool> {
        timeout(2 * LIMIT, self.give_and_compare(early)).await.context("the end did not come")?
    }

    async fn give_and_compare(&self, early: bool) -> Result<bool> {
        let (mut from, mut to) = self.open(Work::Sum).await?.into_split();
        let data = Arc::new(noise(ENDS_BYTES));
        let written = Arc::clone(&data);
        let mut writing = JoinSet::new();
        writing.spawn(async move {
            for piece in written.chunks(PIECE) {
                to.write_all(piece).await?;
            }
            if early {
                to.shutdown().await?;
            }
            anyhow::Ok(to)
        });
        let mut received = vec![0; ENDS_BYTES];
        from.read_exact(&mut received).await?;
        let mut to = writing.join_next().await.context("nobody writes")???;
        if !early {
            to.shutdown().await?;
        }
        let mut told = [0; 8];
        from.read_exact(&mut told).await?;
        let ended = from.read(&mut [0]).await? == 0;
        Ok(ended && received == *data && u64::from_be_bytes(told) == sum_of(&data))
    }
}
