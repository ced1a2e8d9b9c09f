//! The credentials of an item while its dialog is filled in. Each is for the whole item or for one of its pairs, which may get
//! another port meanwhile.

use wire::CredentialId;
use wire::api::{ItemCredential, JumpItem};

/// One credential as it stands in the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Which; none: not chosen yet.
    pub(crate) id: Option<CredentialId>,
    /// Its name, as far as the item told it.
    pub(crate) name: String,
    /// The pair that it is for; none: the whole item.
    pub(crate) pair: Option<usize>,
}

/// One change of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowEdit {
    /// One more.
    Add,
    /// One less.
    Remove(usize),
    /// Another one.
    Choose(usize, Option<CredentialId>),
    /// For another pair.
    For(usize, Option<usize>),
}

/// The credentials of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    before: Vec<ItemCredential>,
    /// What stands in the fields.
    pub(crate) rows: Vec<Row>,
}

impl Rows {
    /// Those of an item.
    pub(crate) fn of(item: &JumpItem) -> Self {
        let before = item.definition.credentials.clone().unwrap_or_default();
        let row = |(at, it): (usize, &ItemCredential)| Row {
            id: Some(it.credential_id),
            name: item.credential_names.get(at).cloned().unwrap_or_default(),
            pair: item.definition.tunnels.iter().position(|tunnel| Some(tunnel.remote_port) == it.remote_port),
        };
        Self { rows: before.iter().enumerate().map(row).collect(), before }
    }

    /// After a change.
    pub(crate) fn edit(&mut self, edit: RowEdit) {
        match edit {
            RowEdit::Add => self.rows.push(Row::default()),
            RowEdit::Remove(at) if at < self.rows.len() => drop(self.rows.remove(at)),
            RowEdit::Remove(_) => {}
            RowEdit::Choose(at, id) => {
                if let Some(row) = self.rows.get_mut(at) {
                    row.id = id;
                }
            }
            RowEdit::For(at, pair) => {
                if let Some(row) = self.rows.get_mut(at) {
                    row.pair = pair;
                }
            }
        }
    }

    /// A pair was taken away, and with it what was for it alone: for the whole item would be more than was meant.
    pub(crate) fn pair_removed(&mut self, at: usize) {
        self.rows.retain(|row| row.pair != Some(at));
        for pair in self.rows.iter_mut().filter_map(|row| row.pair.as_mut()) {
            *pair -= usize::from(*pair > at);
        }
    }

    /// What the item is to have, with its pairs at these remote ports; none: what it had.
    pub(crate) fn wanted(&self, ports: &[u32]) -> Option<Vec<ItemCredential>> {
        let of = |row: &Row| {
            let remote_port = row.pair.and_then(|at| ports.get(at).copied());
            Some(ItemCredential { credential_id: row.id?, remote_port })
        };
        let wanted: Vec<ItemCredential> = self.rows.iter().filter_map(of).collect();
        (wanted != self.before).then_some(wanted)
    }
}

/// What is to be said when a change left credentials behind; nothing otherwise.
pub(crate) fn left(changed: &[JumpItem]) -> String {
    let mut names: Vec<&str> = changed.iter().flat_map(|it| &it.credentials_left).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("Without the credential {one}: you do not manage it, or its pair of ports is gone."),
        several => {
            format!("Without the credentials {}: you do not manage them, or their ports are gone.", several.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{item, number};
    use super::*;
    use wire::api::TunnelDefinition;

    fn of(id: u128, remote_port: Option<u32>) -> ItemCredential {
        ItemCredential { credential_id: CredentialId(number(id)), remote_port }
    }

    fn rows() -> Rows {
        let mut it = item("db");
        it.definition.tunnels.push(TunnelDefinition { local_port: 0, remote_port: 22, label: String::new() });
        it.definition.credentials = Some(vec![of(1, Some(5432)), of(2, None), of(3, Some(22))]);
        it.credential_names = ["app", "root", "key"].map(str::to_owned).into();
        Rows::of(&it)
    }

    #[test]
    fn what_nobody_touches_is_not_said() {
        assert_eq!(rows().wanted(&[5432, 22]), None);
        assert_eq!(rows().rows[2], Row { id: Some(CredentialId(number(3))), name: "key".into(), pair: Some(1) });
        let mut it = rows();
        it.edit(RowEdit::Add);
        assert_eq!(it.wanted(&[5432, 22]), None, "nothing is chosen in the new one");
    }

    #[test]
    fn what_stayed_behind_is_said_once() {
        let mut items = [item("a"), item("b")];
        assert_eq!(left(&items), "");
        items[0].credentials_left = vec!["root".into()];
        assert!(left(&items).contains("credential root:"));
        items[1].credentials_left = vec!["root".into(), "app".into()];
        assert!(left(&items).contains("credentials app, root:"));
    }

    #[test]
    fn a_credential_follows_its_pair() {
        assert_eq!(rows().wanted(&[5433, 22]), Some(vec![of(1, Some(5433)), of(2, None), of(3, Some(22))]));
        let mut it = rows();
        it.pair_removed(0);
        assert_eq!(it.wanted(&[22]), Some(vec![of(2, None), of(3, Some(22))]));
    }

    #[test]
    fn they_are_added_changed_and_taken_away() {
        let mut it = rows();
        it.edit(RowEdit::Remove(1));
        it.edit(RowEdit::Add);
        it.edit(RowEdit::Choose(2, Some(CredentialId(number(9)))));
        it.edit(RowEdit::For(0, None));
        it.edit(RowEdit::Remove(7));
        assert_eq!(it.wanted(&[5432, 22]), Some(vec![of(1, None), of(3, Some(22)), of(9, None)]));
    }
}
