//! Which rows of a table are selected: by click, with Shift and Ctrl, and by the keyboard.

use std::collections::BTreeSet;

/// Keys held during a click.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Extends the selection to the row.
    pub(crate) shift: bool,
    /// Adds the row, or takes it away (Ctrl, or Cmd on a Mac).
    pub(crate) toggle: bool,
}

/// Selected rows, the row that has the focus, and the one a range begins at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection<Id: Ord> {
    selected: BTreeSet<Id>,
    cursor: Option<Id>,
    anchor: Option<Id>,
}

impl<Id: Ord> Default for Selection<Id> {
    fn default() -> Self {
        Self { selected: BTreeSet::new(), cursor: None, anchor: None }
    }
}

impl<Id: Ord + Copy> Selection<Id> {
    /// Whether a row is selected.
    pub(crate) fn contains(&self, id: Id) -> bool {
        self.selected.contains(&id)
    }

    /// The row that has the focus.
    pub(crate) fn cursor(&self) -> Option<Id> {
        self.cursor
    }

    /// The selected rows in the order of the table.
    #[cfg(test)]
    fn in_order(&self, rows: &[Id]) -> Vec<Id> {
        rows.iter().copied().filter(|id| self.contains(*id)).collect()
    }

    /// A click on a row.
    pub(crate) fn click(&mut self, rows: &[Id], id: Id, held: Held) {
        self.cursor = Some(id);
        if held.shift {
            self.select_range(rows, id, held.toggle);
            return;
        }
        if held.toggle {
            if !self.selected.remove(&id) {
                self.selected.insert(id);
            }
        } else {
            self.selected = BTreeSet::from([id]);
        }
        self.anchor = Some(id);
    }

    /// An arrow key: moves by so many rows and selects the row it comes to, or with Shift everything on the way.
    pub(crate) fn step(&mut self, rows: &[Id], by: isize, held: Held) {
        let Some(last) = rows.len().checked_sub(1) else { return };
        let at = self.cursor.and_then(|id| rows.iter().position(|row| *row == id));
        let to = match at {
            Some(at) => at.saturating_add_signed(by).min(last),
            None if by < 0 => last,
            None => 0,
        };
        self.cursor = Some(rows[to]);
        if held.shift {
            self.select_range(rows, rows[to], false);
        } else if !held.toggle {
            self.selected = BTreeSet::from([rows[to]]);
            self.anchor = Some(rows[to]);
        }
    }

    /// The space bar: selects the row with the focus, or takes it away.
    pub(crate) fn toggle_cursor(&mut self) {
        let Some(id) = self.cursor else { return };
        if !self.selected.remove(&id) {
            self.selected.insert(id);
        }
        self.anchor = Some(id);
    }

    /// Selects every row.
    pub(crate) fn all(&mut self, rows: &[Id]) {
        self.selected = rows.iter().copied().collect();
    }

    /// Selects nothing.
    pub(crate) fn clear(&mut self) {
        self.selected.clear();
    }

    /// Forgets rows that are no longer shown.
    pub(crate) fn retain(&mut self, rows: &[Id]) {
        let named = self.selected.iter().chain(&self.cursor).chain(&self.anchor);
        let named: BTreeSet<Id> = named.copied().collect();
        if named.is_empty() {
            return;
        }
        let shown: BTreeSet<Id> = rows.iter().filter(|id| named.contains(id)).copied().collect();
        self.selected.retain(|id| shown.contains(id));
        self.cursor = self.cursor.filter(|id| shown.contains(id));
        self.anchor = self.anchor.filter(|id| shown.contains(id));
    }

    /// How many rows are selected.
    pub(crate) fn len(&self) -> usize {
        self.selected.len()
    }

    /// A click that opens a menu: what is selected already stays, anything else is selected alone.
    pub(crate) fn point_at(&mut self, id: Id) {
        if self.contains(id) {
            self.cursor = Some(id);
        } else {
            self.click(&[], id, Held::default());
        }
    }

    fn select_range(&mut self, rows: &[Id], to: Id, add: bool) {
        let position = |id: Id| rows.iter().position(|row| *row == id);
        let Some(end) = position(to) else { return };
        let start = self.anchor.and_then(position).unwrap_or(end);
        let range = rows[start.min(end)..=start.max(end)].iter().copied();
        if add {
            self.selected.extend(range);
        } else {
            self.selected = range.collect();
        }
        self.anchor = Some(rows[start]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [u32; 5] = [50, 40, 30, 20, 10];
    const SHIFT: Held = Held { shift: true, toggle: false };
    const CTRL: Held = Held { shift: false, toggle: true };

    #[test]
    fn clicks_with_and_without_keys() {
        let mut it = Selection::default();
        it.click(&ROWS, 40, Held::default());
        it.click(&ROWS, 20, SHIFT);
        assert_eq!(it.in_order(&ROWS), [40, 30, 20]);
        it.click(&ROWS, 30, CTRL);
        assert_eq!(it.in_order(&ROWS), [40, 20]);
        it.click(&ROWS, 50, SHIFT);
        assert_eq!(it.in_order(&ROWS), [50, 40, 30], "a range begins at the row clicked last without Shift");
        it.click(&ROWS, 10, Held::default());
        assert_eq!(it.in_order(&ROWS), [10]);
    }

    #[test]
    fn arrows_move_within_the_table_and_extend_with_shift() {
        let mut it = Selection::default();
        it.step(&ROWS, 1, Held::default());
        assert_eq!(it.cursor(), Some(50));
        it.step(&ROWS, -1, Held::default());
        assert_eq!(it.cursor(), Some(50));
        it.step(&ROWS, 2, SHIFT);
        assert_eq!(it.in_order(&ROWS), [50, 40, 30]);
        it.step(&ROWS, 99, Held::default());
        assert_eq!(it.in_order(&ROWS), [10]);
        it.step(&ROWS, -1, CTRL);
        it.toggle_cursor();
        assert_eq!(it.in_order(&ROWS), [20, 10]);
    }

    #[test]
    fn a_menu_keeps_what_is_selected() {
        let mut it = Selection::default();
        it.all(&ROWS);
        it.point_at(30);
        assert_eq!((it.len(), it.cursor()), (5, Some(30)));
        it.click(&ROWS, 10, Held::default());
        it.point_at(30);
        assert_eq!(it.in_order(&ROWS), [30]);
    }

    #[test]
    fn rows_that_went_away_are_forgotten() {
        let mut it = Selection::default();
        it.all(&ROWS);
        it.click(&ROWS, 30, SHIFT);
        it.retain(&[50, 40]);
        assert_eq!(it.in_order(&ROWS), [50_u32; 0]);
        assert_eq!(it.cursor(), None);
        it.step(&[], 1, Held::default());
        assert_eq!(it.cursor(), None);
    }
}
