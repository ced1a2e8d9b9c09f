//! The decision whether a Jump may happen, with what the person has to be told.

pub mod grants;

use wire::api::{Fault, ItemPermission, ItemStatus, JumpMethod};

use self::grants::Permissions;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Whether they may sign in at all.
    pub enabled: bool,
    /// Whether they may jump this way.
    pub method_allowed: bool,
    /// What they may do with the item.
    pub permissions: Permissions,
}

/// Whether a user with these methods may jump by this one.
#[must_use]
pub fn allows(methods: &[JumpMethod], method: JumpMethod) -> bool {
    methods.contains(&method)
}

/// What is known of an item's jumpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JumpointFacts {
    /// Whether it takes sessions.
    pub enabled: bool,
    /// Whether Protocol Tunnel Jumps may use it (row 0.4).
    pub protocol_tunnel_enabled: bool,
    /// Whether one of its nodes is connected.
    pub online: bool,
    /// Whether every node that is connected is being drained.
    pub draining: bool,
}

/// The answer to "may this user Jump to this item now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No.
    Denied(Denial),
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The user is disabled.
    UserDisabled,
    /// They may not begin sessions on the item.
    NotPermitted,
    /// They may not jump this way, whatever the item.
    MethodNotAllowed,
    /// The jumpoint is disabled.
    JumpointDisabled,
    /// The jumpoint has the method off.
    MethodOff,
    /// No node of the jumpoint is connected.
    JumpointOffline,
    /// Every node that is connected is being drained.
    JumpointDraining,
    /// The appliance is stopping.
    Stopping,
}

/// Decides. The order is from what the person cannot change to what passes by itself, so that nobody is sent to mend the
/// wrong thing.
#[must_use]
pub fn decide(asker: Asker, jumpoint: JumpointFacts, stopping: bool) -> Decision {
    if !asker.enabled {
        Decision::Denied(Denial::UserDisabled)
    } else if !asker.permissions.has(ItemPermission::Start) {
        Decision::Denied(Denial::NotPermitted)
    } else if !asker.method_allowed {
        Decision::Denied(Denial::MethodNotAllowed)
    } else if !jumpoint.enabled {
        Decision::Denied(Denial::JumpointDisabled)
    } else if !jumpoint.protocol_tunnel_enabled {
        Decision::Denied(Denial::MethodOff)
    } else if !jumpoint.online {
        Decision::Denied(Denial::JumpointOffline)
    } else if jumpoint.draining {
        Decision::Denied(Denial::JumpointDraining)
    } else if stopping {
        Decision::Denied(Denial::Stopping)
    } else {
        Decision::Allow
    }
}

/// What lists show of the same decision.
#[must_use]
pub fn status(asker: Asker, jumpoint: JumpointFacts) -> ItemStatus {
    match decide(asker, jumpoint, false) {
        Decision::Denied(Denial::JumpointDisabled) => ItemStatus::JumpointDisabled,
        Decision::Denied(Denial::MethodOff) => ItemStatus::MethodOff,
        Decision::Denied(Denial::JumpointOffline) => ItemStatus::JumpointOffline,
        Decision::Denied(Denial::JumpointDraining) => ItemStatus::JumpointDraining,
        Decision::Denied(Denial::UserDisabled | Denial::NotPermitted | Denial::MethodNotAllowed) => {
            ItemStatus::NotPermitted
        }
        Decision::Allow | Decision::Denied(Denial::Stopping) => ItemStatus::Ready,
    }
}

impl Denial {
    /// A stable name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UserDisabled => "user_disabled",
            Self::NotPermitted => "not_permitted",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::JumpointDisabled => "jumpoint_disabled",
            Self::MethodOff => "method_off",
            Self::JumpointOffline => "jumpoint_offline",
            Self::JumpointDraining => "jumpoint_draining",
            Self::Stopping => "stopping",
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn fault(self) -> Fault {
        match self {
            Self::UserDisabled
            | Self::NotPermitted
            | Self::MethodNotAllowed
            | Self::JumpointDisabled
            | Self::MethodOff
            | Self::JumpointDraining => Fault::Policy,
            Self::JumpointOffline => Fault::Jumpoint,
            Self::Stopping => Fault::Appliance,
        }
    }

    /// What happened, and what to do.
    #[must_use]
    pub fn message(self, jumpoint: &str) -> (String, String) {
        match self {
            Self::UserDisabled => ("Your account is disabled.".into(), "Ask an administrator to enable it.".into()),
            Self::NotPermitted => (
                "Your role in this item's group does not let you start sessions.".into(),
                "Ask an administrator for a role that does.".into(),
            ),
            Self::MethodNotAllowed => (
                "Your account may not use Protocol Tunnel Jumps.".into(),
                "Ask an administrator to allow the method for you.".into(),
            ),
            Self::JumpointDisabled => (
                format!("An administrator disabled the jumpoint {jumpoint}."),
                "Ask an administrator, or choose another jumpoint in the item's properties.".into(),
            ),
            Self::MethodOff => (
                format!("The jumpoint {jumpoint} does not allow Protocol Tunnel Jumps."),
                "An administrator can switch the method on under Agents.".into(),
            ),
            Self::JumpointOffline => (
                format!("The jumpoint {jumpoint} is offline."),
                "Check that its host is running and can reach the appliance; it connects by itself.".into(),
            ),
            Self::JumpointDraining => (
                format!(
                    "Every node of the jumpoint {jumpoint} that is online is being drained and takes no new sessions."
                ),
                "An administrator can let one take sessions again under Agents.".into(),
            ),
            Self::Stopping => (
                "The appliance is stopping and takes no new sessions.".into(),
                "Try again when it is back; the console says so.".into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> Asker {
        Asker { enabled: true, method_allowed: true, permissions: ItemPermission::Start.into() }
    }
    const GOOD: JumpointFacts =
        JumpointFacts { enabled: true, protocol_tunnel_enabled: true, online: true, draining: false };

    #[test]
    fn every_row_of_the_decision_table() {
        let table = [
            (somebody(), GOOD, false, Decision::Allow),
            (Asker { enabled: false, ..somebody() }, GOOD, false, Decision::Denied(Denial::UserDisabled)),
            (
                Asker { permissions: Permissions::all().without(ItemPermission::Start.into()), ..somebody() },
                GOOD,
                false,
                Decision::Denied(Denial::NotPermitted),
            ),
            (Asker { method_allowed: false, ..somebody() }, GOOD, false, Decision::Denied(Denial::MethodNotAllowed)),
            (somebody(), JumpointFacts { enabled: false, ..GOOD }, false, Decision::Denied(Denial::JumpointDisabled)),
            (
                somebody(),
                JumpointFacts { protocol_tunnel_enabled: false, online: false, ..GOOD },
                false,
                Decision::Denied(Denial::MethodOff),
            ),
            (somebody(), JumpointFacts { online: false, ..GOOD }, false, Decision::Denied(Denial::JumpointOffline)),
            (somebody(), JumpointFacts { draining: true, ..GOOD }, false, Decision::Denied(Denial::JumpointDraining)),
            (somebody(), GOOD, true, Decision::Denied(Denial::Stopping)),
        ];
        for (asker, jumpoint, stopping, expected) in table {
            assert_eq!(decide(asker, jumpoint, stopping), expected, "{asker:?} {jumpoint:?} {stopping}");
        }
    }

    #[test]
    fn only_one_of_all_combinations_is_allowed() {
        let mut allowed = 0;
        for bits in 0..256u16 {
            let bit = |at: u16| bits & (1 << at) != 0;
            let permissions = if bit(7) { Permissions::all() } else { ItemPermission::Add.into() };
            let asker = Asker { enabled: bit(0), method_allowed: bit(6), permissions };
            let jumpoint =
                JumpointFacts { enabled: bit(1), protocol_tunnel_enabled: bit(2), online: bit(3), draining: bit(5) };
            allowed += u32::from(decide(asker, jumpoint, bit(4)) == Decision::Allow);
        }
        assert_eq!(allowed, 1);
    }

    #[test]
    fn every_denial_says_what_to_do() {
        for denial in [
            Denial::UserDisabled,
            Denial::NotPermitted,
            Denial::MethodNotAllowed,
            Denial::JumpointDisabled,
            Denial::MethodOff,
            Denial::JumpointOffline,
            Denial::JumpointDraining,
            Denial::Stopping,
        ] {
            let (message, next_step) = denial.message("ams-1");
            assert!(message.ends_with('.') && next_step.ends_with('.'), "{denial:?}");
        }
    }
}
