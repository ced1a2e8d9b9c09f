//! Rows into items, as far as the user may make them, and what is wrong with them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use wire::api::{CsvRemark, FieldError, ImportedGroup, ItemCredential, ItemPermission, ItemsImport, TunnelJumpDraft};
use wire::limits::CSV_REMARKS;
use wire::{CredentialId, JumpGroupId, JumpPolicyId, JumpointId, SessionPolicyId, validate};

use super::names::Names;
use super::read::{Row, Rows, remark};
use super::{Column, credentials, pairs};
use crate::jump::access::grants::Permissions;
use crate::jump::item::tidy;

/// What the rows are compared with.
#[derive(Clone, Debug, Default)]
pub struct Known {
    groups: Names<JumpGroupId>,
    jumpoints: Names<JumpointId>,
    policies: Names<JumpPolicyId>,
    session_policies: Names<SessionPolicyId>,
    credentials: Names<CredentialId>,
    permissions: HashMap<JumpGroupId, Permissions>,
    items: HashMap<(JumpGroupId, String), Place>,
}

/// Where an item of some name stands already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Here,
    Line(u32),
}

impl Known {
    /// A group with what the user may do in it. One of which they may not see anything is not there.
    pub fn add_group(&mut self, id: JumpGroupId, name: &str, permissions: Permissions) {
        if permissions.shows_items() {
            self.groups.add(name, id);
            self.permissions.insert(id, permissions);
        }
    }

    /// A jumpoint.
    pub fn add_jumpoint(&mut self, id: JumpointId, name: &str) {
        self.jumpoints.add(name, id);
    }

    /// A jump policy.
    pub fn add_policy(&mut self, id: JumpPolicyId, name: &str) {
        self.policies.add(name, id);
    }

    /// A session policy that items can be given.
    pub fn add_session_policy(&mut self, id: SessionPolicyId, name: &str) {
        self.session_policies.add(name, id);
    }

    /// A credential that the user manages; others are not there.
    pub fn add_credential(&mut self, id: CredentialId, name: &str) {
        self.credentials.add(name, id);
    }

    /// An item that is there already.
    pub fn add_item(&mut self, group: JumpGroupId, name: &str) {
        self.items.insert((group, name.to_owned()), Place::Here);
    }
}

/// What a file makes, or what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Items of the right rows, in the order of the file. They are to be made only when there is no problem.
    pub items: Vec<TunnelJumpDraft>,
    /// What is wrong, in the order of the file.
    pub problems: Vec<CsvRemark>,
    /// What is worth a look.
    pub warnings: Vec<CsvRemark>,
    rows: u32,
    groups: BTreeMap<String, u32>,
}

impl Import {
    /// Compares the rows of a file with what is there.
    #[must_use]
    pub fn of(rows: Rows, mut known: Known) -> Self {
        let mut import = Self { problems: rows.problems, rows: rows.count, ..Self::default() };
        for row in &rows.rows {
            match draft(row, &known) {
                Err(problems) => import.problems.extend(problems),
                Ok(draft) => import.add(row, draft, &mut known),
            }
        }
        import.problems.sort_by_key(|it| it.line);
        if import.rows == 0 && import.problems.is_empty() {
            import.problems.push(remark(1, None, "The file names columns but no items. Add a line for each."));
        }
        import
    }

    fn add(&mut self, row: &Row, draft: TunnelJumpDraft, known: &mut Known) {
        let there = known.items.insert((draft.group_id, draft.name.clone()), Place::Line(row.line));
        let name = &draft.name;
        let said = match there {
            Some(Place::Here) => format!("There is an item {name} in this group already; there will be two."),
            Some(Place::Line(line)) => format!("Line {line} makes an item {name} in this group already."),
            None => String::new(),
        };
        if !said.is_empty() {
            self.warnings.push(remark(row.line, Some(Column::Name), said));
        }
        *self.groups.entry(known.groups.name(draft.group_id)).or_default() += 1;
        self.items.push(draft);
    }

    /// What is told of it: not more than a page can show.
    #[must_use]
    pub fn told(&self, dry_run: bool) -> ItemsImport {
        let groups = self.groups.iter().map(|(name, items)| ImportedGroup { name: name.clone(), items: *items });
        let count = |remarks: &[CsvRemark]| u32::try_from(remarks.len()).unwrap_or(u32::MAX);
        let first = |remarks: &[CsvRemark]| remarks.iter().take(CSV_REMARKS).cloned().collect();
        ItemsImport {
            dry_run,
            rows: self.rows,
            groups: if self.problems.is_empty() { groups.collect() } else { Vec::new() },
            problems: first(&self.problems),
            problem_count: count(&self.problems),
            warnings: first(&self.warnings),
            warning_count: count(&self.warnings),
        }
    }
}

fn draft(row: &Row, known: &Known) -> Result<TunnelJumpDraft, Vec<CsvRemark>> {
    let mut problems = Vec::new();
    let mut say = |column, message: String| problems.push(remark(row.line, Some(column), message));
    let group_id = match known.groups.get(row.get(Column::Group), "group") {
        Ok(id) if known.permissions.get(&id).is_some_and(|it| it.has(ItemPermission::Add)) => Some(id),
        Ok(_) => {
            say(Column::Group, "Your role in this group does not let you create items. Ask an administrator.".into());
            None
        }
        Err(message) => {
            say(Column::Group, message);
            None
        }
    };
    let jumpoint_id = known.jumpoints.get(row.get(Column::Jumpoint), "jumpoint");
    let jumpoint_id = jumpoint_id.map_err(|message| say(Column::Jumpoint, message)).ok();
    let may = |permission| {
        // A group that is not known is told above.
        group_id.is_none_or(|id| known.permissions.get(&id).is_some_and(|it| it.has(permission)))
    };
    let mut policy = |column, kind: &str, permission| {
        if !row.get(column).is_empty() && !may(permission) {
            let message = format!("Your role in this group does not let you choose {kind}. Leave it empty.");
            say(column, message);
        }
    };
    policy(Column::JumpPolicy, "jump policies", ItemPermission::EditPolicy);
    policy(Column::SessionPolicy, "session policies", ItemPermission::EditSessionPolicy);
    policy(Column::Credentials, "credentials", ItemPermission::EditCredentials);
    let jump_policy_id = known.policies.optional(row.get(Column::JumpPolicy), "jump policy");
    let jump_policy_id = jump_policy_id.unwrap_or_else(|message| {
        say(Column::JumpPolicy, message);
        None
    });
    let session_policy_id = known.session_policies.optional(row.get(Column::SessionPolicy), "session policy");
    let session_policy_id = session_policy_id.unwrap_or_else(|message| {
        say(Column::SessionPolicy, message);
        None
    });
    let credentials = its_credentials(row.get(Column::Credentials), known);
    let credentials = credentials.map_err(|message| say(Column::Credentials, message)).unwrap_or_default();
    let tunnels = pairs::read(row.get(Column::Tunnels));
    let tunnels_wrong = tunnels.is_err();
    let tunnels = tunnels.map_err(|message| say(Column::Tunnels, message)).unwrap_or_default();
    let draft = tidy(TunnelJumpDraft {
        name: row.get(Column::Name).to_owned(),
        // What is not known is told above; the rest of the row is looked at all the same.
        jumpoint_id: jumpoint_id.unwrap_or(JumpointId(uuid::Uuid::nil())),
        group_id: group_id.unwrap_or(JumpGroupId(uuid::Uuid::nil())),
        hostname: row.get(Column::Hostname).to_owned(),
        local_address: row.get(Column::LocalAddress).to_owned(),
        tunnels,
        tag: Some(row.get(Column::Tag).to_owned()),
        comments: row.get(Column::Comments).to_owned(),
        jump_policy_id,
        session_policy_id,
        credentials: Some(credentials),
        revision: 0,
    });
    for FieldError { field, message } in validate::tunnel_jump(&draft) {
        match field.split_once('[') {
            Some((_, rest)) => {
                let number = rest.split(']').next().and_then(|it| it.parse::<usize>().ok()).unwrap_or_default() + 1;
                say(Column::Tunnels, format!("Pair {number}: {message}"));
            }
            None if field == Column::Tunnels.name() && tunnels_wrong => {}
            // The fields of an item are called as its columns are; the others are told already.
            None => say(Column::called(&field).unwrap_or(Column::Name), message),
        }
    }
    if problems.is_empty() { Ok(draft) } else { Err(problems) }
}

fn its_credentials(cell: &str, known: &Known) -> Result<Vec<ItemCredential>, String> {
    let one = |(name, remote_port): (String, Option<u32>)| {
        Ok(ItemCredential { credential_id: known.credentials.get(&name, "credential")?, remote_port })
    };
    credentials::read(cell)?.into_iter().map(one).collect()
}
