//! Requests for approval: who may decide them, and what may still become of one. Pure.

use std::collections::{HashMap, HashSet};

use wire::api::{ApprovalRule, ApprovalState, Principal};
use wire::{TeamId, Timestamp, UserId};

/// Somebody who looks at a request.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    /// Who.
    pub user: UserId,
    /// Teams they are in.
    pub teams: &'a [TeamId],
    /// Whether they administer the appliance.
    pub administrator: bool,
}

/// Whether somebody may say yes or no to a request of this user. Administrators decide like others: only where the rule names
/// them.
#[must_use]
pub fn may_decide(rule: &ApprovalRule, requester: UserId, viewer: &Viewer<'_>) -> bool {
    let is_named = rule.users.contains(&viewer.user) || rule.teams.iter().any(|team| viewer.teams.contains(team));
    is_named && (rule.own_requests || viewer.user != requester)
}

/// Whether whoever gets mail at this address may say yes or no to a request of a user with that address of their own.
#[must_use]
pub fn may_decide_by_mail(rule: &ApprovalRule, requester: Option<&str>, address: &str) -> bool {
    let is_named = rule.emails.iter().any(|it| is_same_address(it, address));
    let is_own = requester.is_some_and(|it| is_same_address(it, address));
    is_named && (rule.own_requests || !is_own)
}

/// Whether two mail addresses are one: hardly a mail server tells capitals apart, and who may decide must not hang on it.
#[must_use]
pub fn is_same_address(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// Whether somebody may take back what was granted: whoever may decide, and administrators.
#[must_use]
pub fn may_revoke(rule: Option<&ApprovalRule>, requester: UserId, viewer: &Viewer<'_>) -> bool {
    viewer.administrator || rule.is_some_and(|rule| may_decide(rule, requester, viewer))
}

/// Everybody who might decide.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Users who may sign in.
    pub enabled: HashSet<UserId>,
    /// Who is in which team.
    pub teams: HashMap<TeamId, Vec<UserId>>,
}

/// Whether a rule names this user or this team.
#[must_use]
pub fn names(rule: &ApprovalRule, who: Principal) -> bool {
    match who {
        Principal::User(user) => rule.users.contains(&user),
        Principal::Team(team) => rule.teams.contains(&team),
    }
}

/// The rule as it is when it does not name them.
#[must_use]
pub fn without(rule: &ApprovalRule, who: Principal) -> ApprovalRule {
    let mut rule = rule.clone();
    match who {
        Principal::User(user) => rule.users.retain(|it| *it != user),
        Principal::Team(team) => rule.teams.retain(|it| *it != team),
    }
    rule
}

/// Whether a rule means them, by name or as one of a team, and nobody else could decide if they were gone.
#[must_use]
pub fn is_last(rule: &ApprovalRule, who: Principal, people: &People) -> bool {
    let members = |team: &TeamId| people.teams.get(team).map(Vec::as_slice).unwrap_or_default();
    let is_one_of_a_team = match who {
        Principal::User(user) => rule.teams.iter().any(|team| members(team).contains(&user)),
        Principal::Team(_) => false,
    };
    let decides = |user: &UserId| who != Principal::User(*user) && people.enabled.contains(user);
    let left = without(rule, who);
    let somebody = !left.emails.is_empty()
        || left.users.iter().any(decides)
        || left.teams.iter().any(|team| members(team).iter().any(decides));
    (names(rule, who) || is_one_of_a_team) && !somebody
}

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Yes.
    Grant,
    /// No.
    Refuse,
    /// The yes is taken back.
    Revoke,
    /// Whoever asked does not want it any more.
    Withdraw,
}

/// The state that time makes of the one that is kept.
#[must_use]
pub fn at(state: ApprovalState, ends_at: Timestamp, now: Timestamp) -> ApprovalState {
    match state {
        ApprovalState::Waiting | ApprovalState::Granted if ends_at <= now => ApprovalState::Expired,
        state => state,
    }
}

/// The state after a deed; none when that cannot be done any more.
#[must_use]
pub fn next(state: ApprovalState, deed: Deed) -> Option<ApprovalState> {
    match (state, deed) {
        (ApprovalState::Waiting, Deed::Grant) => Some(ApprovalState::Granted),
        (ApprovalState::Waiting, Deed::Refuse) => Some(ApprovalState::Refused),
        (ApprovalState::Waiting, Deed::Withdraw) => Some(ApprovalState::Withdrawn),
        (ApprovalState::Granted, Deed::Revoke) => Some(ApprovalState::Revoked),
        _ => None,
    }
}

/// What stands in the way of a request for these minutes from this moment; nothing when it may be made.
#[must_use]
pub fn wrong_time(
    rule: &ApprovalRule,
    starts_at: Timestamp,
    minutes: u32,
    now: Timestamp,
) -> Option<(&'static str, String)> {
    const MINUTE: i64 = 60_000;
    let ahead = i64::from(wire::limits::APPROVAL_DAYS_AHEAD) * 24 * 60 * MINUTE;
    if minutes == 0 || minutes > rule.max_minutes {
        return Some(("minutes", format!("An approval lasts 1 to {} minutes here.", rule.max_minutes)));
    }
    if starts_at > now.plus_millis(ahead) {
        let days = wire::limits::APPROVAL_DAYS_AHEAD;
        return Some(("starts_at", format!("An approval can be asked for at most {days} days ahead.")));
    }
    let is_over = starts_at.plus_millis(i64::from(minutes) * MINUTE) <= now;
    is_over.then(|| ("starts_at", "This time is over already.".to_owned()))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    fn rule(own_requests: bool) -> ApprovalRule {
        ApprovalRule {
            users: vec![user(1)],
            teams: vec![TeamId(Uuid::from_u128(7))],
            emails: vec!["eve@example.org".into()],
            max_minutes: 60,
            scope: wire::api::ApprovalScope::Requester,
            own_requests,
        }
    }

    #[test]
    fn only_those_decide_whom_the_rule_names_and_not_for_themselves() {
        let team = [TeamId(Uuid::from_u128(7))];
        let viewer = |user, teams, administrator| Viewer { user, teams, administrator };
        let table = [
            (viewer(user(1), &[][..], false), false, true),
            (viewer(user(2), &team[..], false), false, true),
            (viewer(user(2), &[][..], false), false, false),
            (viewer(user(2), &[][..], true), false, false),
            // Whoever asked, though named.
            (viewer(user(9), &team[..], false), false, false),
            (viewer(user(9), &team[..], true), false, false),
            (viewer(user(9), &team[..], false), true, true),
            (viewer(user(9), &[][..], true), true, false),
        ];
        for (viewer, own_requests, expected) in table {
            assert_eq!(may_decide(&rule(own_requests), user(9), &viewer), expected, "{viewer:?} {own_requests}");
        }
        assert!(may_revoke(None, user(9), &viewer(user(2), &[], true)));
        assert!(!may_revoke(None, user(9), &viewer(user(1), &[], false)));
        assert!(may_revoke(Some(&rule(false)), user(9), &viewer(user(1), &[], false)));
    }

    #[test]
    fn nobody_decides_for_themselves_by_mail_either() {
        let may = |own, requester, address| may_decide_by_mail(&rule(own), requester, address);
        assert!(may(false, None, "eve@example.org") && may(false, Some("tom@example.org"), "EVE@example.org"));
        assert!(!may(false, None, "mallory@example.org"));
        assert!(!may(false, Some("Eve@Example.org"), "eve@example.org"), "whoever asked");
        assert!(may(true, Some("Eve@Example.org"), "eve@example.org"));
    }

    #[test]
    fn the_last_who_could_decide_is_found() {
        let [ops, dba] = [7, 8].map(|number| TeamId(Uuid::from_u128(number)));
        let named = |users: &[u128], teams: &[TeamId], mail: bool| ApprovalRule {
            users: users.iter().map(|number| user(*number)).collect(),
            teams: teams.to_vec(),
            emails: if mail { vec!["eve@example.org".into()] } else { Vec::new() },
            ..rule(false)
        };
        // 3 is disabled; 4 is in no team.
        let people = People {
            enabled: [1, 2, 4].map(user).into(),
            teams: [(ops, vec![user(1)]), (dba, vec![user(2), user(3)])].into(),
        };
        let (by_user, by_team) = (|number| Principal::User(user(number)), Principal::Team);
        let table = [
            (named(&[1], &[], false), by_user(1), true),
            (named(&[1, 4], &[], false), by_user(1), false),
            (named(&[1], &[], true), by_user(1), false),
            (named(&[1, 3], &[], false), by_user(1), true),
            (named(&[1], &[ops], false), by_user(1), true),
            (named(&[1], &[dba], false), by_user(1), false),
            (named(&[], &[dba], false), by_user(2), true),
            (named(&[], &[ops], false), by_user(4), false),
            (named(&[], &[ops], false), by_team(ops), true),
            (named(&[], &[ops, dba], false), by_team(ops), false),
            (named(&[3], &[ops], false), by_team(ops), true),
            (named(&[4], &[dba], false), by_team(ops), false),
        ];
        for (rule, who, expected) in table {
            assert_eq!(is_last(&rule, who, &people), expected, "{rule:?} {who:?}");
            assert!(!names(&without(&rule, who), who));
        }
    }

    #[test]
    fn a_request_is_decided_once_and_only_a_yes_is_taken_back() {
        use ApprovalState::{Expired, Granted, Refused, Revoked, Waiting, Withdrawn};
        let allowed = [
            (Waiting, Deed::Grant, Granted),
            (Waiting, Deed::Refuse, Refused),
            (Waiting, Deed::Withdraw, Withdrawn),
            (Granted, Deed::Revoke, Revoked),
        ];
        for state in [Waiting, Granted, Refused, Revoked, Withdrawn, Expired] {
            for deed in [Deed::Grant, Deed::Refuse, Deed::Revoke, Deed::Withdraw] {
                let expected = allowed.iter().find(|it| (it.0, it.1) == (state, deed)).map(|it| it.2);
                assert_eq!(next(state, deed), expected, "{state:?} {deed:?}");
            }
        }
        assert_eq!(at(Waiting, Timestamp(5), Timestamp(4)), Waiting);
        assert_eq!(at(Waiting, Timestamp(5), Timestamp(5)), Expired);
        assert_eq!(at(Granted, Timestamp(5), Timestamp(5)), Expired);
        assert_eq!(at(Revoked, Timestamp(5), Timestamp(5)), Revoked);
    }

    #[test]
    fn the_time_asked_for_is_one_that_can_be() {
        const MINUTE: i64 = 60_000;
        let now = Timestamp(1_000_000 * MINUTE);
        let wrong = |starts: i64, minutes| {
            wrong_time(&rule(false), now.plus_millis(starts * MINUTE), minutes, now).map(|(field, _)| field)
        };
        assert_eq!(wrong(0, 60), None);
        assert_eq!(wrong(0, 61), Some("minutes"));
        assert_eq!(wrong(0, 0), Some("minutes"));
        assert_eq!(wrong(-30, 30), Some("starts_at"));
        assert_eq!(wrong(-30, 31), None);
        assert_eq!(wrong(90 * 24 * 60, 1), None);
        assert_eq!(wrong(90 * 24 * 60 + 1, 1), Some("starts_at"));
    }
}
