//! Tickets: short-lived, good for one link of one session. Pure; the registry keeps them.

use std::collections::HashMap;

use subtle::ConstantTimeEq;
use wire::limits::TICKET_SECONDS;
use wire::link_messages::Refusal;
use wire::{SessionId, Timestamp};

/// The tickets that were given out lately. Only their hashes are kept.
#[derive(Debug, Default)]
pub struct Tickets {
    given: HashMap<Vec<u8>, Given>,
}

#[derive(Debug)]
struct Given {
    session: SessionId,
    expires_at: Timestamp,
    used: bool,
}

/// Used and expired tickets are remembered this long, so that the answer can say what is wrong.
const REMEMBERED_MILLIS: i64 = 10 * 60 * 1000;
/// Tickets kept at most; the oldest go first.
const MOST: usize = 10_000;

impl Tickets {
    /// Keeps a new ticket by its hash; one of the same session that was not used stops working. Returns when it stops working.
    pub fn give(&mut self, hash: Vec<u8>, session: SessionId, now: Timestamp) -> Timestamp {
        self.forget_old(now);
        // One that was not used is replaced; a used one is remembered.
        self.given.retain(|_, ticket| ticket.used || ticket.session != session);
        let expires_at = now.plus_millis(i64::try_from(TICKET_SECONDS).unwrap_or(60) * 1000);
        self.given.insert(hash, Given { session, expires_at, used: false });
        expires_at
    }

    /// Uses a ticket up.
    ///
    /// # Errors
    /// What is wrong with it. A ticket shown for another session is used up too: somebody has it who should not.
    pub fn redeem(&mut self, hash: &[u8], session: SessionId, now: Timestamp) -> Result<(), Refusal> {
        let Some((_, ticket)) = self.given.iter_mut().find(|(known, _)| bool::from(known.as_slice().ct_eq(hash)))
        else {
            return Err(Refusal::TicketUnknown);
        };
        if ticket.used {
            return Err(Refusal::TicketUsed);
        }
        ticket.used = true;
        if ticket.expires_at <= now {
            return Err(Refusal::TicketExpired);
        }
        if ticket.session != session {
            return Err(Refusal::TicketForAnotherSession);
        }
        Ok(())
    }

    fn forget_old(&mut self, now: Timestamp) {
        self.given.retain(|_, ticket| ticket.expires_at.plus_millis(REMEMBERED_MILLIS) > now);
        while self.given.len() >= MOST {
            let oldest = self.given.iter().min_by_key(|(_, ticket)| ticket.expires_at).map(|(hash, _)| hash.clone());
            let Some(oldest) = oldest else { return };
            self.given.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn session(number: u128) -> SessionId {
        SessionId(Uuid::from_u128(number))
    }

    #[test]
    fn a_ticket_is_good_once_for_its_session_for_a_minute() {
        let mut tickets = Tickets::default();
        let mut give = |hash: &[u8], number| {
            assert_eq!(tickets.give(hash.to_vec(), session(number), NOW), NOW.plus_millis(60_000));
        };
        for (hash, number) in [(b"a", 1), (b"b", 3), (b"c", 4)] {
            give(hash, number);
        }
        assert_eq!(tickets.redeem(b"a", session(1), NOW), Ok(()));
        assert_eq!(tickets.redeem(b"a", session(1), NOW), Err(Refusal::TicketUsed));
        assert_eq!(tickets.redeem(b"b", session(2), NOW), Err(Refusal::TicketForAnotherSession));
        assert_eq!(tickets.redeem(b"b", session(3), NOW), Err(Refusal::TicketUsed));
        assert_eq!(tickets.redeem(b"c", session(4), NOW.plus_millis(60_000)), Err(Refusal::TicketExpired));
        assert_eq!(tickets.redeem(b"d", session(1), NOW), Err(Refusal::TicketUnknown));
    }

    #[test]
    fn a_new_ticket_replaces_the_one_of_its_session_that_was_not_used() {
        let mut tickets = Tickets::default();
        tickets.give(b"a".to_vec(), session(1), NOW);
        tickets.give(b"other".to_vec(), session(2), NOW);
        tickets.give(b"b".to_vec(), session(1), NOW);
        assert_eq!(tickets.redeem(b"a", session(1), NOW), Err(Refusal::TicketUnknown));
        assert_eq!(tickets.redeem(b"b", session(1), NOW), Ok(()));
        tickets.give(b"c".to_vec(), session(1), NOW);
        assert_eq!(tickets.redeem(b"b", session(1), NOW), Err(Refusal::TicketUsed));
        assert_eq!(tickets.redeem(b"other", session(2), NOW), Ok(()));
    }

    #[test]
    fn old_tickets_are_forgotten() {
        let mut tickets = Tickets::default();
        tickets.give(b"a".to_vec(), session(1), NOW);
        tickets.give(b"b".to_vec(), session(1), NOW.plus_millis(60_000 + REMEMBERED_MILLIS));
        assert_eq!(tickets.given.len(), 1);
    }
}
