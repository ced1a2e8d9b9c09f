//! All sessions that are not over: how they begin, and the one place where they end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq;
use wire::api::{ConsoleEvent, SessionEnd, SessionEvent, SessionState, TunnelTicket};
use wire::link_messages::{Refusal, Resumption};
use wire::stream::EndReason;
use wire::{JumpItemId, SecretText, SessionEventId, SessionId, Timestamp};

use super::audited::allowed;
use super::letters::SessionLetters;
use super::lifecycle::{self, Step, UNUSED_AFTER, end_message};
use super::live::{Ending, LiveSession};
use super::ticket::Tickets;
use super::totals::Counted;
use crate::agents::presence::Presence;
use crate::audit::{Audit, By};
use crate::clock::now;
use crate::events::{Audience, EventBus};
use crate::metrics::{Link, Metrics};
use crate::random;
use crate::shutdown::Tasks;
use crate::store::{SessionEventRecord, SessionRecord, Store, StoreError};

/// The sessions that are not over. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    pub(super) store: Store,
    pub(super) audit: Audit,
    pub(super) events: EventBus,
    pub(super) presence: Presence,
    pub(super) tasks: Tasks,
    /// How long a link of a session may be lost where no policy says otherwise.
    pub(super) grace: Duration,
    pub(super) letters: SessionLetters,
    /// Held from the decision to the beginning of a session that has to be the only one of its item.
    pub alone: Arc<tokio::sync::Mutex<()>>,
    /// Held while a node is chosen for a session.
    pub(super) choosing: Arc<Mutex<()>>,
    /// What sessions counted that are over.
    pub(super) past: Arc<Mutex<Counted>>,
    pub(super) metrics: Metrics,
    live: Arc<Mutex<HashMap<SessionId, Arc<LiveSession>>>>,
    tickets: Arc<Mutex<Tickets>>,
}

/// A helper that was taken in.
pub struct Admitted {
    /// Its session.
    pub live: Arc<LiveSession>,
    /// How it comes back when its link is lost.
    pub resumption: Resumption,
}

/// Why no ticket was given.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// The session is over or unknown.
    #[error("the session is over")]
    Over,
    /// It has its link already.
    #[error("the session is tunnelling already")]
    AlreadyTunnelling,
    /// No secret could be made.
    #[error(transparent)]
    NoRandomness(#[from] random::NoRandomness),
}

impl Sessions {
    /// No sessions yet.
    #[must_use]
    pub fn new(
        audit: Audit,
        events: EventBus,
        presence: Presence,
        tasks: Tasks,
        grace: Duration,
        metrics: Metrics,
        letters: SessionLetters,
    ) -> Self {
        let store = audit.store().clone();
        let (alone, choosing, past, live, tickets) = Default::default();
        Self { store, audit, events, presence, tasks, grace, letters, alone, choosing, past, metrics, live, tickets }
    }

    /// Begins a session: it is in the database before anybody hears of it.
    ///
    /// # Errors
    /// When it cannot be written down; then it does not begin.
    pub async fn begin(
        &self,
        record: SessionRecord,
        told_of_start: &[String],
        by: &By,
    ) -> Result<Arc<LiveSession>, StoreError> {
        let message = match &record.joined {
            None => format!("{} pressed Jump on {}.", record.user_name, record.item_name),
            Some(it) => {
                format!("{} joined the session of {} on {}.", record.user_name, it.owner_name, record.item_name)
            }
        };
        let first = event(record.id, "started", &message, Some(&record.user_name));
        let change = self.audit.begin().await?;
        change.insert_session(&record, &first).await?;
        change.commit(by, [allowed(&record)]).await?;
        let live = LiveSession::new(record);
        self.enter(&live);
        self.metrics.session_started();
        self.announce(&live);
        self.enter_shared(&live).await;
        self.letters.tell(told_of_start, &live.snapshot()).await;
        Ok(live)
    }

    pub(super) fn enter(&self, live: &Arc<LiveSession>) {
        live.helper_pulse.counted_in(self.metrics.round_trips(Link::Helper));
        live.jumpoint_pulse.counted_in(self.metrics.round_trips(Link::Jumpoint));
        self.lock().insert(live.id, live.clone());
    }

    pub(super) fn remove(&self, id: SessionId) {
        self.lock().remove(&id);
    }

    /// A session that is not over.
    #[must_use]
    pub fn get(&self, id: SessionId) -> Option<Arc<LiveSession>> {
        self.lock().get(&id).cloned()
    }

    /// Every session that is not over.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<LiveSession>> {
        self.lock().values().cloned().collect()
    }

    /// Whether anybody has a session on this item.
    #[must_use]
    pub fn is_in_use(&self, item: JumpItemId) -> bool {
        let is_its = |live: &Arc<LiveSession>| live.ending().is_none() && live.is_of(item);
        self.lock().values().any(is_its)
    }

    /// Gives out a ticket for the helper's link.
    ///
    /// # Errors
    /// When the session cannot use one.
    pub fn give_ticket(&self, id: SessionId) -> Result<TunnelTicket, TicketError> {
        let live = self.get(id).ok_or(TicketError::Over)?;
        if live.state() != SessionState::Ready {
            return Err(TicketError::AlreadyTunnelling);
        }
        let secret = random::secret()?;
        let expires_at = self.lock_tickets().give(random::hash(&secret), id, now());
        Ok(TunnelTicket { session_id: id, ticket: SecretText::new(secret), expires_at })
    }

    /// A helper shows a ticket: its session, from now on connecting.
    ///
    /// # Errors
    /// What is wrong, with a sentence for the person.
    pub fn admit_helper(&self, id: SessionId, ticket: &SecretText) -> Result<Admitted, (Refusal, String)> {
        let hash = random::hash(ticket.expose());
        self.lock_tickets().redeem(&hash, id, now()).map_err(|refusal| (refusal, ticket_message(refusal).into()))?;
        let live = self.get(id).ok_or((Refusal::SessionOver, "This session is over. Press Jump again.".into()))?;
        let failed = |_| (Refusal::Internal, "The appliance could not make a secret.".to_owned());
        let secret = random::secret().map_err(failed)?;
        let mut admitted = false;
        live.change(|record| {
            if let Some(state) = lifecycle::next(record.state, Step::HelperCalled) {
                record.state = state;
                record.resume_hash = Some(random::hash(&secret));
                admitted = true;
            }
        });
        if !admitted {
            return Err((Refusal::TicketUsed, "This session has its helper already.".into()));
        }
        let resumption = self.resumption(&live.snapshot(), secret);
        Ok(Admitted { live, resumption })
    }

    /// A helper whose link was lost comes back with the secret of its welcome.
    ///
    /// # Errors
    /// What is wrong, with a sentence for the person.
    pub async fn admit_again(&self, id: SessionId, secret: &SecretText) -> Result<Admitted, (Refusal, String)> {
        let over = || (Refusal::SessionOver, "This session is over. Press Jump again.".to_owned());
        let live = self.get(id).filter(|live| live.ending().is_none()).ok_or_else(over)?;
        let record = live.snapshot();
        let hash = random::hash(secret.expose());
        let is_its = record.resume_hash.as_ref().is_some_and(|it| bool::from(it.as_slice().ct_eq(&hash)));
        if !is_its {
            return Err((Refusal::TicketUnknown, ticket_message(Refusal::TicketUnknown).into()));
        }
        // Whoever may not work any more does not come back through a link that was lost in between.
        match self.standing(&record).await {
            Ok(standing) => {
                if !self.apply(&live, standing, None) {
                    return Err(over());
                }
            }
            Err(error) => {
                tracing::error!(session.id = %id, error = %error, "a user could not be looked up");
                return Err((Refusal::Internal, "The appliance could not read its database.".into()));
            }
        }
        Ok(Admitted { live, resumption: self.resumption(&record, secret.expose().to_owned()) })
    }

    /// How long a link of this session may be lost.
    pub(super) fn grace_of(&self, record: &SessionRecord) -> Duration {
        record.link_grace_seconds.map_or(self.grace, |seconds| Duration::from_secs(seconds.into()))
    }

    fn resumption(&self, record: &SessionRecord, secret: String) -> Resumption {
        let grace_seconds = u32::try_from(self.grace_of(record).as_secs()).unwrap_or(u32::MAX);
        Resumption { secret: SecretText::new(secret), grace_seconds }
    }

    /// Whether a session waits for the appliance when that stops.
    #[must_use]
    pub fn outlives_the_appliance(&self, live: &LiveSession) -> bool {
        live.state() == SessionState::Tunnelling && !self.grace_of(&live.snapshot()).is_zero()
    }

    /// Ends a session with the words of its kind: the first end counts.
    pub fn end(&self, live: &Arc<LiveSession>, end: SessionEnd, by: Option<&str>, detail: &str) {
        let jumpoint = live.snapshot().jumpoint_name;
        let by_name = by.unwrap_or_default();
        let mut message = match (end, live.joined) {
            (SessionEnd::ByUser, Some(_)) => format!("{by_name} left the session."),
            (SessionEnd::ByAdministrator, Some(_)) => {
                format!("The administrator {by_name} took {} out of the session.", live.snapshot().user_name)
            }
            _ => end_message(end, by_name, &jumpoint),
        };
        let is_by_a_person = matches!(end, SessionEnd::ByUser | SessionEnd::ByAdministrator);
        if is_by_a_person && !detail.is_empty() {
            message = format!("{}: {detail}", message.trim_end_matches('.'));
        } else if !detail.is_empty() {
            message = format!("{message} ({detail})");
        }
        self.end_saying(live, end, by, message);
    }

    /// Every end of a session arrives here: the first one counts.
    pub(super) fn end_saying(&self, live: &Arc<LiveSession>, end: SessionEnd, by: Option<&str>, message: String) {
        let was_idle = live.state() == SessionState::Ready;
        if !live.end(Ending { end, message, by: by.map(str::to_owned) }) {
            return;
        }
        self.end_those_who_joined(live);
        if was_idle {
            // Without links there is no task that would close it; and the caller's may be dropped at any moment.
            let (sessions, live) = (self.clone(), live.clone());
            self.tasks.spawn("end of a session", async move { sessions.close(&live).await });
        }
    }

    /// Ends all sessions of a kind. None of them waits for another.
    pub fn end_all(&self, end: SessionEnd, by: Option<&str>, which: impl Fn(&LiveSession) -> bool) {
        for live in self.all().into_iter().filter(|live| which(live)) {
            self.end(&live, end, by, "");
        }
    }

    /// Writes the end down and forgets the session.
    pub(super) async fn close(&self, live: &Arc<LiveSession>) {
        if !live.is_mine_to_close() {
            return;
        }
        let ending = live.ending();
        let at = now();
        live.table().end_all(EndReason::SessionEnded, at);
        self.tell_connections(live, live.measure(at));
        live.change(|record| {
            record.state = lifecycle::next(record.state, Step::End).unwrap_or(SessionState::Ended);
            record.ended_at = Some(at);
            record.end = ending.as_ref().map(|it| it.end);
            record.end_message = ending.as_ref().map(|it| it.message.clone());
        });
        self.write_end(live).await;
        if let Some(Ending { message, by, .. }) = ending {
            self.note(live, "ended", &message, by.as_deref()).await;
        }
        let record = live.snapshot();
        self.letters.tell(&record.told_of_end, &record).await;
        self.forget(live);
        self.leave_shared(live).await;
        self.metrics.session_ended(live.ending().map(|ending| ending.end));
        self.announce(live);
        live.gone.cancel();
    }

    /// Waits until the end of a session is written down and told, but not for ever.
    pub async fn wait_until_gone(&self, live: &LiveSession) {
        const AT_MOST: Duration = Duration::from_secs(5);
        if tokio::time::timeout(AT_MOST, live.gone.cancelled()).await.is_err() {
            tracing::warn!(session.id = %live.id, "a session takes long to end");
        }
    }

    /// Writes an event down and tells consoles.
    pub async fn note(&self, live: &Arc<LiveSession>, kind: &str, message: &str, by: Option<&str>) {
        let record = event(live.id, kind, message, by);
        if let Err(error) = self.store.insert_session_event(&record).await {
            tracing::error!(session.id = %live.id, error = %error, event = kind, "an event could not be written down");
        }
        let audience = Audience::UserAndAdministrators(live.snapshot().user_id);
        self.events.announce(audience, ConsoleEvent::SessionEvent { session_id: live.id, event: record.event });
    }

    /// Ends sessions that nobody uses or may use. Runs until it is dropped.
    pub async fn end_unused(self) {
        let unused = i64::try_from(UNUSED_AFTER.as_millis()).unwrap_or(i64::MAX);
        loop {
            tokio::time::sleep(Duration::from_secs(30)).await;
            let before = Timestamp(now().0.saturating_sub(unused));
            let is_unused = |it: &LiveSession| {
                it.state() == SessionState::Ready && it.snapshot().created_at < before && !self.is_shared(it.id)
            };
            self.end_all(SessionEnd::NotUsed, None, is_unused);
            if let Err(error) = self.end_not_permitted(None).await {
                tracing::error!(error = %error, "whether sessions are still permitted could not be looked up");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<LiveSession>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_tickets(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn event(session_id: SessionId, kind: &str, message: &str, by: Option<&str>) -> SessionEventRecord {
    let event = SessionEvent {
        id: SessionEventId(random::id()),
        at: now(),
        kind: kind.to_owned(),
        message: message.to_owned(),
        user_name: by.map(str::to_owned),
    };
    SessionEventRecord { session_id, event }
}

fn ticket_message(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::TicketUsed => "This ticket was used before. Press Protocol Tunneling again.",
        Refusal::TicketExpired => "This ticket is too old. Press Protocol Tunneling again.",
        Refusal::TicketForAnotherSession => "This ticket belongs to another session. Press Protocol Tunneling again.",
        _ => "The appliance does not know this ticket. Press Protocol Tunneling again.",
    }
}
