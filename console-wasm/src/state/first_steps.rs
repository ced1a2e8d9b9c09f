//! The first screen of a new appliance: a short path, each step ticking itself off when it really happened.

use super::helper_state::{HelperState, HelperStatus};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What to do.
    pub(crate) title: &'static str,
    /// How, in a sentence.
    pub(crate) text: &'static str,
    /// Where.
    pub(crate) place: Place,
    /// Whether it happened.
    pub(crate) done: bool,
}

/// Where a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The Agents page.
    Agents,
    /// The dialog for a new item.
    CreateItem,
    /// The page that leads through the helper's installation.
    GetHelper,
    /// The table.
    Jump,
}

/// What of the path is the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Theirs {
    /// Whether they may enrol jumpoints.
    pub(crate) jumpoints: bool,
    /// Whether they may create items.
    pub(crate) items: bool,
}

/// The path, from what is known now, without what others have to do. None once all of it happened.
pub(crate) fn first_steps(
    theirs: Theirs,
    any_jumpoint_enrolled: bool,
    any_item: bool,
    helper: &HelperState,
    any_session: bool,
) -> Option<Vec<Step>> {
    let mut steps = vec![
        Step {
            title: "Enrol a jumpoint",
            text: "A jumpoint stands in the remote network and dials out to this appliance; no inbound port is needed.",
            place: Place::Agents,
            done: any_jumpoint_enrolled,
        },
        Step {
            title: "Create an item",
            text: "A Protocol Tunnel Jump says which remote system and ports, and on which local address they appear.",
            place: Place::CreateItem,
            done: any_item,
        },
        Step {
            title: "Get the helper",
            text: "It listens on this workstation for your own clients. Installed once, without administrator rights.",
            place: Place::GetHelper,
            done: matches!(helper.status(), HelperStatus::Ready | HelperStatus::Update),
        },
        Step {
            title: "Jump",
            text: "Select the item and press Jump, then Protocol Tunneling in the tab that opens.",
            place: Place::Jump,
            done: any_session,
        },
    ];
    steps.retain(|step| match step.place {
        Place::Agents => theirs.jumpoints,
        Place::CreateItem => theirs.items,
        Place::GetHelper | Place::Jump => true,
    });
    (!steps.iter().all(|step| step.done)).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_tick_off_one_by_one_and_then_the_path_goes_away() {
        let ready = HelperState::Found {
            extension_version: "99.0.0".into(),
            helper_version: "99.0.0".into(),
            os: "linux".into(),
        };
        let done = |steps: Option<Vec<Step>>| steps.map(|steps| steps.iter().filter(|step| step.done).count());
        let all = Theirs { jumpoints: true, items: true };
        assert_eq!(done(first_steps(all, false, false, &HelperState::Searching, false)), Some(0));
        assert_eq!(done(first_steps(all, true, true, &HelperState::NoExtension, true)), Some(3));
        assert_eq!(done(first_steps(all, true, true, &ready, false)), Some(3));
        assert_eq!(first_steps(all, true, true, &ready, true), None);
    }

    #[test]
    fn nobody_is_shown_what_others_have_to_do() {
        let technician = Theirs { jumpoints: false, items: false };
        let steps = first_steps(technician, false, true, &HelperState::Searching, false).unwrap();
        assert_eq!(steps.iter().map(|it| it.place).collect::<Vec<_>>(), [Place::GetHelper, Place::Jump]);
    }
}
