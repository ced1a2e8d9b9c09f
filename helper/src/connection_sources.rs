//! Tells the appliance which local program opened each connection. Never in a connection's way: what is asked too often is
//! not answered, and looking yields to whatever else wants to run.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::link_messages::HelperToAppliance;

use crate::local_programs::Programs;

/// Connections looked up together; looking costs the same for one and for many.
const BATCH: usize = 128;
/// Places that are left free in a session's queue for messages of more weight.
const LEFT_FREE: usize = 16;
/// Between two looks, at least.
const PAUSE: Duration = Duration::from_millis(250);
/// A look goes through the open files of all programs; the pause after it is so many times as long.
const PAUSES_A_LOOK: u32 = 50;
/// And at most so long: on a workstation that is busy a look takes long, too, and somebody waits for what it finds.
const PAUSE_MOST: Duration = Duration::from_secs(5);

/// A connection whose program is wanted.
pub(crate) struct Source {
    /// Its number in the session.
    pub(crate) stream: u32,
    /// The program's end.
    pub(crate) client: SocketAddr,
    /// Number of the program's socket, where the system tells.
    pub(crate) inode: Option<u64>,
    /// The session's messages for the appliance.
    pub(crate) tell: mpsc::Sender<String>,
}

/// Where connections are handed in.
#[derive(Clone)]
pub(crate) struct Sources {
    queue: mpsc::Sender<Source>,
}

impl Sources {
    /// Starts the task that looks.
    pub(crate) fn start(tracker: &TaskTracker, cancel: CancellationToken) -> Self {
        let (queue, waiting) = mpsc::channel(BATCH);
        let runtime = Handle::current();
        tracker.spawn_blocking(move || {
            yield_to_others();
            runtime.block_on(cancel.run_until_cancelled_owned(look(waiting)))
        });
        Self { queue }
    }

    /// Finds out about a connection, unless too many others wait.
    pub(crate) fn find_out(&self, source: Source) {
        let _ = self.queue.try_send(source);
    }
}

/// The thread runs when nothing else wants to.
#[cfg(target_os = "linux")]
fn yield_to_others() {
    const LEAST: i32 = 19;
    // Linux counts threads here, as setpriority(2) says among its differences.
    if let Err(error) = rustix::process::setpriority_process(None, LEAST) {
        tracing::debug!("looking for programs keeps its priority: {error}");
    }
}

/// Elsewhere it would be the whole process that yields.
#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}

/// Needs a thread of its own: it reads files.
async fn look(mut waiting: mpsc::Receiver<Source>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut programs = Programs::default();
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let inodes: Vec<_> = batch.iter().filter_map(|it: &Source| it.inode).collect();
        let began = Instant::now();
        let found = programs.behind(&inodes);
        let took = began.elapsed();
        for Source { stream, client, inode, tell } in batch.drain(..) {
            let program = inode.and_then(|it| found.get(&it)).map(|holder| holder.program.clone());
            let message = HelperToAppliance::ConnectionSource { stream, address: client.to_string(), program };
            if tell.capacity() > LEFT_FREE
                && let Ok(text) = serde_json::to_string(&message)
            {
                let _ = tell.try_send(text);
            }
        }
        sleep((PAUSES_A_LOOK * took).clamp(PAUSE, PAUSE_MOST)).await;
    }
}
