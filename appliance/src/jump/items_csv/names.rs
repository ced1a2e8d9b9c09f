//! Things that a file calls by name.

use std::collections::HashMap;
use std::hash::Hash;

/// Things by name. Capitals matter only where names differ in nothing else.
#[derive(Clone, Debug)]
pub(super) struct Names<Id> {
    exact: HashMap<String, Vec<Id>>,
    folded: HashMap<String, Vec<Id>>,
    names: HashMap<Id, String>,
}

impl<Id> Default for Names<Id> {
    fn default() -> Self {
        Self { exact: HashMap::new(), folded: HashMap::new(), names: HashMap::new() }
    }
}

impl<Id: Copy + Eq + Hash> Names<Id> {
    /// One more.
    pub(super) fn add(&mut self, name: &str, id: Id) {
        self.exact.entry(name.trim().to_owned()).or_default().push(id);
        self.folded.entry(name.trim().to_lowercase()).or_default().push(id);
        self.names.insert(id, name.to_owned());
    }

    /// What it is called.
    pub(super) fn name(&self, id: Id) -> String {
        self.names.get(&id).cloned().unwrap_or_default()
    }

    /// The one that somebody calls so, or what is to be said.
    pub(super) fn get(&self, name: &str, what: &str) -> Result<Id, String> {
        let name = name.trim();
        let found = self.exact.get(name).or_else(|| self.folded.get(&name.to_lowercase()));
        match found.map_or(&[][..], Vec::as_slice) {
            [id] => Ok(*id),
            [] if name.is_empty() => Err(format!("Name the {what}.")),
            [] => Err(format!("There is no {what} “{}”. Write the name as the console shows it.", quoted(name))),
            several => Err(format!(
                "There are {} {what}s that could be “{}”. Rename one of them, or write capitals as the console shows them.",
                several.len(),
                quoted(name)
            )),
        }
    }

    /// The same where nothing may stand.
    pub(super) fn optional(&self, name: &str, what: &str) -> Result<Option<Id>, String> {
        if name.trim().is_empty() { Ok(None) } else { self.get(name, what).map(Some) }
    }
}

fn quoted(name: &str) -> String {
    name.chars().take(80).collect()
}
