//! What is found out of the appliance, and what it means. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use wire::api::{ApprovalRule, ForwardingStatus, HealthCheck, HealthLevel, HealthSubject, Outbox};
use wire::{TeamId, Timestamp, UserId};

const GIB: u64 = 1 << 30;
const DAY: u64 = 24 * 60 * 60 * 1000;
/// Names that one sentence holds.
const NAMED: usize = 5;

fn check(subject: HealthSubject, level: HealthLevel, message: impl Into<String>, next_step: &str) -> HealthCheck {
    HealthCheck { subject, level, message: message.into(), next_step: next_step.to_owned(), at: None }
}

/// What could not be found out.
#[must_use]
pub fn unknown(subject: HealthSubject) -> HealthCheck {
    check(subject, HealthLevel::Bad, "It could not be found out how this stands.", "The appliance's log says why.")
}

/// The database, with what it says when it fails.
#[must_use]
pub fn database(failure: Option<String>) -> HealthCheck {
    match failure {
        None => check(HealthSubject::Database, HealthLevel::Good, "The database answers.", ""),
        Some(why) => {
            let next_step = "Look at the appliance's log and at the disk of its data folder.";
            check(HealthSubject::Database, HealthLevel::Bad, format!("The database fails: {why}."), next_step)
        }
    }
}

/// The disk with the data folder: bytes free of all.
#[must_use]
pub fn disk(free: u64, all: u64) -> HealthCheck {
    let percent = free.saturating_mul(100).checked_div(all).unwrap_or(0);
    let (level, next_step) = if percent < 3 || free < GIB / 2 {
        (HealthLevel::Bad, "Make room: without it no session begins.")
    } else if percent < 10 || free < 2 * GIB {
        (HealthLevel::Warning, "Make room before it is full.")
    } else {
        (HealthLevel::Good, "")
    };
    // Rounded, so that it does not change all the time.
    let free = if free < 10 * GIB { format!("{:.1}", free as f64 / GIB as f64) } else { (free / GIB).to_string() };
    check(
        HealthSubject::Disk,
        level,
        format!("{free} GiB ({percent} %) of the data folder's disk are free."),
        next_step,
    )
}

/// The certificate, good until then.
#[must_use]
pub fn certificate(good_until: Option<Timestamp>, now: Timestamp) -> HealthCheck {
    let Some(until) = good_until else { return unknown(HealthSubject::Certificate) };
    if until <= now {
        let next_step = "Put a new certificate in its place; it is read within the hour.";
        let message = "The certificate has expired: browsers, helpers and agents refuse it.";
        return HealthCheck {
            at: Some(until),
            ..check(HealthSubject::Certificate, HealthLevel::Bad, message, next_step)
        };
    }
    let days = until.millis_since(now) / DAY;
    let (level, next_step) = match days {
        0..7 => (HealthLevel::Bad, "Put a new certificate in its place; it is read within the hour."),
        7..21 => (HealthLevel::Warning, "Renew it in time; the appliance's own one is renewed by itself."),
        _ => (HealthLevel::Good, ""),
    };
    let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    check(HealthSubject::Certificate, level, format!("The certificate is good for {days}."), next_step)
}

/// The audit trail, with the newest thing that was found wrong with it and when, and why nothing can be written to it and since when.
#[must_use]
pub fn audit_trail(newest: Option<(Timestamp, &str)>, failing: Option<(Timestamp, &str)>) -> HealthCheck {
    if let Some((at, why)) = failing {
        let message = format!("Nothing can be written to the audit trail: {why}.");
        let next_step =
            "Look at the database and its disk: until then nothing begins or changes that has to be audited.";
        return HealthCheck { at: Some(at), ..check(HealthSubject::AuditTrail, HealthLevel::Bad, message, next_step) };
    }
    let Some((at, what)) = newest else {
        return check(
            HealthSubject::AuditTrail,
            HealthLevel::Good,
            "Nothing was found wrong with the audit trail.",
            "",
        );
    };
    let message = format!("Something is wrong with the audit trail: {what}.");
    let next_step =
        "Find out who can write to the database; Administration → Audit shows what was found and verifies the rest.";
    HealthCheck { at: Some(at), ..check(HealthSubject::AuditTrail, HealthLevel::Bad, message, next_step) }
}

/// The place where recordings are stored, with what it says when it fails.
#[must_use]
pub fn recordings(failure: Option<String>) -> HealthCheck {
    match failure {
        None => check(HealthSubject::Recordings, HealthLevel::Good, "Recordings can be stored.", ""),
        Some(why) => {
            let next_step = "Make room or mend the store: until then no session begins that has to be recorded.";
            check(
                HealthSubject::Recordings,
                HealthLevel::Bad,
                format!("Recordings cannot be stored: {why}."),
                next_step,
            )
        }
    }
}

/// Audit events that are handed on to others.
#[must_use]
pub fn forwarding(all: &[ForwardingStatus]) -> HealthCheck {
    let subject = HealthSubject::Forwarding;
    let on: Vec<&ForwardingStatus> = all.iter().filter(|it| it.is_on).collect();
    if on.is_empty() {
        return check(subject, HealthLevel::Off, "Audit events are not handed on to other systems.", "");
    }
    let stopped: Vec<&&ForwardingStatus> = on.iter().filter(|it| it.obstacle.is_some()).collect();
    if stopped.is_empty() {
        // How many are on their way changes all the time; that they go is what counts.
        return check(subject, HealthLevel::Good, "Audit events are handed on.", "");
    }
    let words = stopped.iter().map(|it| {
        let why = it.obstacle.as_deref().unwrap_or_default();
        let waiting =
            if it.waiting == 1 { "one event waits".to_owned() } else { format!("{} events wait", it.waiting) };
        format!("{} is handed none on, {waiting}: {why}", it.destination.words())
    });
    let message = words.collect::<Vec<_>>().join(" ");
    let next_step = "See whether it runs; Administration → Settings tries it out. Nothing is lost meanwhile.";
    let since = stopped.iter().filter_map(|it| it.since).min_by_key(|it| it.0);
    HealthCheck { at: since, ..check(subject, HealthLevel::Bad, message, next_step) }
}

/// Outgoing mail.
#[must_use]
pub fn mail(is_configured: bool, outbox: &Outbox) -> HealthCheck {
    let waiting = match outbox.waiting {
        0 => "no letter waits".to_owned(),
        1 => "one letter waits".to_owned(),
        many => format!("{many} letters wait"),
    };
    let (level, message, next_step) = match (is_configured, &outbox.obstacle, outbox.failures.len()) {
        (false, _, _) if outbox.waiting > 0 => {
            (HealthLevel::Bad, format!("No mail server is set up, and {waiting}."), "Set one up under Settings.")
        }
        (false, ..) => (HealthLevel::Off, "No mail server is set up: nobody gets letters.".into(), ""),
        (true, Some(why), _) => {
            (HealthLevel::Bad, format!("Mail does not go, and {waiting}. {why}"), "Look at Settings.")
        }
        (true, None, 0) => (HealthLevel::Good, format!("Mail goes; {waiting}."), ""),
        (true, None, given_up) => {
            let letters = if given_up == 1 { "one letter was".to_owned() } else { format!("{given_up} letters were") };
            (
                HealthLevel::Warning,
                format!("Mail goes, but {letters} given up in the last 30 days."),
                "Look at Settings.",
            )
        }
    };
    let since = outbox.waiting_since.filter(|_| level == HealthLevel::Bad);
    HealthCheck { at: since, ..check(HealthSubject::Mail, level, message, next_step) }
}

/// The ticket system, whether policies ask for tickets, and what went wrong last.
#[must_use]
pub fn ticket_system(is_configured: bool, asked_for: bool, failed: Option<(Timestamp, String)>) -> HealthCheck {
    let subject = HealthSubject::TicketSystem;
    match (is_configured, asked_for, failed) {
        (false, true, _) => {
            let message = "Policies ask for tickets, but no ticket system is set up: their items cannot be started.";
            check(subject, HealthLevel::Bad, message, "Set one up under Settings.")
        }
        (false, false, _) => {
            check(subject, HealthLevel::Off, "No ticket system is set up, and no policy asks for one.", "")
        }
        (true, _, Some((at, why))) => {
            let message = format!("The ticket system could not be asked: {why}");
            let it = check(subject, HealthLevel::Warning, message, "Try it out under Settings.");
            HealthCheck { at: Some(at), ..it }
        }
        (true, _, None) => {
            check(subject, HealthLevel::Good, "The ticket system is set up; nothing went wrong lately.", "")
        }
    }
}

/// Whether anybody could decide under this rule: somebody who is enabled, or who gets a letter.
#[must_use]
pub fn can_be_approved(rule: &ApprovalRule, enabled: &HashSet<UserId>, members: &HashMap<TeamId, Vec<UserId>>) -> bool {
    let in_teams = rule.teams.iter().filter_map(|team| members.get(team)).flatten();
    !rule.emails.is_empty() || rule.users.iter().chain(in_teams).any(|user| enabled.contains(user))
}

/// Names of the jump policies under which nobody could decide.
#[must_use]
pub fn approvals(stuck: &BTreeSet<String>) -> HealthCheck {
    let subject = HealthSubject::Approvals;
    if stuck.is_empty() {
        let message = "Somebody can decide under every jump policy that asks for approval.";
        return check(subject, HealthLevel::Good, message, "");
    }
    let next_step = "Name somebody who is enabled in the policy, or in its teams.";
    let message = format!("Nobody can approve under: {}. Those who could are disabled or gone.", listed(stuck));
    check(subject, HealthLevel::Bad, message, next_step)
}

/// Programs of another version than the appliance, each with its version.
#[must_use]
pub fn versions(subject: HealthSubject, others: &BTreeSet<String>) -> HealthCheck {
    let (what, next_step) = match subject {
        HealthSubject::Helpers => ("helper in use", "Update them under Get the helper."),
        _ => ("node that is online", "Update sallyport-jumpoint on their hosts."),
    };
    if others.is_empty() {
        return check(subject, HealthLevel::Good, format!("Every {what} has the appliance's version."), "");
    }
    check(subject, HealthLevel::Warning, format!("Of another version: {}.", listed(others)), next_step)
}

/// The first few, and how many more there are.
fn listed(names: &BTreeSet<String>) -> String {
    let mut named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let more = format!("{} more", names.len().saturating_sub(NAMED));
    if names.len() > NAMED {
        named.push(&more);
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_told_of_before_it_is_full() {
        let level = |free: u64, all: u64| disk(free, all).level;
        assert_eq!(level(50 * GIB, 100 * GIB), HealthLevel::Good);
        assert_eq!(level(9 * GIB, 100 * GIB), HealthLevel::Warning);
        assert_eq!(level(GIB, 4 * GIB), HealthLevel::Warning);
        assert_eq!(level(2 * GIB, 100 * GIB), HealthLevel::Bad);
        assert_eq!(level(0, 0), HealthLevel::Bad);
        assert_eq!(disk(3 * GIB / 2, 3 * GIB).message, "1.5 GiB (50 %) of the data folder's disk are free.");
    }

    #[test]
    fn a_certificate_warns_in_time() {
        let now = Timestamp(1_000_000);
        let days = |days: i64| certificate(Some(now.plus_millis(days * 24 * 60 * 60 * 1000 + 1)), now);
        let levels = [-1, 0, 6, 7, 20, 21, 300].map(|it| days(it).level);
        use HealthLevel::{Bad, Good, Warning};
        assert_eq!(levels, [Bad, Bad, Bad, Warning, Warning, Good, Good]);
        assert_eq!(days(300).message, "The certificate is good for 300 days.");
        assert_eq!(certificate(None, now).level, Bad);
    }

    #[test]
    fn mail_and_tickets_are_only_missed_where_they_are_needed() {
        let outbox = |waiting, obstacle: Option<&str>| Outbox {
            waiting,
            waiting_since: None,
            obstacle: obstacle.map(str::to_owned),
            failures: Vec::new(),
        };
        assert_eq!(mail(false, &outbox(0, None)).level, HealthLevel::Off);
        assert_eq!(mail(false, &outbox(1, None)).level, HealthLevel::Bad);
        assert_eq!(mail(true, &outbox(1, None)).level, HealthLevel::Good);
        assert!(mail(true, &outbox(2, Some("Away."))).message.ends_with("2 letters wait. Away."));
        assert_eq!(ticket_system(false, false, None).level, HealthLevel::Off);
        assert_eq!(ticket_system(false, true, None).level, HealthLevel::Bad);
        assert_eq!(ticket_system(true, true, None).level, HealthLevel::Good);
        assert_eq!(ticket_system(true, false, Some((Timestamp(1), "x".into()))).level, HealthLevel::Warning);
    }

    #[test]
    fn a_policy_that_nobody_can_approve_is_told_of() {
        let [ana, ben] = [1, 2].map(|at| UserId(uuid::Uuid::from_u128(at)));
        let team = TeamId(uuid::Uuid::from_u128(3));
        let rule = |users: &[UserId], teams: &[TeamId], emails: &[&str]| ApprovalRule {
            users: users.to_vec(),
            teams: teams.to_vec(),
            emails: emails.iter().map(|it| (*it).to_owned()).collect(),
            max_minutes: 60,
            scope: wire::api::ApprovalScope::default(),
            own_requests: false,
        };
        let can = |rule: &ApprovalRule, enabled: &[UserId]| {
            can_be_approved(rule, &enabled.iter().copied().collect(), &HashMap::from([(team, vec![ben])]))
        };
        assert!(can(&rule(&[ana], &[], &[]), &[ana]));
        assert!(!can(&rule(&[ana], &[], &[]), &[ben]), "who is disabled approves nothing");
        assert!(can(&rule(&[ana], &[team], &[]), &[ben]));
        assert!(!can(&rule(&[], &[team], &[]), &[ana]), "a team without anybody enabled approves nothing");
        assert!(can(&rule(&[], &[], &["boss@example.org"]), &[]));
        assert_eq!(approvals(&BTreeSet::new()).level, HealthLevel::Good);
        let stuck = approvals(&BTreeSet::from(["Careful".to_owned()]));
        assert_eq!(stuck.level, HealthLevel::Bad);
        assert!(stuck.message.contains("Careful"), "{}", stuck.message);
    }

    #[test]
    fn events_that_are_not_handed_on_are_told_with_their_number() {
        use wire::api::Destination::{Syslog, Webhook};
        let status = |destination, is_on, obstacle: Option<&str>| ForwardingStatus {
            destination,
            is_on,
            last: 5,
            waiting: 7,
            obstacle: obstacle.map(str::to_owned),
            since: obstacle.map(|_| Timestamp(3)),
        };
        assert_eq!(forwarding(&[status(Syslog, false, None)]).level, HealthLevel::Off);
        assert_eq!(forwarding(&[status(Syslog, true, None), status(Webhook, false, None)]).level, HealthLevel::Good);
        let bad = forwarding(&[status(Syslog, true, None), status(Webhook, true, Some("It is away."))]);
        assert_eq!((bad.level, bad.at), (HealthLevel::Bad, Some(Timestamp(3))));
        assert_eq!(bad.message, "The webhook is handed none on, 7 events wait: It is away.");
    }

    #[test]
    fn versions_are_named_but_not_all_of_them() {
        let others: BTreeSet<String> = (0..7).map(|at| format!("node{at} (0.0.{at})")).collect();
        let it = versions(HealthSubject::Jumpoints, &others);
        assert!(it.message.ends_with("node4 (0.0.4), 2 more."), "{}", it.message);
        assert_eq!(versions(HealthSubject::Helpers, &BTreeSet::new()).level, HealthLevel::Good);
    }
}
