//! JSON messages over a WebSocket, one per text message: greetings and control links.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::dial::WebSocket;

/// Why a message did not pass.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    /// The link broke.
    #[error("the link to the appliance broke: {0}")]
    Broken(String),
    /// The appliance closed the link.
    #[error("the appliance closed the link")]
    Closed,
    /// Nothing came within the time, not even a ping.
    #[error("the appliance was silent for {} seconds", .0.as_secs())]
    Silent(Duration),
    /// A message that makes no sense.
    #[error("the appliance sent a message that makes no sense: {0}")]
    Garbage(String),
}

impl From<WsError> for TalkError {
    fn from(error: WsError) -> Self {
        match error {
            WsError::ConnectionClosed | WsError::AlreadyClosed => Self::Closed,
            error => Self::Broken(plain(&error)),
        }
    }
}

/// A broken connection in plain words: the libraries' own are for their users.
pub(crate) fn plain(error: &WsError) -> String {
    use io::ErrorKind as Kind;
    let cut = match error {
        WsError::Io(error) => matches!(
            error.kind(),
            Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe
        ),
        WsError::Protocol(error) => matches!(error, ProtocolError::ResetWithoutClosingHandshake),
        _ => false,
    };
    if cut { "the connection was cut".into() } else { error.to_string() }
}

/// Sends one message.
///
/// # Errors
/// When the link is broken or closed.
pub async fn send(socket: &mut WebSocket, message: &impl Serialize) -> Result<(), TalkError> {
    let text = serde_json::to_string(message).map_err(|error| TalkError::Garbage(error.to_string()))?;
    Ok(socket.send(Message::text(text)).await?)
}

/// The next message. `silence` is how long nothing at all may come; pings are answered on the way and count as life.
///
/// # Errors
/// When the link is broken, closed or silent, or the message makes no sense; after the last one the link is still good.
pub async fn receive<T: DeserializeOwned>(socket: &mut WebSocket, silence: Duration) -> Result<T, TalkError> {
    loop {
        let message = timeout(silence, socket.next()).await.map_err(|_| TalkError::Silent(silence))?;
        match message {
            None | Some(Ok(Message::Close(_))) => return Err(TalkError::Closed),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(Message::Text(text))) => {
                return serde_json::from_str(&text).map_err(|error| TalkError::Garbage(error.to_string()));
            }
            Some(Ok(Message::Binary(_))) => return Err(TalkError::Garbage("bytes instead of text".into())),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
        }
    }
}
