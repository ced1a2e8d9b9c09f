//! The event socket: what consoles hear.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout};
use wire::api::{ConsoleEvent, Fault};

use crate::events::{Announcement, Audience};
use crate::http::{Failure, SignedIn, is_same_origin};
use crate::services::{Services, VERSION};
use crate::sign_in::browsers;

/// A console that does not take an event in this time is dropped; it connects again and loads what it shows.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// How often the socket is pinged, and it is checked that the browser is still signed in.
const CHECK_EVERY: Duration = Duration::from_secs(20);
/// Bytes a console may send in one message; it has nothing to say.
const MESSAGE_BYTES: usize = 4096;

/// A WebSocket with one `ConsoleEvent` in JSON per message.
#[utoipa::path(get, path = "/api/events", tag = "events", responses((status = 101, description = "The event socket"), (status = 401, body = wire::api::ApiError), (status = 403, body = wire::api::ApiError)))]
pub(crate) async fn events(
    State(services): State<Services>,
    who: SignedIn,
    request: axum::extract::Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    // Browsers open WebSockets from any page and send the cookie along: the page's origin decides.
    if !is_same_origin(&parts) || !parts.headers.contains_key(http::header::ORIGIN) {
        let message = "The event socket is for the console.";
        return Failure::new(StatusCode::FORBIDDEN, Fault::User, "origin", message, "Open the console.")
            .into_response();
    }
    match WebSocketUpgrade::from_request_parts(&mut parts, &services).await {
        Ok(upgrade) => {
            let tasks = services.tasks.clone();
            upgrade
                .max_message_size(MESSAGE_BYTES)
                .on_upgrade(move |socket| async move { tasks.spawn("event socket", run(socket, services, who)) })
        }
        Err(rejection) => rejection.into_response(),
    }
}

async fn run(mut socket: WebSocket, services: Services, who: SignedIn) {
    let mut announcements = services.events.listen();
    let hello = ConsoleEvent::Hello { appliance_version: VERSION.into(), boot_id: services.boot_id.to_string() };
    if !tell(&mut socket, &hello).await {
        return;
    }
    let stopping = services.tasks.stopping();
    let mut check_at = Instant::now() + CHECK_EVERY;
    loop {
        tokio::select! {
            announced = announcements.recv() => match announced {
                Ok(announcement) => match hears(&who, &announcement) {
                    Hears::No => {}
                    Hears::Yes => if !tell(&mut socket, &announcement.event).await { return },
                    Hears::AsTheLast => {
                        tell(&mut socket, &announcement.event).await;
                        return close(socket).await;
                    }
                },
                Err(RecvError::Lagged(_)) => if !tell(&mut socket, &ConsoleEvent::Lagged).await { return },
                Err(RecvError::Closed) => return,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            () = tokio::time::sleep_until(check_at) => {
                check_at = Instant::now() + CHECK_EVERY;
                if !still_signed_in(&services, &who).await {
                    tell(&mut socket, &ConsoleEvent::SignedOut { message: "Your sign-in is over.".into() }).await;
                    return close(socket).await;
                }
                let ping = timeout(SEND_WITHIN, socket.send(Message::Ping(axum::body::Bytes::new()))).await;
                if !matches!(ping, Ok(Ok(()))) { return }
            }
            () = stopping.cancelled() => {
                tell(&mut socket, &ConsoleEvent::Stopping { in_seconds: 0 }).await;
                return close(socket).await;
            }
        }
    }
}

enum Hears {
    No,
    Yes,
    AsTheLast,
}

fn hears(who: &SignedIn, announcement: &Announcement) -> Hears {
    match announcement.audience {
        Audience::Everyone => Hears::Yes,
        Audience::Administrators if who.is_administrator() => Hears::Yes,
        Audience::UserAndAdministrators(user) if who.is_administrator() || who.user.id == user => Hears::Yes,
        Audience::LastWord(user, browser) if who.user.id == user && browser.is_none_or(|it| it == who.browser.id) => {
            Hears::AsTheLast
        }
        Audience::Administrators | Audience::UserAndAdministrators(_) | Audience::LastWord(..) => Hears::No,
    }
}

/// An open socket is no use of the console: it does not keep a sign-in alive, and ends with it.
async fn still_signed_in(services: &Services, who: &SignedIn) -> bool {
    let Ok(all) = services.store.browsers_of(who.user.id).await else { return true };
    let now = crate::clock::now();
    let known = all.iter().find(|it| it.id == who.browser.id);
    known.is_some_and(|it| browsers::is_current(it, now, services.config.sign_in))
}

async fn tell(socket: &mut WebSocket, event: &ConsoleEvent) -> bool {
    let Ok(text) = serde_json::to_string(event) else { return true };
    matches!(timeout(SEND_WITHIN, socket.send(Message::Text(text.into()))).await, Ok(Ok(())))
}

async fn close(mut socket: WebSocket) {
    let _ = timeout(Duration::from_secs(2), socket.send(Message::Close(None))).await;
}
