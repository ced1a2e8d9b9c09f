use proptest::prelude::*;
use uuid::Uuid;
use wire::api::{ApprovalRule, Notices, ScheduleEntry, Weekday};

use super::*;

/// A Monday, 2026-11-23, 12:00 UTC.
const NOON: Timestamp = Timestamp(1_795_435_200_000);
const MINUTE: i64 = 60_000;
const SHOWN: Shown = Shown { ticket: true, second_factor: true };

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn policy(number: u128, change: impl FnOnce(&mut JumpPolicyDraft)) -> Policy {
    let mut definition = JumpPolicyDraft {
        name: format!("policy {number}"),
        description: String::new(),
        schedule: None,
        approval: None,
        ticket: false,
        second_factor: false,
        notices: Notices::default(),
        simultaneous: Simultaneous::StartNew,
        covers_copies: false,
        link_grace_seconds: None,
        recording: RecordingRule::AsSettings,
        recording_quality: RecordingQuality::default(),
        traffic: RecordingRule::AsSettings,
        traffic_capture: TrafficCapture::default(),
        revision: 0,
    };
    change(&mut definition);
    Policy { id: JumpPolicyId(Uuid::from_u128(number)), definition }
}

/// Open every day between these hours, by UTC.
fn hours(from: u16, to: u16, strict: bool) -> Schedule {
    let entries = Weekday::ALL.map(|(day, _)| ScheduleEntry {
        from_day: day,
        from_minute: from * 60,
        to_day: day,
        to_minute: to * 60,
    });
    Schedule { time_zone: "UTC".into(), strict, entries: entries.to_vec() }
}

fn rule() -> ApprovalRule {
    ApprovalRule {
        users: vec![user(1)],
        teams: Vec::new(),
        emails: Vec::new(),
        max_minutes: 60,
        scope: ApprovalScope::Requester,
        own_requests: false,
    }
}

fn granted(policy: u128, requester: u128, scope: ApprovalScope, from: i64, until: i64) -> Granted {
    Granted {
        id: ApprovalId(Uuid::from_u128(900 + policy)),
        policy: JumpPolicyId(Uuid::from_u128(policy)),
        requester: user(requester),
        scope,
        from: NOON.plus_millis(from * MINUTE),
        until: NOON.plus_millis(until * MINUTE),
    }
}

fn asking(approvals: &[Granted]) -> Circumstances<'_> {
    Circumstances { user: user(5), now: NOON, approvals, in_use: false, copy_in_use: false, shown: Shown::default() }
}

fn needs_approval(begins: Option<i64>) -> Verdict {
    let begins = begins.map(|minutes| NOON.plus_millis(minutes * MINUTE));
    let approvals = vec![(JumpPolicyId(Uuid::from_u128(1)), begins)];
    Verdict::Needs(Needs { approvals, ..Needs::default() })
}

fn end(verdict: &Verdict) -> Option<(i64, SessionEnd)> {
    match verdict {
        Verdict::Allow(terms) => terms.ends.as_ref().map(|end| ((end.at.0 - NOON.0) / MINUTE, end.end)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_policies_nothing_is_asked() {
    assert_eq!(decide(&[], &asking(&[])), Verdict::Allow(Terms::default()));
    assert_eq!(decide(&[policy(1, |_| {})], &asking(&[])), Verdict::Allow(Terms::default()));
}

#[test]
fn a_schedule_lets_in_and_only_a_strict_one_ends_sessions() {
    let open = |strict| [policy(1, |it| it.schedule = Some(hours(8, 18, strict)))];
    assert_eq!(end(&decide(&open(true), &asking(&[]))), Some((6 * 60, SessionEnd::ScheduleClosed)));
    assert_eq!(end(&decide(&open(false), &asking(&[]))), None);
    for strict in [true, false] {
        let closed = [policy(1, |it| it.schedule = Some(hours(13, 18, strict)))];
        let opens = Some((NOON.plus_millis(60 * MINUTE), "UTC".to_owned()));
        let denial = Denial::Closed { policy: "policy 1".into(), opens };
        assert_eq!(decide(&closed, &asking(&[])), Verdict::Denied(denial));
    }
}

#[test]
fn an_approval_counts_for_its_user_its_policy_and_its_time() {
    use ApprovalScope::{Anyone, Requester};
    let policies = [policy(1, |it| it.approval = Some(rule()))];
    let table = [
        (granted(1, 5, Requester, -10, 50), None),
        (granted(1, 5, Requester, 0, 1), None),
        (granted(1, 6, Anyone, -10, 50), None),
        (granted(1, 6, Requester, -10, 50), Some(needs_approval(None))),
        (granted(2, 5, Requester, -10, 50), Some(needs_approval(None))),
        (granted(1, 5, Requester, -10, 0), Some(needs_approval(None))),
        (granted(1, 5, Requester, 1, 50), Some(needs_approval(Some(1)))),
    ];
    for (approval, expected) in table {
        let verdict = decide(&policies, &asking(&[approval]));
        match expected {
            Some(expected) => assert_eq!(verdict, expected, "{approval:?}"),
            None => {
                assert_eq!(end(&verdict).map(|it| it.1), Some(SessionEnd::ApprovalEnded), "{approval:?}");
                assert!(matches!(verdict, Verdict::Allow(Terms { approvals, .. }) if approvals == [approval.id]));
            }
        }
    }
    assert_eq!(decide(&policies, &asking(&[])), needs_approval(None));
    // Of two that are good the longer one.
    let both = [granted(1, 5, Requester, -10, 20), granted(1, 6, Anyone, -10, 40)];
    assert_eq!(end(&decide(&policies, &asking(&both))), Some((40, SessionEnd::ApprovalEnded)));
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let policies = [
        policy(1, |it| it.approval = Some(rule())),
        policy(2, |it| it.second_factor = true),
        policy(3, |it| it.ticket = true),
    ];
    let verdict = decide(&policies, &asking(&[]));
    let approvals = vec![(JumpPolicyId(Uuid::from_u128(1)), None)];
    assert_eq!(verdict, Verdict::Needs(Needs { approvals, ticket: true, second_factor: true }));
    let shown = Circumstances { shown: SHOWN, ..asking(&[]) };
    assert_eq!(decide(&policies, &shown), needs_approval(None));
}

#[test]
fn a_policy_that_is_not_there_lets_nobody_in() {
    let missing = [Policy::missing(JumpPolicyId(Uuid::nil()))];
    assert!(matches!(decide(&missing, &asking(&[])), Verdict::Denied(Denial::Closed { opens: None, .. })));
    assert_eq!(standing(&missing, &[], NOON), Standing::Over(SessionEnd::ScheduleClosed));
}

#[test]
fn one_at_a_time_is_one_at_a_time() {
    let policies = [policy(1, |it| it.simultaneous = Simultaneous::Disallow)];
    let in_use = Circumstances { in_use: true, ..asking(&[]) };
    assert_eq!(decide(&policies, &in_use), Verdict::Denied(Denial::InUse { policy: "policy 1".into() }));
    assert_eq!(decide(&policies, &asking(&[])), Verdict::Allow(Terms::default()));
    assert_eq!(decide(&[policy(1, |_| {})], &in_use), Verdict::Allow(Terms::default()));
}

#[test]
fn of_several_policies_the_strictest_says_what_a_jump_on_an_item_in_use_does() {
    use Simultaneous::{Disallow, Join, StartNew};
    let joins = |all: &[Simultaneous], in_use| {
        let policies: Vec<_> =
            (1u128..).zip(all).map(|(id, it)| policy(id, |policy| policy.simultaneous = *it)).collect();
        match decide(&policies, &Circumstances { in_use, ..asking(&[]) }) {
            Verdict::Allow(terms) => Some(terms.joins),
            Verdict::Needs(_) | Verdict::Denied(_) => None,
        }
    };
    assert_eq!(joins(&[Join], false), Some(false), "there is nothing to join");
    assert_eq!(joins(&[StartNew], true), Some(false));
    assert_eq!(joins(&[StartNew, Join], true), Some(true));
    assert_eq!(joins(&[Join, StartNew], true), Some(true));
    assert_eq!(joins(&[Join, Disallow], true), None);
    assert_eq!(joins(&[Disallow, Join], false), Some(false));
}

#[test]
fn of_several_policies_the_first_end_and_the_shortest_wait_count() {
    let policies = [
        policy(1, |it| (it.schedule, it.link_grace_seconds) = (Some(hours(8, 18, true)), Some(60))),
        policy(2, |it| (it.schedule, it.link_grace_seconds) = (Some(hours(8, 14, true)), Some(30))),
        policy(3, |it| it.approval = Some(rule())),
    ];
    let verdict = decide(&policies, &asking(&[granted(3, 5, ApprovalScope::Requester, 0, 150)]));
    assert_eq!(end(&verdict), Some((120, SessionEnd::ScheduleClosed)));
    assert!(matches!(&verdict, Verdict::Allow(Terms { link_grace_seconds: Some(30), .. })));
    let verdict = decide(&policies, &asking(&[granted(3, 5, ApprovalScope::Requester, 0, 90)]));
    assert_eq!(end(&verdict), Some((90, SessionEnd::ApprovalEnded)));
}

#[test]
fn everybody_is_told_once() {
    let notices = |start, end, addresses: &[&str]| Notices {
        start,
        end,
        addresses: addresses.iter().map(|it| (*it).to_owned()).collect(),
    };
    let policies = [
        policy(1, |it| it.notices = notices(true, false, &["b@x", "a@x"])),
        policy(2, |it| it.notices = notices(true, true, &["a@x", "c@x"])),
        policy(3, |it| it.notices = notices(false, false, &["d@x"])),
    ];
    let Verdict::Allow(terms) = decide(&policies, &asking(&[])) else { panic!("not allowed") };
    assert_eq!(
        (terms.told_of_start, terms.told_of_end),
        (vec!["a@x", "b@x", "c@x"].into_iter().map(String::from).collect(), vec!["a@x".to_owned(), "c@x".to_owned()])
    );
}

#[test]
fn a_running_session_ends_with_its_approval_and_a_strict_schedule() {
    let granted = granted(1, 5, ApprovalScope::Requester, -10, 30);
    let over = |end| Standing::Over(end);
    let closed = |strict| [policy(2, |it| it.schedule = Some(hours(13, 18, strict)))];
    let asks = [policy(1, |it| (it.approval, it.second_factor) = (Some(rule()), true))];
    let standing_at = |policies: &[Policy], rests_on: &[Option<Granted>], minutes: i64| {
        standing(policies, rests_on, NOON.plus_millis(minutes * MINUTE))
    };
    assert_eq!(standing_at(&closed(true), &[], 0), over(SessionEnd::ScheduleClosed));
    assert_eq!(standing_at(&closed(false), &[], 0), Standing::GoesOn(None));
    assert_eq!(standing_at(&[], &[None], 0), over(SessionEnd::ApprovalRevoked));
    assert_eq!(standing_at(&[], &[Some(granted)], 30), over(SessionEnd::ApprovalEnded));
    assert!(
        matches!(standing_at(&[], &[Some(granted)], 29), Standing::GoesOn(Some(End { at, .. })) if at == granted.until)
    );
    // What is asked at the start is not asked of it again.
    assert_eq!(standing_at(&asks, &[], 0), Standing::GoesOn(None));
}

#[test]
fn what_runs_on_a_copy_counts_where_a_policy_says_so() {
    let rule = |simultaneous, covers_copies| {
        [policy(1, |it| (it.simultaneous, it.covers_copies) = (simultaneous, covers_copies))]
    };
    let with = |in_use, copy_in_use| Circumstances { in_use, copy_in_use, ..asking(&[]) };
    let joins = |joins| Verdict::Allow(Terms { joins, ..Terms::default() });
    let refused = |joins| Verdict::Denied(Denial::CopyInUse { policy: "policy 1".into(), joins });
    use Simultaneous::{Disallow, Join, StartNew};
    for (simultaneous, covers, in_use, copy_in_use, expected) in [
        (StartNew, true, true, true, joins(false)),
        (Disallow, false, false, true, joins(false)),
        (Disallow, true, false, true, refused(false)),
        (Disallow, true, true, true, Verdict::Denied(Denial::InUse { policy: "policy 1".into() })),
        (Disallow, true, false, false, joins(false)),
        (Join, false, false, true, joins(false)),
        (Join, true, false, true, refused(true)),
        (Join, true, true, true, joins(true)),
        (Join, true, true, false, joins(true)),
    ] {
        let found = decide(&rule(simultaneous, covers), &with(in_use, copy_in_use));
        assert_eq!(found, expected, "{simultaneous:?} {covers} {in_use} {copy_in_use}");
    }
}

fn any_policy() -> impl Strategy<Value = JumpPolicyDraft> {
    let schedule = proptest::option::of(
        (0u16..24, 0u16..24, any::<bool>()).prop_map(|(from, to, strict)| hours(from, to, strict)),
    );
    let approval = proptest::option::of(any::<bool>());
    let simultaneous =
        prop_oneof![Just(Simultaneous::StartNew), Just(Simultaneous::Join), Just(Simultaneous::Disallow)];
    (schedule, approval, any::<(bool, bool, bool)>(), simultaneous, proptest::option::of(0u32..100)).prop_map(
        |(schedule, approval, (ticket, second_factor, covers_copies), simultaneous, link_grace_seconds)| {
            let approval = approval.map(|_| rule());
            let base = policy(0, |_| {}).definition;
            JumpPolicyDraft {
                schedule,
                approval,
                ticket,
                second_factor,
                simultaneous,
                covers_copies,
                link_grace_seconds,
                ..base
            }
        },
    )
}

fn numbered(all: Vec<JumpPolicyDraft>) -> Vec<Policy> {
    let with_id = |(number, definition): (u128, _)| Policy { id: JumpPolicyId(Uuid::from_u128(number)), definition };
    (1u128..).zip(all).map(with_id).collect()
}

fn any_approvals() -> impl Strategy<Value = Vec<Granted>> {
    let one = (1u128..5, 5u128..7, any::<bool>(), -60i64..60, 1i64..120);
    proptest::collection::vec(one, 0..6).prop_map(|all| {
        let made = |(policy, requester, anyone, from, minutes)| {
            let scope = if anyone { ApprovalScope::Anyone } else { ApprovalScope::Requester };
            granted(policy, requester, scope, from, from + minutes)
        };
        all.into_iter().map(made).collect()
    })
}

proptest! {
    #[test]
    fn a_policy_more_never_widens(
        policies in proptest::collection::vec(any_policy(), 1..4),
        approvals in any_approvals(),
        (in_use, copy_in_use) in any::<(bool, bool)>(),
        shown in any::<(bool, bool)>(),
    ) {
        let policies = numbered(policies);
        let it = Circumstances {
            in_use,
            copy_in_use,
            shown: Shown { ticket: shown.0, second_factor: shown.1 },
            ..asking(&approvals)
        };
        let with_all = decide(&policies, &it);
        let with_fewer = decide(&policies[1..], &it);
        if let Verdict::Allow(all) = &with_all {
            let Verdict::Allow(fewer) = with_fewer else {
                return Err(TestCaseError::fail(format!("allowed only with one more: {with_fewer:?}")));
            };
            // A session of one's own is more than a place in somebody's.
            prop_assert!(all.joins || !fewer.joins);
            if let Some(end) = fewer.ends {
                prop_assert!(all.ends.as_ref().is_some_and(|it| it.at <= end.at));
            }
            if let Some(seconds) = fewer.link_grace_seconds {
                prop_assert!(all.link_grace_seconds.is_some_and(|it| it <= seconds));
            }
        }
    }

    #[test]
    fn what_was_allowed_goes_on_until_the_end_that_was_told(
        policies in proptest::collection::vec(any_policy(), 0..4),
        approvals in any_approvals(),
    ) {
        let policies = numbered(policies);
        let it = Circumstances { shown: SHOWN, ..asking(&approvals) };
        let Verdict::Allow(terms) = decide(&policies, &it) else { return Ok(()) };
        let rests_on: Vec<_> = terms.approvals.iter().map(|id| approvals.iter().find(|it| it.id == *id).copied()).collect();
        // Of two approvals of one policy the test cannot tell which one was used.
        prop_assume!(approvals.iter().all(|one| approvals.iter().filter(|it| it.id == one.id).count() == 1));
        prop_assert_eq!(standing(&policies, &rests_on, NOON), Standing::GoesOn(terms.ends.clone()));
        if let Some(end) = terms.ends {
            let is_over = matches!(standing(&policies, &rests_on, end.at), Standing::Over(_));
            prop_assert!(is_over);
            let goes_on = matches!(standing(&policies, &rests_on, end.at.plus_millis(-1)), Standing::GoesOn(_));
            prop_assert!(goes_on);
        }
    }
}
