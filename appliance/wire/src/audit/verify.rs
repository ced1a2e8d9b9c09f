use std::fmt;

use super::chain::hash_of;
use super::{AuditEvent, AuditKey, ChainHash, Head, Place, canonical};

/// Goes through a chain, event by event, and stops at the first broken link. Heads come right behind the event they cover.
#[derive(Clone, Debug)]
pub struct Verifier {
    key: AuditKey,
    began: Place,
    last: Place,
    signed: Option<Head>,
    heads: u64,
}

/// A chain without a broken link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many events there are.
    pub events: u64,
    /// The number of the last one; 0 when there is none.
    pub last: u64,
    /// How many signed heads fit.
    pub heads: u64,
    /// The last of them: what comes behind it is in order, but nobody vouches that it is all.
    pub signed: Option<Head>,
}

impl Verified {
    /// How many events come behind the last signed head.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        self.last.saturating_sub(self.signed.as_ref().map_or(0, |it| it.sequence)).min(self.events)
    }
}

/// What is wrong with the first broken link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Break {
    /// The event's hash does not fit to what it says and to the event before.
    Altered,
    /// Events are missing in front of this one: it follows the one with this number.
    Missing {
        /// The event in front.
        after: u64,
    },
    /// It stands behind one with this number, which is no smaller.
    Reordered {
        /// The event in front.
        after: u64,
    },
    /// A head covers it, and there are no events beyond this number.
    CutOff {
        /// The last event there is.
        last: u64,
    },
    /// The appliance signed another hash for it: it was altered, or something before it, and the hashes computed anew.
    HashedAnew,
    /// The head for it was not signed with the appliance's key.
    BadSignature,
    /// The head for it stands behind later events.
    HeadOutOfPlace,
    /// There are events, and no signed head.
    Unsigned,
    /// This line of the file is not as the appliance writes it.
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
}

/// The first broken link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Broken {
    /// The event, or the one that a head covers.
    pub sequence: u64,
    /// What is wrong.
    pub what: Break,
    /// The line of the file, where it is one.
    pub line: Option<u64>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sequence = self.sequence;
        match &self.what {
            Break::Altered => write!(f, "event {sequence} was altered: its hash does not fit to what it says")?,
            Break::Missing { after } if after + 2 == sequence => {
                write!(f, "event {} is missing: event {sequence} follows event {after}", after + 1)?;
            }
            Break::Missing { after } => {
                let (first, last) = (after + 1, sequence.saturating_sub(1));
                write!(f, "events {first} to {last} are missing: event {sequence} follows event {after}")?;
            }
            Break::Reordered { after } => {
                write!(f, "event {sequence} is out of order: it stands behind event {after}")?;
            }
            Break::CutOff { last } => {
                write!(f, "the end was cut off: event {sequence} was signed, and the last one there is is {last}")?;
            }
            Break::HashedAnew => {
                write!(
                    f,
                    "event {sequence}, or one before it, was altered and hashed anew: another hash was signed for it"
                )?;
            }
            Break::BadSignature => {
                write!(f, "the head of event {sequence} was not signed with the appliance's key")?;
            }
            Break::HeadOutOfPlace => write!(f, "the head of event {sequence} stands behind later events")?,
            Break::Unsigned => write!(f, "no event up to {sequence} is covered by a signed head")?,
            Break::Unreadable { detail } => write!(f, "what follows event {sequence} cannot be read: {detail}")?,
        }
        match self.line {
            Some(line) => write!(f, " (line {line})"),
            None => Ok(()),
        }
    }
}

impl Verifier {
    /// For a chain that begins behind `began`, signed with this key.
    #[must_use]
    pub fn new(key: AuditKey, began: Place) -> Self {
        Self { key, last: began.clone(), began, signed: None, heads: 0 }
    }

    /// The number of the last event that was in order.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last.sequence
    }

    /// The hash of that event.
    #[must_use]
    pub fn last_hash(&self) -> ChainHash {
        self.last.hash
    }

    /// The next event, with the hash that stands beside it.
    ///
    /// # Errors
    /// When it is the first broken link.
    pub fn event(&mut self, event: &AuditEvent, hash: &ChainHash) -> Result<(), Broken> {
        self.event_of(event.sequence, &canonical(event), hash)
    }

    pub(super) fn event_of(&mut self, sequence: u64, canonical: &[u8], hash: &ChainHash) -> Result<(), Broken> {
        let after = self.last.sequence;
        if sequence <= after {
            return Err(broken(sequence, Break::Reordered { after }));
        }
        if sequence != after + 1 {
            return Err(broken(sequence, Break::Missing { after }));
        }
        if hash_of(&self.last.hash, canonical) != *hash {
            return Err(broken(sequence, Break::Altered));
        }
        self.last = Place { sequence, hash: *hash };
        Ok(())
    }

    /// A head, right behind the event that it covers.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn head(&mut self, head: &Head) -> Result<(), Broken> {
        let last = self.last.sequence;
        let what = if !self.key.signed(head) {
            Break::BadSignature
        } else if head.sequence > last {
            Break::CutOff { last }
        } else if head.sequence < last {
            Break::HeadOutOfPlace
        } else if head.hash != self.last.hash {
            Break::HashedAnew
        } else {
            self.signed = Some(head.clone());
            self.heads += 1;
            return Ok(());
        };
        Err(broken(head.sequence, what))
    }

    /// There are no more events.
    ///
    /// # Errors
    /// When nobody vouches for any of them.
    pub fn finish(self) -> Result<Verified, Broken> {
        let (events, last) = (self.last.sequence - self.began.sequence, self.last.sequence);
        if events > 0 && self.signed.is_none() {
            return Err(broken(last, Break::Unsigned));
        }
        Ok(Verified { events, last, heads: self.heads, signed: self.signed })
    }
}

fn broken(sequence: u64, what: Break) -> Broken {
    Broken { sequence, what, line: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::tests::an_event;
    use crate::audit::head::tests::{a_key, signed};
    use crate::audit::next_hash;

    type Link = (AuditEvent, ChainHash);

    fn chain(count: u64) -> Vec<Link> {
        let mut last = ChainHash::ZERO;
        let mut link = |sequence| {
            let event = an_event(sequence);
            last = next_hash(&last, &event);
            (event, last)
        };
        (1..=count).map(&mut link).collect()
    }

    fn hashed_anew(events: impl IntoIterator<Item = AuditEvent>) -> Vec<Link> {
        let mut last = ChainHash::ZERO;
        let link = |event: AuditEvent| {
            last = next_hash(&last, &event);
            (event, last)
        };
        events.into_iter().map(link).collect()
    }

    /// Goes through with heads behind the events they cover, and those that are beyond at the end.
    fn verified(links: &[Link], heads: &[Head]) -> Result<Verified, Broken> {
        let mut verifier = Verifier::new(a_key(), Place::default());
        let mut heads = heads.iter().peekable();
        for (event, hash) in links {
            verifier.event(event, hash)?;
            while let Some(head) = heads.next_if(|it| it.sequence <= event.sequence) {
                verifier.head(head)?;
            }
        }
        heads.try_for_each(|head| verifier.head(head))?;
        verifier.finish()
    }

    fn what(links: &[Link], heads: &[Head]) -> (u64, Break) {
        let broken = verified(links, heads).unwrap_err();
        (broken.sequence, broken.what)
    }

    #[test]
    fn a_whole_chain_holds() {
        let links = chain(5);
        let heads = [signed(2, links[1].1), signed(4, links[3].1)];
        let verified = verified(&links, &heads).unwrap();
        assert_eq!((verified.events, verified.last, verified.heads, verified.unsigned()), (5, 5, 2, 1));
    }

    #[test]
    fn every_change_of_every_event_is_found() {
        let links = chain(5);
        let heads = [signed(5, links[4].1)];
        for place in 0..5 {
            let sequence = place as u64 + 1;
            let mut altered = links.clone();
            altered[place].0.message = "x".into();
            assert_eq!(what(&altered, &heads), (sequence, Break::Altered));
            let mut altered = links.clone();
            altered[place].1.0[0] ^= 1;
            assert_eq!(what(&altered, &heads), (sequence, Break::Altered));
            let mut anew: Vec<_> = links.iter().map(|it| it.0.clone()).collect();
            anew[place].message = "x".into();
            assert_eq!(what(&hashed_anew(anew), &heads), (5, Break::HashedAnew));
            let mut shorter = links.clone();
            shorter.remove(place);
            let expected = if place == 4 {
                (5, Break::CutOff { last: 4 })
            } else {
                (sequence + 1, Break::Missing { after: sequence - 1 })
            };
            assert_eq!(what(&shorter, &heads), expected);
            let mut twice = links.clone();
            twice.insert(place, links[place].clone());
            assert_eq!(what(&twice, &heads), (sequence, Break::Reordered { after: sequence }));
            if place > 0 {
                let mut swapped = links.clone();
                swapped.swap(place - 1, place);
                assert_eq!(what(&swapped, &heads), (sequence, Break::Missing { after: sequence - 2 }));
            }
        }
    }

    #[test]
    fn an_end_that_was_cut_off_or_never_signed_is_found() {
        let links = chain(5);
        let heads = [signed(2, links[1].1), signed(5, links[4].1)];
        for left in 2..5 {
            assert_eq!(what(&links[..left], &heads), (5, Break::CutOff { last: left as u64 }));
        }
        assert_eq!(what(&[], &heads), (2, Break::CutOff { last: 0 }));
        assert_eq!(what(&links, &[]), (5, Break::Unsigned));
        assert!(verified(&[], &[]).is_ok());
        let forged = Head { signature: "0".repeat(128), ..signed(5, links[4].1) };
        assert_eq!(what(&links, &[forged]), (5, Break::BadSignature));
    }

    #[test]
    fn the_first_broken_link_is_named() {
        let broken = |sequence, what| Broken { sequence, what, line: None }.to_string();
        assert_eq!(broken(5, Break::Missing { after: 3 }), "event 4 is missing: event 5 follows event 3");
        assert_eq!(broken(6, Break::Missing { after: 3 }), "events 4 to 5 are missing: event 6 follows event 3");
        let with_line = Broken { sequence: 2, what: Break::Altered, line: Some(3) }.to_string();
        assert!(with_line.ends_with("(line 3)"), "{with_line}");
    }
}
