//! A long list of which only the pages in sight are loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Rows of a page.
pub(crate) const PAGE: usize = 200;
/// Pages that are kept: those that were looked at longest ago go first.
const KEPT: usize = 40;

/// What has come of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pages<T> {
    total: usize,
    pages: BTreeMap<usize, Vec<T>>,
    asked: BTreeSet<usize>,
    /// Numbers of the pages in the order in which they came.
    order: Vec<usize>,
}

impl<T: Clone> Pages<T> {
    /// A list with so many rows, of which none came.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, pages: BTreeMap::new(), asked: BTreeSet::new(), order: Vec::new() }
    }

    /// How many rows there are.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// A row, once it came.
    pub(crate) fn row(&self, at: usize) -> Option<&T> {
        self.pages.get(&(at / PAGE))?.get(at % PAGE)
    }

    /// The first rows of pages that are needed to show these rows and were not asked for. From now on they are.
    pub(crate) fn ask(&mut self, rows: Range<usize>) -> Vec<usize> {
        if rows.is_empty() {
            return Vec::new();
        }
        let wanted = rows.start / PAGE..=(rows.end - 1) / PAGE;
        let missing: Vec<usize> =
            wanted.filter(|page| !self.pages.contains_key(page) && !self.asked.contains(page)).collect();
        self.asked.extend(&missing);
        missing.into_iter().map(|page| page * PAGE).collect()
    }

    /// A page came.
    pub(crate) fn put(&mut self, first: usize, total: usize, rows: Vec<T>) {
        let page = first / PAGE;
        self.total = total;
        self.asked.remove(&page);
        self.pages.insert(page, rows);
        self.order.retain(|it| *it != page);
        self.order.push(page);
        while self.order.len() > KEPT {
            let oldest = self.order.remove(0);
            self.pages.remove(&oldest);
        }
    }

    /// A page did not come: it may be asked for again.
    pub(crate) fn failed(&mut self, first: usize) {
        self.asked.remove(&(first / PAGE));
    }

    /// There are more rows by now: the page that was the last one is not complete any more.
    pub(crate) fn grown(&mut self, total: usize) {
        if total != self.total {
            let last = self.total / PAGE;
            self.pages.remove(&last);
            self.order.retain(|it| *it != last);
            self.total = total;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_sight_is_asked_for_once() {
        let mut list: Pages<usize> = Pages::new(100_000);
        assert_eq!(list.ask(0..40), [0]);
        assert_eq!(list.ask(0..40), [0; 0], "it is on its way");
        assert_eq!(list.ask(190..450), [200, 400]);
        list.put(0, 100_000, (0..PAGE).collect());
        assert_eq!((list.row(7), list.row(PAGE)), (Some(&7), None));
        list.failed(200);
        assert_eq!(list.ask(150..250), [200]);
        assert_eq!(list.ask(5..5), [0; 0]);
    }

    #[test]
    fn pages_that_nobody_looks_at_are_forgotten() {
        let mut list: Pages<usize> = Pages::new(100_000);
        for page in 0..=KEPT {
            list.put(page * PAGE, 100_000, vec![page; PAGE]);
        }
        assert_eq!((list.row(0), list.row(PAGE)), (None, Some(&1)));
        assert_eq!(list.ask(0..1), [0]);
    }

    #[test]
    fn a_list_that_grows_loads_its_end_again() {
        let mut list: Pages<usize> = Pages::new(210);
        list.put(0, 210, vec![0; PAGE]);
        list.put(200, 210, vec![1; 10]);
        list.grown(230);
        assert_eq!((list.total(), list.row(205), list.row(5)), (230, None, Some(&0)));
        assert_eq!(list.ask(0..230), [200]);
    }
}
