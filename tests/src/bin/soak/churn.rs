//! Connections that come, talk for a while and go: most of them in order, some cut.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Targets, so that no pair of addresses runs out of ports.
const TARGETS: usize = 8;
/// A connection lives at most about so long.
const LIVES: Duration = Duration::from_secs(40);
/// The same while memory fills that is meant to be filled.
const LIVES_IN_A_HURRY: Duration = Duration::from_secs(1);
/// Into how many lengths the lives of connections are told apart.
const SHARES: u32 = 40;
/// Most bytes of one question.
const QUESTION_BYTES: u64 = 32 * 1024;
/// An answer that takes longer is a failure.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// Servers that send back what they get. They live as long as the runtime.
///
/// # Errors
/// When no port is free.
pub(crate) async fn targets() -> Result<Vec<u16>> {
    let mut ports = Vec::new();
    for _ in 0..TARGETS {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("binding a target")?;
        ports.push(listener.local_addr()?.port());
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    Some(_) = connections.join_next() => {}
                    accepted = listener.accept() => {
                        let Ok((mut stream, _)) = accepted else { continue };
                        connections.spawn(async move {
                            let (mut from, mut to) = stream.split();
                            let _ = tokio::io::copy(&mut from, &mut to).await;
                            let _ = to.shutdown().await;
                        });
                    }
                }
            }
        });
    }
    Ok(ports)
}

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    opened: AtomicU64,
    bytes: AtomicU64,
    cut: AtomicU64,
    failed: AtomicU64,
    hurries: AtomicBool,
}

/// One connection that asks once.
///
/// # Errors
/// When it is not answered.
pub(crate) async fn talk_once(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address).await.context("connecting")?;
    stream.write_all(b"?").await.context("asking")?;
    let answered = timeout(ANSWERED_WITHIN, stream.read_exact(&mut [0; 1])).await.context("no answer came")?;
    answered.map(drop).context("waiting for the answer")
}

/// Connections that come and go until they are told to end.
pub(crate) struct Churn {
    counts: Arc<Counts>,
    over: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    opened: u64,
    cut: u64,
    bytes: u64,
    /// Connections that could not be made, or did not carry what they should.
    pub(crate) failed: u64,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { opened, cut, bytes, failed } = self;
        write!(f, "{opened} connections, {cut} of them cut, {} MiB each way, {failed} failed", bytes >> 20)
    }
}

impl Churn {
    /// So many connections to each address at any time.
    pub(crate) fn start(runtime: &Runtime, addresses: &[SocketAddr], connections: usize) -> Self {
        let counts = Arc::new(Counts::default());
        let (over, told) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut seed = 1;
        for address in addresses {
            for _ in 0..connections {
                seed += 1;
                tasks.spawn_on(come_and_go(*address, Numbers(seed), counts.clone(), told.clone()), runtime.handle());
            }
        }
        Self { counts, over, tasks }
    }

    pub(crate) fn open(&self) -> usize {
        self.counts.open.load(Ordering::Relaxed)
    }

    pub(crate) fn opened(&self) -> u64 {
        self.counts.opened.load(Ordering::Relaxed)
    }

    /// Whether connections come and go as fast as they can.
    pub(crate) fn hurry(&self, hurries: bool) {
        self.counts.hurries.store(hurries, Ordering::Relaxed);
    }

    /// Ends all connections in order.
    pub(crate) fn end(mut self, runtime: &Runtime) -> Done {
        self.over.send_replace(true);
        runtime.block_on(async { while self.tasks.join_next().await.is_some() {} });
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
        let Counts { opened, cut, bytes, failed, .. } = &*self.counts;
        Done { opened: count(opened), cut: count(cut), bytes: count(bytes), failed: count(failed) }
    }
}

async fn come_and_go(address: SocketAddr, mut numbers: Numbers, counts: Arc<Counts>, mut over: watch::Receiver<bool>) {
    // Not all at the same moment.
    let _ = timeout(Duration::from_millis(numbers.below(10_000)), over.wait_for(|over| *over)).await;
    while !*over.borrow() {
        counts.open.fetch_add(1, Ordering::Relaxed);
        counts.opened.fetch_add(1, Ordering::Relaxed);
        let carried = timeout(ANSWERED_WITHIN * 2, live(address, &mut numbers, &counts, &mut over)).await;
        counts.open.fetch_sub(1, Ordering::Relaxed);
        let problem = match carried {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => "it stands still".to_owned(),
        };
        // The first few say what is wrong; the others only count.
        if counts.failed.fetch_add(1, Ordering::Relaxed) < 5 {
            eprintln!("a connection to {address} failed: {problem}");
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// One connection from its beginning to its end.
async fn live(
    address: SocketAddr,
    numbers: &mut Numbers,
    counts: &Counts,
    over: &mut watch::Receiver<bool>,
) -> Result<()> {
    let mut stream = TcpStream::connect(address).await.context("connecting")?;
    let questions = 1 + numbers.below(6) as u32;
    let share = 1 + numbers.below(u64::from(SHARES)) as u32;
    for _ in 0..questions {
        let length = 1 + numbers.below(QUESTION_BYTES);
        let question: Vec<u8> = (0..length).map(|_| numbers.next() as u8).collect();
        let mut answer = vec![0; question.len()];
        let (mut from, mut to) = stream.split();
        let asked = async { tokio::try_join!(to.write_all(&question), from.read_exact(&mut answer)) };
        timeout(ANSWERED_WITHIN, asked).await.context("no answer came")?.context("asking")?;
        ensure!(answer == question, "other bytes came back");
        counts.bytes.fetch_add(length, Ordering::Relaxed);
        let lives = if counts.hurries.load(Ordering::Relaxed) { LIVES_IN_A_HURRY } else { LIVES };
        let pause = lives * share / SHARES / questions;
        if timeout(pause, over.wait_for(|over| *over)).await.is_ok() {
            break;
        }
    }
    if numbers.below(5) == 0 {
        counts.cut.fetch_add(1, Ordering::Relaxed);
        return stream.set_zero_linger().context("cutting");
    }
    stream.shutdown().await.context("finishing")?;
    let left = timeout(ANSWERED_WITHIN, stream.read(&mut [0; 1])).await.context("the end was not answered")?;
    ensure!(left.context("waiting for the end")? == 0, "bytes came behind the end");
    Ok(())
}

/// Numbers that look random (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
