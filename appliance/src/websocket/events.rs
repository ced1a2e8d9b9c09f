//! The event socket: what consoles hear.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout};
use wire::api::{ConsoleEvent, Fault};

use crate::events::{Announcement, Audience};
use crate::http::{AtConsole, Failure, Upgrade, Watching, is_same_origin};
use crate::services::{Services, VERSION};
use crate::sign_in::browsers;
use crate::store::StoreError;

/// A console that does not take an event in this time is dropped; it connects again and loads what it shows.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// How often the socket is pinged, and it is checked that its user is still signed in and may hear what they hear.
const CHECK_EVERY: Duration = Duration::from_secs(20);
/// A socket whose sign-in could not be checked so many times in a row is closed.
const UNKNOWN_MOST: u32 = 3;
/// Bytes a console may send in one message; it has nothing to say.
const MESSAGE_BYTES: usize = 4096;

/// A WebSocket with one `ConsoleEvent` in JSON per message.
#[utoipa::path(get, path = "/api/events", tag = "events", responses((status = 101, description = "The event socket"), (status = 401, body = wire::api::ApiError), (status = 403, body = wire::api::ApiError), (status = 429, body = wire::api::ApiError)))]
pub(crate) async fn events(
    State(services): State<Services>,
    Watching(who): Watching,
    request: axum::extract::Request,
) -> Result<Response, Failure> {
    let (mut parts, _) = request.into_parts();
    // Browsers open WebSockets from any page and send the cookie along: the page's origin decides.
    if !is_same_origin(&parts, &services.public_url) || !parts.headers.contains_key(http::header::ORIGIN) {
        let message = "The event socket is for the console.";
        return Err(Failure::new(StatusCode::FORBIDDEN, Fault::User, "origin", message, "Open the console."));
    }
    let Upgrade(upgrade) = Upgrade::from_request_parts(&mut parts, &services).await?;
    let Some(seat) = services.events.seat(who.user.id) else {
        let message = "The console is open in as many windows as the appliance serves for one user.";
        let next_step = "Close some of them.";
        return Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, Fault::User, "too_many_windows", message, next_step));
    };
    let tasks = services.tasks.clone();
    let run = |socket| async move {
        tasks.spawn("event socket", async move {
            run(socket, services, who).await;
            drop(seat);
        });
    };
    Ok(upgrade.max_message_size(MESSAGE_BYTES).max_frame_size(MESSAGE_BYTES).on_upgrade(run))
}

async fn run(mut socket: WebSocket, services: Services, who: AtConsole) {
    let mut announcements = services.events.listen();
    let hello = ConsoleEvent::Hello { appliance_version: VERSION.into(), boot_id: services.boot_id.to_string() };
    if !tell(&mut socket, &hello).await {
        return;
    }
    let stopping = services.tasks.stopping();
    // At once, too: what happened before it listened, nobody told it.
    let mut check_at = Instant::now();
    let mut unknown = 0;
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
                Err(RecvError::Lagged(_)) => {
                    // Among what it missed may have been its last word.
                    check_at = Instant::now();
                    if !tell(&mut socket, &ConsoleEvent::Lagged).await { return }
                }
                Err(RecvError::Closed) => return,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            () = tokio::time::sleep_until(check_at) => {
                check_at = Instant::now() + CHECK_EVERY;
                match standing(&services, &who).await {
                    Ok(Standing::AsBefore) => unknown = 0,
                    Ok(Standing::Over) => {
                        tell(&mut socket, &ConsoleEvent::SignedOut { message: "Your sign-in is over.".into() }).await;
                        return close(socket).await;
                    }
                    Ok(Standing::OtherRole) => {
                        // It connects again, with what it may hear now.
                        tell(&mut socket, &ConsoleEvent::Lagged).await;
                        return close(socket).await;
                    }
                    Err(error) => {
                        tracing::warn!(user.id = %who.user.id, error = %error, "a sign-in could not be checked");
                        unknown += 1;
                        if unknown >= UNKNOWN_MOST {
                            return close(socket).await;
                        }
                    }
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

fn hears(who: &AtConsole, announcement: &Announcement) -> Hears {
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

/// How the one who listens stands now, compared with when the socket was opened.
enum Standing {
    AsBefore,
    OtherRole,
    Over,
}

/// An open socket is no use of the console: it does not keep a sign-in alive, and ends with it.
async fn standing(services: &Services, who: &AtConsole) -> Result<Standing, StoreError> {
    let browser = services.store.browser_by_token(&who.browser.token_hash).await?;
    let now = crate::clock::now();
    if !browser.is_some_and(|it| browsers::is_current(&it, now, services.site_rules.timeouts())) {
        return Ok(Standing::Over);
    }
    Ok(match services.store.user(who.user.id).await? {
        Some(user) if user.enabled && user.role == who.user.role => Standing::AsBefore,
        Some(user) if user.enabled => Standing::OtherRole,
        _ => Standing::Over,
    })
}

async fn tell(socket: &mut WebSocket, event: &ConsoleEvent) -> bool {
    let Ok(text) = serde_json::to_string(event) else { return true };
    matches!(timeout(SEND_WITHIN, socket.send(Message::Text(text.into()))).await, Ok(Ok(())))
}

async fn close(mut socket: WebSocket) {
    let _ = timeout(Duration::from_secs(2), socket.send(Message::Close(None))).await;
}
