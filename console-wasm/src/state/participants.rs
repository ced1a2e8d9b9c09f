//! Several people in one session, in words.

use wire::api::{Participant, Session, SessionState};
use wire::{SessionId, UserId};

use super::words::{Tone, Word};

/// The session of whoever began the one that this belongs to.
pub(crate) fn owner(session: &Session) -> SessionId {
    session.joined.as_ref().map_or(session.id, |it| it.session_id)
}

/// Whether others are in a session that would end with it.
pub(crate) fn others(session: &Session) -> usize {
    if session.joined.is_some() { 0 } else { session.participants.len().saturating_sub(1) }
}

/// What somebody is in a session.
pub(crate) fn place(it: &Participant, owner: SessionId, me: Option<UserId>) -> &'static str {
    match (it.session_id == owner, Some(it.user_id) == me) {
        (true, true) => "owner, you",
        (true, false) => "owner",
        (false, true) => "you",
        (false, false) => "",
    }
}

/// How far somebody is.
pub(crate) fn state(it: &Participant) -> Word {
    match it.state {
        SessionState::Ready => ("tunnels not open", Tone::Calm),
        SessionState::Connecting => ("connecting", Tone::Busy),
        SessionState::Tunnelling => ("tunnelling", Tone::Good),
        SessionState::Ended => ("left", Tone::Over),
    }
}

/// Who else is concerned, beside the name of a session's user; empty for most.
pub(crate) fn company(session: &Session) -> String {
    if let Some(joined) = &session.joined {
        return format!("in the session of {}", joined.owner_name);
    }
    let names = session.participants.iter().filter(|it| it.session_id != session.id).map(|it| it.user_name.as_str());
    let names: Vec<_> = names.collect();
    if names.is_empty() { String::new() } else { format!("with {}", names.join(", ")) }
}

/// What ending a session does to those who are in it; nothing when only one is.
pub(crate) fn ends_for_others(session: &Session) -> Option<String> {
    match others(session) {
        0 => None,
        1 => Some("One other person is in it; it ends for them too.".into()),
        many => Some(format!("{many} other people are in it; it ends for them too.")),
    }
}

#[cfg(test)]
mod tests {
    use wire::Timestamp;
    use wire::api::Joined;

    use super::super::samples::{number, session};
    use super::*;

    fn participant(id: u128, user: u128, name: &str) -> Participant {
        Participant {
            session_id: SessionId(number(id)),
            user_id: UserId(number(user)),
            user_name: name.into(),
            state: SessionState::Tunnelling,
            since: Timestamp(0),
            until: None,
        }
    }

    #[test]
    fn a_shared_session_names_everybody_from_where_one_looks() {
        let mut owned = session(1, SessionState::Tunnelling);
        assert_eq!((company(&owned), ends_for_others(&owned)), (String::new(), None));
        owned.participants = vec![participant(1, 1, "Ana"), participant(2, 2, "Bob"), participant(3, 3, "Eva")];
        assert_eq!(company(&owned), "with Bob, Eva");
        assert_eq!(ends_for_others(&owned).unwrap(), "2 other people are in it; it ends for them too.");
        let me = Some(UserId(number(2)));
        let places = owned.participants.iter().map(|it| place(it, owner(&owned), me));
        assert_eq!(places.collect::<Vec<_>>(), ["owner", "you", ""]);

        let mut joined = session(2, SessionState::Tunnelling);
        joined.joined = Some(Joined { session_id: SessionId(number(1)), owner_name: "Ana".into() });
        joined.participants = owned.participants;
        assert_eq!((company(&joined).as_str(), others(&joined)), ("in the session of Ana", 0));
        assert_eq!(owner(&joined), SessionId(number(1)));
    }
}
