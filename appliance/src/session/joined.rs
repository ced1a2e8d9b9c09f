//! Two links joined, one that waits for the other, and the last words on them.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use wire::api::SessionEnd;
use wire::stream::frame;

use super::links::{End, Links};
use super::live::LiveSession;
use super::registry::Sessions;
use crate::relay::connections::From;
use crate::relay::forward::{Direction, Outbound, Pulse, Stopped, wait_for_rows};
use crate::relay::link::{Incoming, LinkBroken, Outgoing};

/// How long the other side is given to take a word.
const FAREWELL: Duration = Duration::from_secs(2);

impl Sessions {
    pub(super) async fn relay(&self, live: &Arc<LiveSession>, epoch: u64, helper: &End, jumpoint: &End) -> Stopped {
        // Whoever read these links before has let go of them once they can be locked: nothing of the earlier pair follows.
        let from_helper = helper.incoming.clone().lock_owned().await;
        let from_jumpoint = jumpoint.incoming.clone().lock_owned().await;
        let Ok(tap) = live.tap() else {
            self.end(live, SessionEnd::CaptureFailed, None, "");
            return std::future::pending().await;
        };
        if let Err(stopped) = pair(live, epoch, &helper.out, &jumpoint.out).await {
            return stopped;
        }
        let mut relaying = tokio::task::JoinSet::new();
        let (here, sessions) = (live.clone(), self.clone());
        let (to_helper, to_jumpoint) = (helper.out.clone(), jumpoint.out.clone());
        // One task for both directions: whatever happens at a WebSocket wakes who reads it and who writes it, and two tasks that
        // wake at once wake another thread, for every keystroke.
        relaying.spawn(async move {
            let (mut from_helper, mut from_jumpoint) = (from_helper, from_jumpoint);
            let onward = Direction {
                from: From::Helper,
                onward: &to_jumpoint,
                back: &to_helper,
                table: &here.table,
                pulse: &here.helper_pulse,
                gate: &here.gate,
                tap: tap.as_deref(),
                changed: &here.changed,
            };
            let back = Direction {
                from: From::Jumpoint,
                onward: &to_helper,
                back: &to_jumpoint,
                pulse: &here.jumpoint_pulse,
                ..onward
            };
            tokio::select! {
                stopped = onward.run(&mut from_helper, |text| sessions.helper_says(&here, &text)) => stopped,
                stopped = back.run(&mut from_jumpoint, |_| Ok(())) => stopped,
            }
        });
        let first = async {
            match relaying.join_next().await {
                Some(Ok(stopped)) => stopped,
                Some(Err(error)) => Stopped::Broken { from: From::Helper, detail: error.to_string() },
                None => Stopped::Gone { from: From::Helper, detail: String::new() },
            }
        };
        tokio::select! {
            stopped = first => stopped,
            stopped = live.helper_pulse.watch(From::Helper, &helper.out) => stopped,
            stopped = live.jumpoint_pulse.watch(From::Jumpoint, &jumpoint.out) => stopped,
        }
    }

    /// Listens to the links that stand while one is missing. Their frames lead nowhere; they are sent again.
    pub(super) async fn attend(&self, live: &Arc<LiveSession>, links: &Links<End>) -> Stopped {
        let helper = async {
            match &links.helper {
                Some(end) => {
                    alone(live, From::Helper, end, &live.helper_pulse, |text| self.helper_says(live, &text)).await
                }
                None => std::future::pending().await,
            }
        };
        let jumpoint = async {
            match &links.jumpoint {
                Some(end) => alone(live, From::Jumpoint, end, &live.jumpoint_pulse, |_| Ok(())).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            stopped = helper => stopped,
            stopped = jumpoint => stopped,
        }
    }
}

/// Joins two links: what the ends send from now on is between these two. A link that does not take the word is lost: its
/// end would never tell how far it has come, and the other end would wait for it.
async fn pair(live: &LiveSession, epoch: u64, helper: &Outbound, jumpoint: &Outbound) -> Result<(), Stopped> {
    let mut paired = BytesMut::new();
    frame::put_paired(&mut paired, epoch);
    let paired = paired.freeze();
    live.table().begin_epoch(epoch);
    for (from, link) in [(From::Helper, helper), (From::Jumpoint, jumpoint)] {
        let word = async { link.lock().await.send(Outgoing::Frames(paired.clone())).await };
        match timeout(FAREWELL, word).await {
            Ok(Ok(())) => {}
            Ok(Err(LinkBroken(detail))) => return Err(Stopped::Gone { from, detail }),
            Err(_) => return Err(Stopped::Gone { from, detail: "it takes nothing".into() }),
        }
    }
    Ok(())
}

/// Says why and closes the link; a link that does not take it is dropped.
pub(super) async fn farewell(link: &Outbound, text: Option<String>, reason: &'static str) {
    let words = async {
        let mut link = link.lock().await;
        let said = match text {
            Some(text) => link.send(Outgoing::Control(text)).await,
            None => Ok(()),
        };
        if said.is_ok() {
            let _ = link.send(Outgoing::Close(reason)).await;
        }
    };
    let _ = timeout(FAREWELL, words).await;
}

/// Reads what still comes over a link until the other side has closed it too. A socket that is closed with something unread in it
/// is reset, and the other side would lose the words that were on their way.
pub(super) async fn hear_out(end: End) {
    let rest = async {
        let mut incoming = end.incoming.lock().await;
        while let Some(Ok(_)) = incoming.next().await {}
    };
    let _ = timeout(FAREWELL, rest).await;
}

/// Listens to one link until it is gone.
async fn alone(
    live: &LiveSession,
    from: From,
    end: &End,
    pulse: &Pulse,
    mut control: impl FnMut(String) -> Result<(), String>,
) -> Stopped {
    let listen = async {
        let mut incoming = end.incoming.lock().await;
        loop {
            let message = match incoming.next().await {
                None => return Stopped::Gone { from, detail: "closed".into() },
                Some(Err(LinkBroken(detail))) => return Stopped::Gone { from, detail },
                Some(Ok(message)) => message,
            };
            pulse.hear();
            match message {
                Incoming::Pong(sent) => pulse.answered(sent),
                Incoming::Control(text) => {
                    if let Err(detail) = control(text) {
                        return Stopped::Broken { from, detail };
                    }
                    wait_for_rows(from, &live.table, &live.changed).await;
                }
                Incoming::Frames(_) => {}
            }
        }
    };
    tokio::select! {
        stopped = listen => stopped,
        stopped = pulse.watch(from, &end.out) => stopped,
    }
}
