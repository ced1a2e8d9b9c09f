//! Jump policies: when and how items may be used, beyond who may use them. Several may hold at once (the item's, and those of the
//! memberships that let somebody start it); then each of them has to agree, so that none widens another.

pub mod approval;
pub mod recording;
pub mod schedule;
mod words;

use wire::api::{
    ApprovalScope, JumpPolicyDraft, Notices, RecordingQuality, RecordingRule, Schedule, SessionEnd, Simultaneous,
    TrafficCapture,
};
use wire::{ApprovalId, JumpPolicyId, Timestamp, UserId};

use self::schedule::Opening;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: JumpPolicyId,
    /// What it says.
    pub definition: JumpPolicyDraft,
}

impl Policy {
    /// Stands for one that is named and not there: it never opens.
    #[must_use]
    pub fn missing(id: JumpPolicyId) -> Self {
        let never = Schedule { time_zone: "UTC".into(), strict: true, entries: Vec::new() };
        let definition = JumpPolicyDraft {
            name: "(removed)".into(),
            description: String::new(),
            schedule: Some(never),
            approval: None,
            ticket: false,
            second_factor: false,
            notices: Notices::default(),
            simultaneous: Simultaneous::Disallow,
            covers_copies: false,
            link_grace_seconds: None,
            recording: RecordingRule::AsSettings,
            recording_quality: RecordingQuality::default(),
            traffic: RecordingRule::AsSettings,
            traffic_capture: TrafficCapture::default(),
            revision: 0,
        };
        Self { id, definition }
    }
}

/// An approval that was given and not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Its id.
    pub id: ApprovalId,
    /// The policy it satisfies.
    pub policy: JumpPolicyId,
    /// Who asked for it.
    pub requester: UserId,
    /// For whom it is good.
    pub scope: ApprovalScope,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// What else decides besides the policies.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Who asks.
    pub user: UserId,
    /// The present.
    pub now: Timestamp,
    /// Approvals of the item.
    pub approvals: &'a [Granted],
    /// Whether anybody has a session on the item.
    pub in_use: bool,
    /// Whether anybody has a session on a copy of it, or on what it is a copy of.
    pub copy_in_use: bool,
    /// What was shown for this, and found good.
    pub shown: Shown,
}

/// What somebody showed, and what was found good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// A ticket.
    pub ticket: bool,
    /// A second factor.
    pub second_factor: bool,
}

/// What policies say to a Jump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, on these terms.
    Allow(Terms),
    /// Not yet: something has to be done first.
    Needs(Needs),
    /// No.
    Denied(Denial),
}

/// On what terms a session runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// When and why it has to end.
    pub ends: Option<End>,
    /// Approvals it rests on.
    pub approvals: Vec<ApprovalId>,
    /// Whether it joins the session that runs.
    pub joins: bool,
    /// Seconds for which it waits for a lost link, where a policy says so: the fewest.
    pub link_grace_seconds: Option<u32>,
    /// Mail addresses that are told of its start, each once.
    pub told_of_start: Vec<String>,
    /// Mail addresses that are told of its end, each once.
    pub told_of_end: Vec<String>,
}

/// The end that policies set to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// How it is called.
    pub end: SessionEnd,
    /// Why, in a sentence.
    pub because: String,
}

/// What has to be done first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Policies that want an approval which is not there, with when one that was given begins.
    pub approvals: Vec<(JumpPolicyId, Option<Timestamp>)>,
    /// Whether a ticket has to be shown.
    pub ticket: bool,
    /// Whether a second factor has to be shown.
    pub second_factor: bool,
}

/// Why not, with the policy's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Its schedule is closed.
    Closed {
        /// The policy.
        policy: String,
        /// When it opens, and the zone in whose clock that is told.
        opens: Option<(Timestamp, String)>,
    },
    /// Somebody uses the item, and the policy lets only one.
    InUse {
        /// The policy.
        policy: String,
    },
    /// Somebody uses a copy of the item, and the policy counts that.
    CopyInUse {
        /// The policy.
        policy: String,
        /// Whether it lets others join there.
        joins: bool,
    },
}

/// Decides what these policies say to a Jump.
#[must_use]
pub fn decide(policies: &[Policy], it: &Circumstances<'_>) -> Verdict {
    for policy in policies {
        if let Some(denial) = denied(policy, it) {
            return Verdict::Denied(denial);
        }
    }
    let mut needs = Needs::default();
    let mut used = Vec::new();
    for policy in policies {
        needs.ticket |= policy.definition.ticket && !it.shown.ticket;
        needs.second_factor |= policy.definition.second_factor && !it.shown.second_factor;
        if policy.definition.approval.is_none() {
            continue;
        }
        match good_for(policy.id, it) {
            Ok(granted) => used.push(granted),
            Err(begins) => needs.approvals.push((policy.id, begins)),
        }
    }
    if needs != Needs::default() {
        return Verdict::Needs(needs);
    }
    Verdict::Allow(Terms {
        ends: earliest(policies, &used, it.now),
        approvals: used.iter().map(|it| it.id).collect(),
        joins: it.in_use && strictest(policies) == Simultaneous::Join,
        link_grace_seconds: policies.iter().filter_map(|it| it.definition.link_grace_seconds).min(),
        told_of_start: told(policies, |it| it.start),
        told_of_end: told(policies, |it| it.end),
    })
}

/// What these policies together say of a Jump on an item in use.
#[must_use]
pub fn strictest(policies: &[Policy]) -> Simultaneous {
    policies.iter().map(|it| it.definition.simultaneous).max().unwrap_or_default()
}

/// Everybody whom a policy tells of this, each once.
fn told(policies: &[Policy], of_this: impl Fn(&Notices) -> bool) -> Vec<String> {
    let notices = policies.iter().map(|it| &it.definition.notices).filter(|it| of_this(it));
    let mut addresses: Vec<String> = notices.flat_map(|it| it.addresses.iter().cloned()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn denied(policy: &Policy, it: &Circumstances<'_>) -> Option<Denial> {
    let name = || policy.definition.name.clone();
    if let Some(schedule) = &policy.definition.schedule
        && let Opening::Closed { opens } = schedule::at(schedule, it.now)
    {
        let opens = opens.map(|at| (at, schedule.time_zone.clone()));
        return Some(Denial::Closed { policy: name(), opens });
    }
    let copy_in_use = policy.definition.covers_copies && it.copy_in_use;
    match policy.definition.simultaneous {
        Simultaneous::Disallow if it.in_use => Some(Denial::InUse { policy: name() }),
        Simultaneous::Disallow if copy_in_use => Some(Denial::CopyInUse { policy: name(), joins: false }),
        Simultaneous::Join if copy_in_use && !it.in_use => Some(Denial::CopyInUse { policy: name(), joins: true }),
        _ => None,
    }
}

/// The approval that satisfies a policy now and lasts longest; else when the next one begins.
fn good_for(policy: JumpPolicyId, it: &Circumstances<'_>) -> Result<Granted, Option<Timestamp>> {
    let theirs = it.approvals.iter().filter(|granted| {
        granted.policy == policy
            && (granted.scope == ApprovalScope::Anyone || granted.requester == it.user)
            && it.now < granted.until
    });
    let now = theirs.clone().filter(|granted| granted.from <= it.now).max_by_key(|granted| granted.until);
    now.copied().ok_or_else(|| theirs.map(|granted| granted.from).min())
}

/// How a running session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes on, until then.
    GoesOn(Option<End>),
    /// It is over.
    Over(SessionEnd),
}

/// How a running session stands with the policies that hold now and the approvals that it rests on; of those, `None` were taken
/// back. What a policy asks for at the start it does not ask of a session that runs.
#[must_use]
pub fn standing(policies: &[Policy], rests_on: &[Option<Granted>], now: Timestamp) -> Standing {
    let Some(approvals) = rests_on.iter().copied().collect::<Option<Vec<_>>>() else {
        return Standing::Over(SessionEnd::ApprovalRevoked);
    };
    if approvals.iter().any(|it| it.until <= now) {
        return Standing::Over(SessionEnd::ApprovalEnded);
    }
    let is_closed = strict(policies).any(|(_, opening)| matches!(opening(now), Opening::Closed { .. }));
    if is_closed {
        return Standing::Over(SessionEnd::ScheduleClosed);
    }
    Standing::GoesOn(earliest(policies, &approvals, now))
}

/// The policies whose schedule ends sessions.
fn strict(policies: &[Policy]) -> impl Iterator<Item = (&Policy, impl Fn(Timestamp) -> Opening)> {
    policies.iter().filter_map(|policy| {
        let schedule = policy.definition.schedule.as_ref().filter(|it| it.strict)?;
        Some((policy, |now| schedule::at(schedule, now)))
    })
}

/// The first end among those of strict schedules and approvals.
fn earliest(policies: &[Policy], approvals: &[Granted], now: Timestamp) -> Option<End> {
    let closing = strict(policies).filter_map(|(policy, opening)| match opening(now) {
        Opening::Open { until: Some(at) } => {
            let because = format!("the schedule of the policy {} closes", policy.definition.name);
            Some(End { at, end: SessionEnd::ScheduleClosed, because })
        }
        Opening::Open { until: None } | Opening::Closed { .. } => None,
    });
    let running_out = approvals.iter().map(|it| {
        let because = "the approval runs out".to_owned();
        End { at: it.until, end: SessionEnd::ApprovalEnded, because }
    });
    closing.chain(running_out).min_by_key(|end| end.at)
}

#[cfg(test)]
mod tests;
