//! The task that hands letters over. What is about the server makes all of them wait; what is about one letter only that one.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wire::Timestamp;
use wire::api::MailServer;

use super::connection::Connection;
use super::error::About;
use super::{MailError, Mailer, letter};
use crate::clock::now;
use crate::store::{LetterRecord, StoreError};

/// Letters that are taken from the database at a time, and handed over with one connection.
const BATCH: u64 = 20;
/// A letter that was not taken for that long is given up.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often to look for what is due or too old when nothing happens here.
const EVERY: Duration = Duration::from_secs(15);
/// How long to wait when the database fails.
const AFTER_STORE_FAILURE: Duration = Duration::from_secs(10);
/// What a letter that is on its way may still take once the appliance stops.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What to do after a round.
enum Next {
    /// Look again at once.
    Now,
    /// Wait for a letter, or for the time of the next one.
    When(Option<Timestamp>),
    /// The server takes none at present.
    Later,
    /// The appliance stops.
    Stop,
}

impl Mailer {
    /// Hands letters over until the appliance stops; a letter that is on its way then has a few seconds.
    pub async fn deliver(self, stopping: CancellationToken) {
        let mut refusals = 0;
        loop {
            let pause = match self.round(&stopping).await {
                Ok(Next::Stop) => return,
                Ok(Next::Now) => {
                    refusals = 0;
                    continue;
                }
                Ok(Next::When(next)) => {
                    refusals = 0;
                    let millis = next.map_or(u64::MAX, |at| at.millis_since(now()));
                    Pause { time: EVERY.min(Duration::from_millis(millis)), until_posted: true }
                }
                Ok(Next::Later) => {
                    refusals += 1;
                    Pause { time: server_pause(refusals), until_posted: false }
                }
                Err(error) => {
                    tracing::warn!(error = %error, "letters that wait cannot be read or written; trying again later");
                    Pause { time: AFTER_STORE_FAILURE, until_posted: false }
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause.time) => {}
                () = self.changed.notified() => refusals = 0,
                () = self.posted.notified(), if pause.until_posted => {}
            }
        }
    }

    async fn round(&self, stopping: &CancellationToken) -> Result<Next, StoreError> {
        let at = now();
        let too_old = at.plus_millis(-i64::try_from(PATIENCE.as_millis()).unwrap_or(i64::MAX));
        let reason = self.obstacle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let reason = reason.unwrap_or_else(|| "it could not be sent for 24 hours".into());
        let given_up = self.store.give_letters_up(too_old, at, &reason).await?;
        if given_up > 0 {
            tracing::error!(letters = given_up, reason, "letters were given up after 24 hours");
        }
        let due = self.store.due_letters(at, BATCH).await?;
        if due.is_empty() {
            return Ok(Next::When(self.store.next_letter_at().await?));
        }
        let connected = tokio::select! {
            () = stopping.cancelled() => return Ok(Next::Stop),
            connected = self.connect() => connected,
        };
        let (server, mut connection) = match connected {
            Ok(connected) => connected,
            Err(error) => return Ok(self.is_away(&error)),
        };
        self.set_obstacle(None);
        for letter in due {
            if stopping.is_cancelled() {
                return Ok(Next::Stop);
            }
            if connection.is_over() {
                // With another connection, in the next round.
                return Ok(Next::Now);
            }
            match hand_over(&mut connection, &letter, &server, stopping).await {
                Ok(()) => self.forget(&letter, stopping).await,
                Err(MailError::Stopping) => return Ok(Next::Stop),
                Err(error) => {
                    self.not_taken(&letter, &error).await?;
                    if error.about() == About::Server {
                        return Ok(self.is_away(&error));
                    }
                }
            }
        }
        connection.close().await;
        Ok(Next::Now)
    }

    /// It was handed over: forgetting that would send it twice.
    async fn forget(&self, letter: &LetterRecord, stopping: &CancellationToken) {
        while let Err(error) = self.store.delete_letter(letter.id).await {
            tracing::warn!(error = %error, letter.id = %letter.id, "a letter that was sent could not be removed; trying again");
            if stopping.run_until_cancelled(tokio::time::sleep(AFTER_STORE_FAILURE)).await.is_none() {
                return;
            }
        }
    }

    async fn not_taken(&self, letter: &LetterRecord, error: &MailError) -> Result<(), StoreError> {
        let at = now();
        let reason = error.to_string();
        if error.about() == About::LetterForGood {
            tracing::error!(letter.id = %letter.id, error = reason, "a letter was given up");
            return self.store.give_letter_up(letter.id, at, &reason).await;
        }
        tracing::info!(letter.id = %letter.id, error = reason, "a letter was not taken; it waits");
        self.store.postpone_letter(letter.id, at.plus_millis(letter_pause(letter.attempts)), &reason).await
    }

    fn is_away(&self, error: &MailError) -> Next {
        tracing::warn!(error = %error, "letters cannot be sent; they wait");
        self.set_obstacle(Some(error.to_string()));
        Next::Later
    }
}

struct Pause {
    time: Duration,
    until_posted: bool,
}

/// Whether it was handed over. Once the appliance stops that has to become clear soon.
async fn hand_over(
    connection: &mut Connection,
    letter: &LetterRecord,
    server: &MailServer,
    stopping: &CancellationToken,
) -> Result<(), MailError> {
    let (envelope, written) = letter::written(letter, server)?;
    let late = async {
        stopping.cancelled().await;
        tokio::time::sleep(STOP_LIMIT).await;
    };
    tokio::select! {
        sent = connection.send(&envelope, &written) => sent,
        () = late => Err(MailError::Stopping),
    }
}

/// How long all letters wait after a server took none `refusals` times in a row: from 5 seconds to 5 minutes.
fn server_pause(refusals: u32) -> Duration {
    Duration::from_secs((5 << refusals.saturating_sub(1).min(6)).min(300))
}

/// For how many milliseconds one letter waits that was refused for now and had been `attempts` times before: from 1 to 30 minutes.
fn letter_pause(attempts: u32) -> i64 {
    (1_i64 << attempts.min(5)).min(30) * 60_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let pauses: Vec<u64> = (1..9).map(|refusals| server_pause(refusals).as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(server_pause(u32::MAX).as_secs(), 300);
        let pauses: Vec<i64> = (0..7).map(|attempts| letter_pause(attempts) / 60_000).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }
}
