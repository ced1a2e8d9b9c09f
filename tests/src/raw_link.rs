//! A link to the appliance spoken by hand: what a broken or hostile program might say on it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use link::{ApplianceUrl, Dialer, Trust, WebSocket};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use wire::api::TunnelTicket;
use wire::link_messages::{ApplianceToHelper, HELPER_LINK_PATH, HelperHello, Versions};
use wire::stream::Kind;
use wire::stream::frame::{self, Frame};

use crate::appliance::Ready;

/// How long the appliance may take to say something.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// A WebSocket to the appliance. All calls wait until they are done.
pub struct RawLink {
    socket: WebSocket,
    runtime: Runtime,
}

/// What came over the link.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A text message.
    Text(String),
    /// A binary message.
    Bytes(Bytes),
    /// The appliance closed the link, in order or not.
    Closed,
    /// Nothing came within the time.
    Nothing,
}

impl RawLink {
    /// Dials `path`.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn dial(ready: &Ready, path: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let appliance: ApplianceUrl = ready.url.parse().map_err(|error| anyhow::anyhow!("{}: {error}", ready.url))?;
        let trust = Trust::from_pem(&std::fs::read(&ready.ca)?)?;
        let dialer = Dialer::new(appliance, &trust)?;
        let socket = runtime.block_on(dialer.web_socket(path)).with_context(|| format!("dialling {path}"))?;
        Ok(Self { socket, runtime })
    }

    /// Dials as a helper and shows a ticket; the answer is the caller's to judge.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn dial_as_helper(ready: &Ready, ticket: &TunnelTicket) -> Result<(Self, ApplianceToHelper)> {
        let mut link = Self::dial(ready, HELPER_LINK_PATH)?;
        link.say(&HelperHello {
            versions: Versions::OURS,
            version: env!("CARGO_PKG_VERSION").into(),
            os: "linux".into(),
            session_id: ticket.session_id,
            ticket: ticket.ticket.clone(),
            resume: None,
        })?;
        let answer = link.hear()?;
        Ok((link, answer))
    }

    /// Waits until the appliance joins this link with the agent's, and says that there is nothing to go on with.
    ///
    /// # Errors
    /// When the appliance or the agent does not answer.
    pub fn greet(&mut self) -> Result<()> {
        let paired = self.wait_for_frame(|it| it.header.kind == Kind::Paired)?;
        let epoch = paired.header.offset;
        self.say_frames(|out| {
            frame::put_resume(out, epoch, 0);
            frame::put_resumed(out, epoch);
        })?;
        self.wait_for_frame(|it| it.header.kind == Kind::Resumed && it.header.offset == epoch)?;
        Ok(())
    }

    /// Sends a JSON message.
    ///
    /// # Errors
    /// When the link is closed.
    pub fn say(&mut self, message: &impl Serialize) -> Result<()> {
        self.say_text(serde_json::to_string(message)?)
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// When the link is closed.
    pub fn say_text(&mut self, text: String) -> Result<()> {
        self.runtime.block_on(self.socket.send(Message::text(text))).context("sending a text message")
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// When the link is closed.
    pub fn say_bytes(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        self.runtime.block_on(self.socket.send(Message::binary(bytes))).context("sending a binary message")
    }

    /// Sends frames, as `put` writes them.
    ///
    /// # Errors
    /// When the link is closed.
    pub fn say_frames(&mut self, put: impl FnOnce(&mut BytesMut)) -> Result<()> {
        let mut bytes = BytesMut::new();
        put(&mut bytes);
        self.say_bytes(bytes)
    }

    /// What comes next, within `limit`.
    pub fn receive(&mut self, limit: Duration) -> Received {
        let socket = &mut self.socket;
        self.runtime.block_on(async {
            let message = tokio::time::timeout(limit, async {
                loop {
                    match socket.next().await {
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                        other => return other,
                    }
                }
            });
            match message.await {
                Err(_) => Received::Nothing,
                Ok(Some(Ok(Message::Text(text)))) => Received::Text(text.to_string()),
                Ok(Some(Ok(Message::Binary(bytes)))) => Received::Bytes(bytes),
                Ok(_) => Received::Closed,
            }
        })
    }

    /// The next JSON message; bytes before it are let go.
    ///
    /// # Errors
    /// When none comes.
    pub fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        loop {
            match self.receive(ANSWER_LIMIT) {
                Received::Text(text) => {
                    return serde_json::from_str(&text).with_context(|| format!("the appliance says {text}"));
                }
                Received::Bytes(_) => {}
                other => bail!("instead of a message came {other:?}"),
            }
        }
    }

    /// The first frame that `wanted` takes; everything before it is let go.
    ///
    /// # Errors
    /// When none comes.
    pub fn wait_for_frame(&mut self, wanted: impl Fn(&Frame) -> bool) -> Result<Frame> {
        loop {
            match self.receive(ANSWER_LIMIT) {
                Received::Bytes(mut message) => {
                    while let Some(frame) = frame::next(&mut message)? {
                        if wanted(&frame) {
                            return Ok(frame);
                        }
                    }
                }
                Received::Text(_) => {}
                other => bail!("instead of a frame came {other:?}"),
            }
        }
    }

    /// Waits until the appliance closes the link.
    ///
    /// # Errors
    /// When it does not.
    pub fn wait_for_close(&mut self) -> Result<()> {
        loop {
            match self.receive(ANSWER_LIMIT) {
                Received::Closed => return Ok(()),
                Received::Nothing => bail!("the appliance keeps the link open"),
                Received::Text(_) | Received::Bytes(_) => {}
            }
        }
    }
}
