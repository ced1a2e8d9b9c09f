//! Short notices at the corner of the page.

/// How long a notice stays that is no failure, in milliseconds.
pub(crate) const TOAST_MILLIS: u32 = 6_000;
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
        self.shown.retain(|toast| toast.title != title || toast.text != text);
        self.last = self.last.wrapping_add(1);
        self.shown.push(Toast { number: self.last, kind, title, text });
        if self.shown.len() > MOST {
            self.shown.remove(0);
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
}
