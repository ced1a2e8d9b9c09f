//! Short notices at the corner of the page.

use wire::JumpItemId;
use wire::limits::UNDO_SECONDS;

/// How long a notice stays that is no failure, in milliseconds.
const TOAST_MILLIS: u32 = 6_000;
/// Notices shown at once.
const MOST: usize = 4;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToastKind {
    /// Something was done.
    Success,
    /// Something happened.
    Info,
    /// Something failed; it stays until it is closed.
    Failure,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    /// Tells it from the others.
    pub(crate) number: u32,
    /// What it is about.
    pub(crate) kind: ToastKind,
    /// One line.
    pub(crate) title: String,
    /// What else there is to say; may be empty.
    pub(crate) text: String,
    /// Items that *Undo* brings back; empty for most notices.
    pub(crate) undo: Vec<JumpItemId>,
}

impl Toast {
    /// How long it stays, in milliseconds; none for one that stays until it is closed.
    pub(crate) fn millis(&self) -> Option<u32> {
        match self.kind {
            ToastKind::Failure => None,
            // A little less than the appliance grants: what is offered works.
            _ if !self.undo.is_empty() => Some(UNDO_SECONDS * 1000 - 1_000),
            ToastKind::Success | ToastKind::Info => Some(TOAST_MILLIS),
        }
    }
}

/// The notices that are shown, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Toasts {
    shown: Vec<Toast>,
    last: u32,
}

impl Toasts {
    /// The notices, oldest first.
    pub(crate) fn shown(&self) -> &[Toast] {
        &self.shown
    }

    /// Adds one; the same one again only comes to the front.
    pub(crate) fn push(&mut self, kind: ToastKind, title: String, text: String) {
        self.shown.retain(|toast| toast.title != title || toast.text != text || !toast.undo.is_empty());
        self.add(Toast { number: 0, kind, title, text, undo: Vec::new() });
    }

    /// Adds one that offers to bring items back.
    pub(crate) fn push_undo(&mut self, title: String, undo: Vec<JumpItemId>) {
        self.add(Toast { number: 0, kind: ToastKind::Success, title, text: String::new(), undo });
    }

    fn add(&mut self, toast: Toast) {
        self.last = self.last.wrapping_add(1);
        self.shown.push(Toast { number: self.last, ..toast });
        if self.shown.len() > MOST {
            // What can be undone makes room last.
            let first = self.shown.iter().position(|toast| toast.undo.is_empty()).unwrap_or(0);
            self.shown.remove(first);
        }
    }

    /// Removes one.
    pub(crate) fn remove(&mut self, number: u32) {
        self.shown.retain(|toast| toast.number != number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_notice_shows_once_and_old_ones_make_room() {
        let mut it = Toasts::default();
        for title in ["a", "b", "a", "c", "d", "e"] {
            it.push(ToastKind::Info, title.into(), String::new());
        }
        let titles: Vec<&str> = it.shown().iter().map(|toast| toast.title.as_str()).collect();
        assert_eq!(titles, ["a", "c", "d", "e"]);
        it.remove(it.shown()[0].number);
        assert_eq!(it.shown().len(), 3);
    }

    #[test]
    fn what_can_be_undone_stays_as_long_as_it_can() {
        let mut it = Toasts::default();
        it.push_undo("db was removed".into(), vec![JumpItemId(uuid::Uuid::nil())]);
        for title in ["a", "b", "c", "d", "e"] {
            it.push(ToastKind::Info, title.into(), String::new());
        }
        let titles: Vec<&str> = it.shown().iter().map(|toast| toast.title.as_str()).collect();
        assert_eq!(titles, ["db was removed", "c", "d", "e"]);
        assert_eq!(it.shown()[0].millis(), Some(29_000));
        assert_eq!(it.shown()[1].millis(), Some(TOAST_MILLIS));
    }
}
