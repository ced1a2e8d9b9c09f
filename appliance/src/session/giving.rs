//! Whether a session's user is given a stored secret now. Pure: what is known comes in, a yes or the reason goes out.

use wire::api::{EffectiveSessionPolicy, Fault, Giving, SecretUse, Session, SessionState, SessionTool};

/// Why nothing is given out in a session, whatever is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// It joined this person's session: what is stored is for whoever began it.
    Joined(String),
    /// It is over.
    Over,
    /// Its tunnels are not open yet.
    NotTunnelling,
    /// A link of it is lost.
    Reconnecting,
    /// A session policy says no: which one, in words.
    Policy(String),
}

/// Why one secret is not given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotGiven {
    /// Nothing is.
    NotNow(NotNow),
    /// Its tunnel does not listen.
    NoTunnel,
    /// It may be copied, not shown.
    CopiedOnly,
}

/// Whether anything is given out in a session that goes on for its own user under this policy.
///
/// # Errors
/// Why nothing is.
pub fn open_for(session: &Session, policy: &EffectiveSessionPolicy) -> Result<(), NotNow> {
    if let Some(joined) = &session.joined {
        return Err(NotNow::Joined(joined.owner_name.clone()));
    }
    if let Some(kept) = policy.tools.iter().find(|it| it.tool == SessionTool::StoredCredentials && !it.allowed) {
        return Err(NotNow::Policy(kept.source.words()));
    }
    match session.state {
        SessionState::Ended => Err(NotNow::Over),
        SessionState::Ready | SessionState::Connecting => Err(NotNow::NotTunnelling),
        SessionState::Tunnelling if session.reconnecting.is_some() => Err(NotNow::Reconnecting),
        SessionState::Tunnelling if session.tunnels.iter().all(|it| it.listening.is_none()) => {
            Err(NotNow::NotTunnelling)
        }
        SessionState::Tunnelling => Ok(()),
    }
}

/// Whether one secret is given out. `ports` are the remote ports of the tunnels that it is for; without any it is for all.
///
/// # Errors
/// Why it is not.
pub fn decide(
    session: &Session,
    policy: &EffectiveSessionPolicy,
    ports: &[u32],
    giving: Giving,
    wanted: SecretUse,
) -> Result<(), NotGiven> {
    open_for(session, policy).map_err(NotGiven::NotNow)?;
    let listens =
        |port: &u32| session.tunnels.iter().any(|it| u32::from(it.remote_port) == *port && it.listening.is_some());
    if !ports.is_empty() && !ports.iter().any(listens) {
        return Err(NotGiven::NoTunnel);
    }
    if giving == Giving::CopiedOnly && wanted == SecretUse::Show {
        return Err(NotGiven::CopiedOnly);
    }
    Ok(())
}

impl NotNow {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Joined(_) => "not_your_session",
            Self::Over => "session_over",
            Self::NotTunnelling => "not_tunnelling",
            Self::Reconnecting => "reconnecting",
            Self::Policy(_) => "session_policy",
        }
    }

    /// What happened, and what to do.
    #[must_use]
    pub fn message(&self) -> (String, &'static str) {
        match self {
            Self::Joined(owner) => (
                format!("Stored credentials are for whoever began the session: {owner}."),
                "Ask them to sign in, or begin a session of your own when theirs is over.",
            ),
            Self::Over => ("This session is over.".into(), "Press Jump again."),
            Self::NotTunnelling => (
                "Stored credentials are given out while the tunnels are open.".into(),
                "Press Protocol Tunneling first.",
            ),
            Self::Reconnecting => (
                "Stored credentials are given out while the tunnels are open, and a link is just dialled again.".into(),
                "Wait until it is back.",
            ),
            Self::Policy(words) => (
                format!("Stored credentials are disabled by {words}."),
                "Ask an administrator to change the policy, or sign in with a password of your own.",
            ),
        }
    }
}

impl NotGiven {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotNow(why) => why.code(),
            Self::NoTunnel => "not_tunnelling",
            Self::CopiedOnly => "copied_only",
        }
    }

    /// What happened, and what to do.
    #[must_use]
    pub fn message(&self) -> (String, &'static str) {
        match self {
            Self::NotNow(why) => why.message(),
            Self::NoTunnel => {
                ("The tunnel that this credential is for is not open.".into(), "Look at it under Current Tunnels.")
            }
            Self::CopiedOnly => ("This credential can be copied, not shown.".into(), "Press Copy."),
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotNow(NotNow::Joined(_) | NotNow::Policy(_)) | Self::CopiedOnly => Fault::Policy,
            Self::NotNow(NotNow::Over | NotNow::NotTunnelling | NotNow::Reconnecting) | Self::NoTunnel => Fault::User,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use uuid::Uuid;
    use wire::api::{
        Joined, LinkSide, Listening, PolicySource, Reconnecting, SessionRules, SessionToolRule, ToolRule, Tunnel,
    };
    use wire::{SessionId, Timestamp, UserId};

    fn tunnel(index: u16, remote_port: u16, listens: bool) -> Tunnel {
        Tunnel {
            index,
            label: String::new(),
            wanted_address: Ipv4Addr::LOCALHOST,
            wanted_port: 0,
            listening: listens.then_some(Listening { address: Ipv4Addr::LOCALHOST, port: 5000, note: None }),
            problem: None,
            remote_port,
            connections_open: 0,
            bytes_sent: 0,
            bytes_received: 0,
        }
    }

    fn session(state: SessionState) -> Session {
        Session {
            id: SessionId(Uuid::nil()),
            item_id: None,
            item_name: "db".into(),
            user_id: UserId(Uuid::nil()),
            user_name: "Tom".into(),
            hostname: "db".into(),
            jumpoint_name: "ams".into(),
            node_hostname: None,
            user_address: String::new(),
            state,
            end: None,
            end_message: None,
            created_at: Timestamp(0),
            tunnelling_at: None,
            ended_at: None,
            tunnels: vec![tunnel(0, 22, true), tunnel(1, 5432, false)],
            bytes_sent: 0,
            bytes_received: 0,
            connections_total: 0,
            connections_open: 0,
            reconnecting: None,
            recording: None,
            capture: None,
            ticket: None,
            ends_at: None,
            ends_because: None,
            policy: None,
            joined: None,
            participants: Vec::new(),
        }
    }

    fn policy(rule: ToolRule) -> EffectiveSessionPolicy {
        let tools = vec![SessionToolRule { tool: SessionTool::StoredCredentials, rule }];
        crate::session::policy::effective(None, None, &SessionRules { tools, ..SessionRules::default() })
    }

    #[test]
    fn every_row_of_the_decision_table() {
        use SessionState::{Connecting, Ended, Ready, Tunnelling};
        let yes = policy(ToolRule::Enabled);
        let no = policy(ToolRule::Disabled);
        let joined = Session {
            joined: Some(Joined { session_id: SessionId(Uuid::nil()), owner_name: "Ana".into() }),
            ..session(Tunnelling)
        };
        let waiting = Reconnecting { until: Timestamp(1), waits_for: LinkSide::Helper };
        let cut = Session { reconnecting: Some(waiting), ..session(Tunnelling) };
        let deaf = Session { tunnels: vec![tunnel(0, 22, false)], ..session(Tunnelling) };
        let now = |why| Err(NotGiven::NotNow(why));
        let (copy, both) = (Giving::CopiedOnly, Giving::ShownAndCopied);
        let says = PolicySource::Global.words();
        let table = [
            (session(Tunnelling), &yes, vec![], both, SecretUse::Show, Ok(())),
            (session(Tunnelling), &yes, vec![], both, SecretUse::Copy, Ok(())),
            (session(Tunnelling), &yes, vec![22], both, SecretUse::Show, Ok(())),
            (session(Tunnelling), &yes, vec![5432, 22], both, SecretUse::Show, Ok(())),
            (session(Tunnelling), &yes, vec![5432], both, SecretUse::Show, Err(NotGiven::NoTunnel)),
            (session(Tunnelling), &yes, vec![80], both, SecretUse::Copy, Err(NotGiven::NoTunnel)),
            (session(Tunnelling), &yes, vec![], copy, SecretUse::Show, Err(NotGiven::CopiedOnly)),
            (session(Tunnelling), &yes, vec![], copy, SecretUse::Copy, Ok(())),
            (session(Tunnelling), &no, vec![], both, SecretUse::Copy, now(NotNow::Policy(says))),
            (session(Ready), &yes, vec![], both, SecretUse::Copy, now(NotNow::NotTunnelling)),
            (session(Connecting), &yes, vec![], both, SecretUse::Copy, now(NotNow::NotTunnelling)),
            (session(Ended), &yes, vec![], both, SecretUse::Copy, now(NotNow::Over)),
            (deaf, &yes, vec![], both, SecretUse::Copy, now(NotNow::NotTunnelling)),
            (cut, &yes, vec![], both, SecretUse::Copy, now(NotNow::Reconnecting)),
            (joined, &yes, vec![], both, SecretUse::Copy, now(NotNow::Joined("Ana".into()))),
        ];
        for (row, (session, policy, ports, giving, wanted, expected)) in table.into_iter().enumerate() {
            assert_eq!(decide(&session, policy, &ports, giving, wanted), expected, "row {row}");
        }
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        let now = [
            NotNow::Joined("Ana".into()),
            NotNow::Over,
            NotNow::NotTunnelling,
            NotNow::Reconnecting,
            NotNow::Policy("the global session policy".into()),
        ];
        for why in now.into_iter().map(NotGiven::NotNow).chain([NotGiven::NoTunnel, NotGiven::CopiedOnly]) {
            let (message, next_step) = why.message();
            assert!(message.ends_with('.') && next_step.ends_with('.'), "{why:?}");
        }
    }
}
