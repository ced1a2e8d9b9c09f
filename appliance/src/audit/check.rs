//! What the appliance looks at when it starts: whether the end of the trail is what it signed.

use std::collections::VecDeque;

use wire::audit::{AuditEvent, AuditKey, Break, Broken, ChainHash, Head, Place, Verifier};

use super::kept::Kept;
use crate::store::{Store, StoreError};

/// Heads whose events are looked at again; older ones are for whoever verifies an export.
const HEADS: u64 = 8;
/// Events that are read at once.
const PAGE: u64 = 1000;

/// What was found.
#[derive(Debug)]
pub(super) struct Checked {
    /// Where the chain goes on.
    pub(super) tail: Place,
    /// What is wrong, and the signed head that it does not fit to.
    pub(super) wrong: Option<(String, Option<Head>)>,
}

/// Looks at the end of the trail.
pub(super) async fn check(store: &Store, key: AuditKey, kept: Option<&Kept>) -> Result<Checked, StoreError> {
    let written = readable(store.audit_tail().await)?;
    let (last, last_hash) = match store.last_audit_place().await? {
        Some((sequence, hash)) => (sequence, hash),
        None => (0, Some(ChainHash::ZERO)),
    };
    let there = last_hash.map(|hash| Place { sequence: last, hash });
    let tail = match (&written, &there) {
        // The gap stays for everybody to see.
        (Some(written), _) if written.sequence > last => written.clone(),
        (_, Some(there)) => there.clone(),
        (Some(written), None) if written.sequence == last => written.clone(),
        (_, None) => Place { sequence: last, hash: ChainHash::ZERO },
    };
    let wrong = match of_kept(store, key, kept, last).await? {
        None => of_chain(store, key, last).await?.or_else(|| of_end(written.as_ref(), there.as_ref(), last)),
        wrong => wrong,
    };
    Ok(Checked { tail, wrong })
}

/// Goes through the whole trail, from its beginning, and hands each event to `see`. What is wrong with it, in a sentence: the first broken
/// link, or an end that is not the one that was kept outside the database.
pub(super) async fn whole(
    store: &Store,
    key: AuditKey,
    kept: Option<&Kept>,
    mut see: impl FnMut(&AuditEvent),
) -> Result<Option<String>, StoreError> {
    let mut heads: VecDeque<Head> = match store.audit_heads_after(0).await {
        Ok(heads) => heads.into(),
        Err(StoreError::Corrupt { detail, .. }) => return Ok(Some(format!("a signed head cannot be read: {detail}"))),
        Err(other) => return Err(other),
    };
    if let Some(newest) = kept.and_then(|it| it.newest.clone()) {
        let at = heads.partition_point(|it| it.sequence <= newest.sequence);
        heads.insert(at, newest);
    }
    let mut verifier = Verifier::new(key, Place::default());
    loop {
        let events = store.audit_events_after(verifier.last(), PAGE).await?;
        if events.is_empty() {
            // Heads of what is not there any more.
            let left = heads.iter().find_map(|head| verifier.head(head).err());
            return Ok(left.map(|it| it.to_string()));
        }
        for (sequence, read) in events {
            let it = match read {
                Ok(it) => it,
                Err(StoreError::Corrupt { column, detail }) => {
                    return Ok(Some(format!("event {sequence} was altered: its {column} cannot be read: {detail}")));
                }
                Err(other) => return Err(other),
            };
            if let Err(broken) = verifier.event(&it.event, &it.hash) {
                return Ok(Some(broken.to_string()));
            }
            while heads.front().is_some_and(|head| head.sequence <= sequence) {
                if let Some(Err(broken)) = heads.pop_front().map(|head| verifier.head(&head)) {
                    return Ok(Some(broken.to_string()));
                }
            }
            see(&it.event);
        }
    }
}

pub(super) type Wrong = Option<(String, Option<Head>)>;

/// Looks at the newest events again, while the appliance runs.
pub(super) async fn again(store: &Store, key: AuditKey, newest: Option<&Head>) -> Result<Wrong, StoreError> {
    let last = store.last_audit_place().await?.map_or(0, |it| it.0);
    if let Some(head) = newest
        && let Some(what) = misfit(store, head, last).await?
    {
        return Ok(Some((sentence(head.sequence, what), Some(head.clone()))));
    }
    of_chain(store, key, last).await
}

fn sentence(sequence: u64, what: Break) -> String {
    Broken { sequence, what, line: None }.to_string()
}

/// What no version wrote is as good as nothing: it is found wrong.
fn readable<T>(read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Corrupt { .. }) => Ok(None),
        other => other,
    }
}

async fn of_kept(store: &Store, key: AuditKey, kept: Option<&Kept>, last: u64) -> Result<Wrong, StoreError> {
    let Some(kept) = kept else {
        let gone = "the file audit-heads of the data folder is gone or was overwritten: nobody can tell whether the end was cut off";
        return Ok((last > 0).then(|| (gone.to_owned(), None)));
    };
    let Some(head) = &kept.newest else { return Ok(None) };
    if !key.signed(head) {
        return Ok(Some((sentence(head.sequence, Break::BadSignature), None)));
    }
    if let Some(what) = misfit(store, head, last).await? {
        return Ok(Some((sentence(head.sequence, what), Some(head.clone()))));
    }
    if kept.stopped && last > head.sequence {
        let added = format!("events behind event {} were added while the appliance was stopped", head.sequence);
        return Ok(Some((added, None)));
    }
    Ok(None)
}

/// Why a signed head does not fit to the events, if so.
async fn misfit(store: &Store, head: &Head, last: u64) -> Result<Option<Break>, StoreError> {
    if head.sequence > last {
        return Ok(Some(Break::CutOff { last }));
    }
    let place = store.audit_place(head.sequence).await?;
    Ok((place != Some(Place { sequence: head.sequence, hash: head.hash })).then_some(Break::HashedAnew))
}

/// Goes from one of the last heads to the end.
async fn of_chain(store: &Store, key: AuditKey, last: u64) -> Result<Wrong, StoreError> {
    let heads = match store.newest_audit_heads(HEADS).await {
        Ok(mut heads) => {
            heads.reverse();
            heads
        }
        Err(StoreError::Corrupt { detail, .. }) => {
            return Ok(Some((format!("a signed head cannot be read: {detail}"), None)));
        }
        Err(other) => return Err(other),
    };
    for head in &heads {
        if !key.signed(head) {
            return Ok(Some((sentence(head.sequence, Break::BadSignature), None)));
        }
        if let Some(what) = misfit(store, head, last).await? {
            return Ok(Some((sentence(head.sequence, what), Some(head.clone()))));
        }
    }
    let began = heads.first().map(|it| Place { sequence: it.sequence, hash: it.hash }).unwrap_or_default();
    let mut verifier = Verifier::new(key, began);
    loop {
        let events = store.audit_events_after(verifier.last(), PAGE).await?;
        if events.is_empty() {
            return Ok(None);
        }
        for (sequence, read) in events {
            let broken = match read {
                Ok(it) => verifier.event(&it.event, &it.hash).err().map(|broken| broken.to_string()),
                Err(StoreError::Corrupt { column, detail }) => {
                    Some(format!("event {sequence} was altered: its {column} cannot be read: {detail}"))
                }
                Err(other) => return Err(other),
            };
            if let Some(broken) = broken {
                return Ok(Some((broken, None)));
            }
        }
    }
}

fn of_end(written: Option<&Place>, there: Option<&Place>, last: u64) -> Wrong {
    let place = written.cloned().unwrap_or_default();
    let what = match there {
        Some(there) if place == *there => return None,
        _ if place.sequence > last => sentence(place.sequence, Break::CutOff { last }),
        _ if place.sequence < last => {
            format!("events behind event {} were added by somebody else than the appliance", place.sequence)
        }
        _ => format!("the hash of event {last}, or what the appliance noted of it, was altered"),
    };
    Some((what, None))
}
