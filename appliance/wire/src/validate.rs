//! Checks of what people type, used by the console while they type and by the appliance before it believes them.
//! Each answer is a sentence for the person, or nothing.

mod credentials;
mod forwarding;
mod letters;
mod mail;
mod policies;
mod recordings;
mod retention;
mod review;
mod session_policies;
mod sign_on;
mod site_rules;
mod ticket_system;

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};

pub use credentials::credential;
pub use forwarding::{syslog_server, webhook};
pub use letters::{letter_template, letter_templates};
pub use mail::{mail_address, mail_server};
pub use recordings::{new_recording, recording_quality, traffic_capture};
pub use retention::{reason_on_record, retention};
pub use review::session_note;
pub use sign_on::sign_on_provider;
pub use site_rules::site_rules;
pub use ticket_system::{ticket, ticket_system};

use crate::api::{FieldError, TunnelDefinition, TunnelJumpDraft};
use crate::limits::{
    CA_PEM_CHARS, COMMENTS_CHARS, FILTER_QUERY_CHARS, HOST_CHARS, NAME_CHARS, PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS,
    REASON_CHARS, TAG_CHARS, TOKEN_DAYS, TUNNELS_PER_ITEM, USER_NAME_CHARS,
};

pub use self::policies::{approval_note, approval_reason, end_reason, jump_policy};
pub use self::session_policies::{global_session_policy, session_policy};

/// Every field of a Protocol Tunnel Jump. Field names are those of [`TunnelJumpDraft`]; a tunnel's are
/// `tunnels[0].local_port` and so on.
#[must_use]
pub fn tunnel_jump(draft: &TunnelJumpDraft) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check(&mut errors, "name", name(&draft.name));
    check(&mut errors, "hostname", hostname(&draft.hostname));
    check(&mut errors, "local_address", local_address(&draft.local_address));
    check(&mut errors, "tag", longer_than(draft.tag.as_deref().unwrap_or_default(), TAG_CHARS, "tag"));
    check(&mut errors, "comments", longer_than(&draft.comments, COMMENTS_CHARS, "comment"));
    if draft.tunnels.is_empty() {
        errors.push(FieldError::new("tunnels", "Add at least one pair of ports."));
    }
    if draft.tunnels.len() > TUNNELS_PER_ITEM {
        errors
            .push(FieldError::new("tunnels", &format!("An item can have at most {TUNNELS_PER_ITEM} pairs of ports.")));
    }
    let mut used = HashSet::new();
    for (index, tunnel) in draft.tunnels.iter().enumerate() {
        let TunnelDefinition { local_port, remote_port, .. } = *tunnel;
        check(&mut errors, &format!("tunnels[{index}].local_port"), port(local_port, true));
        check(&mut errors, &format!("tunnels[{index}].remote_port"), port(remote_port, false));
        if local_port != 0 && !used.insert(local_port) {
            errors.push(FieldError::new(
                &format!("tunnels[{index}].local_port"),
                &format!("Local port {local_port} is already used by another pair of this item. Choose another, or 0 for an automatic one."),
            ));
        }
    }
    check(&mut errors, "credentials", credentials::of_item(draft));
    errors
}

/// A name of an item, a group or a jumpoint.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    name_within(text, NAME_CHARS)
}

/// The same with another limit.
fn name_within(text: &str, most: usize) -> Option<String> {
    if text.trim().is_empty() {
        return Some("Enter a name.".into());
    }
    if text.chars().any(char::is_control) {
        return Some("A name cannot hold line breaks or control characters.".into());
    }
    longer_than(text, most, "name")
}

/// What stands in an address after the `?`.
#[must_use]
pub fn filter_query(text: &str) -> Option<String> {
    if text.chars().any(|sign| sign.is_control() || sign == '#') {
        return Some("These filters cannot stand in an address.".into());
    }
    longer_than(text, FILTER_QUERY_CHARS, "filter set")
}

/// A host name or an IP address.
#[must_use]
pub fn hostname(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("Give the host name or IP address of the remote system.".into());
    }
    if text.parse::<IpAddr>().is_ok() {
        return None;
    }
    if text.len() > HOST_CHARS {
        return Some(format!("A host name has at most {HOST_CHARS} characters; this one has {}.", text.len()));
    }
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if text.strip_suffix('.').unwrap_or(text).split('.').all(label_ok) {
        None
    } else {
        Some("This is neither a host name nor an IP address. Leave out any https:// and any :port.".into())
    }
}

/// An address of this workstation that the helper may listen on.
#[must_use]
pub fn local_address(text: &str) -> Option<String> {
    match text.parse::<Ipv4Addr>() {
        Ok(address)
            if address.is_loopback()
                && address != Ipv4Addr::new(127, 255, 255, 255)
                && address != Ipv4Addr::new(127, 0, 0, 0) =>
        {
            None
        }
        _ => Some("The local address has to be one from 127.0.0.1 to 127.255.255.254.".into()),
    }
}

/// A port as a number someone typed. `automatic` says whether 0 means "choose one".
#[must_use]
pub fn port(number: u32, automatic: bool) -> Option<String> {
    match (number, automatic) {
        (0, true) | (1..=65_535, _) => None,
        (0, false) => Some("A remote port is a number from 1 to 65535.".into()),
        (_, true) => Some("A local port is a number from 1 to 65535, or 0 for an automatic one.".into()),
        (_, false) => Some("A remote port is a number from 1 to 65535.".into()),
    }
}

/// A name to sign in with.
#[must_use]
pub fn user_name(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("Give a user name.".into());
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-@".contains(&b)) {
        return Some("A user name can hold letters, digits and . _ - @ only.".into());
    }
    longer_than(text, USER_NAME_CHARS, "user name")
}

/// A new password.
#[must_use]
pub fn password(text: &str) -> Option<String> {
    let chars = text.chars().count();
    if chars < PASSWORD_MIN_CHARS {
        return Some(format!(
            "A password has at least {PASSWORD_MIN_CHARS} characters; a few words are easier to remember than signs."
        ));
    }
    longer_than(text, PASSWORD_MAX_CHARS, "password")
}

/// For how many days an API token works.
#[must_use]
pub fn token_days(days: u32) -> Option<String> {
    let is_right = (1..=TOKEN_DAYS).contains(&days);
    (!is_right).then(|| format!("A token works for 1 to {TOKEN_DAYS} days."))
}

/// A reason that somebody else reads.
#[must_use]
pub fn reason(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("Say why, in words for the user.".into());
    }
    if text.chars().any(char::is_control) {
        return Some("A reason cannot hold line breaks or control characters.".into());
    }
    longer_than(text, REASON_CHARS, "reason")
}

/// Certificate authorities that somebody pasted; empty stands for none.
fn ca_pem(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Some("Paste certificates in PEM: they begin with -----BEGIN CERTIFICATE-----.".into());
    }
    longer_than(text, CA_PEM_CHARS, "list of certificates")
}

fn longer_than(text: &str, most: usize, what: &str) -> Option<String> {
    let chars = text.chars().count();
    (chars > most).then(|| format!("A {what} has at most {most} characters; this one has {chars}."))
}

fn check(errors: &mut Vec<FieldError>, field: &str, message: Option<String>) {
    if let Some(message) = message {
        errors.push(FieldError::new(field, &message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JumpGroupId, JumpointId};
    use uuid::Uuid;

    fn draft() -> TunnelJumpDraft {
        TunnelJumpDraft {
            name: "db".into(),
            jumpoint_id: JumpointId(Uuid::nil()),
            group_id: JumpGroupId(Uuid::nil()),
            hostname: "10.0.0.5".into(),
            local_address: "127.4.0.9".into(),
            tunnels: vec![TunnelDefinition { local_port: 5432, remote_port: 5432, label: String::new() }],
            tag: None,
            comments: String::new(),
            jump_policy_id: None,
            session_policy_id: None,
            credentials: None,
            revision: 0,
        }
    }

    #[test]
    fn a_name_of_128_characters_passes_and_one_of_129_does_not() {
        let mut it = draft();
        it.name = "ä".repeat(128);
        assert_eq!(tunnel_jump(&it), []);
        it.name.push('ä');
        assert_eq!(tunnel_jump(&it)[0].field, "name");
        assert!(tunnel_jump(&it)[0].message.contains("129"));
    }

    #[test]
    fn local_addresses_are_those_of_127_0_0_0_8() {
        for good in ["127.0.0.1", "127.4.0.9", "127.255.255.254"] {
            assert_eq!(local_address(good), None, "{good}");
        }
        for bad in ["128.0.0.1", "10.0.0.1", "127.0.0.0", "127.255.255.255", "0.0.0.0", "::1", "localhost", "127.1", ""]
        {
            assert!(local_address(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn ports_outside_their_range_are_named() {
        let mut it = draft();
        for remote_port in [0, 65_536] {
            it.tunnels[0].remote_port = remote_port;
            assert_eq!(tunnel_jump(&it)[0].field, "tunnels[0].remote_port");
        }
        it.tunnels[0] = TunnelDefinition { local_port: 0, remote_port: 1, label: String::new() };
        assert_eq!(tunnel_jump(&it), []);
    }

    #[test]
    fn the_same_local_port_twice_is_refused_but_automatic_ones_are_not() {
        let mut it = draft();
        it.tunnels.push(it.tunnels[0].clone());
        assert_eq!(tunnel_jump(&it)[0].field, "tunnels[1].local_port");
        it.tunnels[0].local_port = 0;
        it.tunnels[1].local_port = 0;
        assert_eq!(tunnel_jump(&it), []);
    }

    #[test]
    fn host_names() {
        for good in ["db-1", "db_1.example.org", "example.org.", "10.0.0.5", "fd00::1"] {
            assert_eq!(hostname(good), None, "{good}");
        }
        for bad in ["", "https://db", "db:5432", "a..b", "-a", "a b", &"a".repeat(64), "[::1]", "db/../x", "$(id)"] {
            assert!(hostname(bad).is_some(), "{bad}");
        }
    }
}
