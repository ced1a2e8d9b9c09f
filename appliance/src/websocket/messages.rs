//! WebSocket messages as a link's messages, and JSON hellos with a time limit.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures_util::stream::SplitSink;
use futures_util::{Sink, SinkExt, StreamExt};
use link::tls_io::WEBSOCKET_READ_BYTES;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::limits::CONTROL_MESSAGE_BYTES;
use wire::stream::frame::MAX_MESSAGE;

use crate::http::ConnectionInfo;
use crate::relay::link::{Incoming, Link, LinkBroken, Outgoing};
use crate::services::Services;

/// How long the other side has for its first message.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Most bytes of a message: frames and control messages alike.
const MESSAGE_BYTES: usize = if MAX_MESSAGE > CONTROL_MESSAGE_BYTES { MAX_MESSAGE } else { CONTROL_MESSAGE_BYTES };

/// Accepts a link: messages of bounded size; what is behind it is a task of the program's. Until that task ends, the link
/// keeps its place among the connections: it may not have shown who it is.
pub(super) fn accept<F>(
    upgrade: WebSocketUpgrade,
    services: Services,
    info: ConnectionInfo,
    run: impl FnOnce(WebSocket, Services, ConnectionInfo) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks = services.tasks.clone();
    upgrade
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES)
        .read_buffer_size(WEBSOCKET_READ_BYTES)
        .on_upgrade(move |socket| async move { tasks.spawn("link", run(socket, services, info)) })
}

/// The first message of the other side.
///
/// # Errors
/// What is wrong with it, or that it did not come in time.
pub(super) async fn hello<T: DeserializeOwned>(socket: &mut WebSocket) -> Result<T, String> {
    let first = async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).map_err(|error| error.to_string()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_) | Message::Close(_))) => {
                    return Err("the first message has to be text".into());
                }
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("the link ended before its first message".into()),
            }
        }
    };
    tokio::time::timeout(HELLO_WITHIN, first)
        .await
        .unwrap_or_else(|_| Err("the first message did not come in time".into()))
}

/// Says something in JSON. False when the link is gone.
pub(super) async fn say<T: Serialize>(socket: &mut WebSocket, message: &T) -> bool {
    let Ok(text) = serde_json::to_string(message) else { return false };
    socket.send(Message::Text(text.into())).await.is_ok()
}

/// Says why and closes.
pub(super) async fn refuse<T: Serialize>(mut socket: WebSocket, message: &T) {
    if say(&mut socket, message).await {
        let close = CloseFrame { code: close_code::POLICY, reason: Utf8Bytes::from_static("refused") };
        let _ = socket.send(Message::Close(Some(close))).await;
        // The other side answers the close; then nothing of the refusal can be lost.
        let _ = tokio::time::timeout(Duration::from_secs(2), async { while let Some(Ok(_)) = socket.recv().await {} })
            .await;
    }
}

/// The link that this WebSocket carries.
pub(super) fn link(socket: WebSocket) -> Link {
    let (outgoing, incoming) = socket.split();
    let incoming = incoming.filter_map(|message| {
        std::future::ready(match message {
            Ok(Message::Binary(frames)) => Some(Ok(Incoming::Frames(frames))),
            Ok(Message::Text(text)) => Some(Ok(Incoming::Control(text.as_str().to_owned()))),
            Ok(Message::Pong(sent)) => Some(Ok(Incoming::Pong(sent))),
            Ok(Message::Ping(_) | Message::Close(_)) => None,
            Err(error) => Some(Err(broken(error))),
        })
    });
    Link { incoming: Box::pin(incoming), outgoing: Box::pin(Messages(outgoing)) }
}

/// Outgoing messages as those of the WebSocket. However often it fails, it says so: a link has several writers.
struct Messages(SplitSink<WebSocket, Message>);

impl Sink<Outgoing> for Messages {
    type Error = LinkBroken;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), LinkBroken>> {
        self.0.poll_ready_unpin(cx).map_err(broken)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Outgoing) -> Result<(), LinkBroken> {
        let message = match message {
            Outgoing::Frames(bytes) => Message::Binary(bytes),
            Outgoing::Control(text) => Message::Text(text.into()),
            Outgoing::Ping(bytes) => Message::Ping(bytes),
            Outgoing::Close(reason) => {
                Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: Utf8Bytes::from_static(reason) }))
            }
        };
        self.0.start_send_unpin(message).map_err(broken)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), LinkBroken>> {
        self.0.poll_flush_unpin(cx).map_err(broken)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), LinkBroken>> {
        self.0.poll_close_unpin(cx).map_err(broken)
    }
}

fn broken(error: axum::Error) -> LinkBroken {
    LinkBroken(error.to_string())
}
