//! Rows into items, as far as the user may make them, and what is wrong with them.

use std::collections::{BTreeMap, HashMap};

use wire::api::{CsvRemark, FieldError, ImportedGroup, ItemPermission, ItemsImport, TunnelJumpDraft};
use wire::limits::CSV_REMARKS;
use wire::{JumpGroupId, JumpPolicyId, JumpointId, SessionPolicyId, validate};

use super::names::Names;
use super::read::{Row, Rows, remark};
use super::{Column, pairs};
use crate::jump::access::grants::Permissions;
use crate::jump::item::tidy;

/// What the rows are compared with.
#[derive(Clone, Debug, Default)]
pub struct Known {
    groups: Names<JumpGroupId>,
    jumpoints: Names<JumpointId>,
    policies: Names<JumpPolicyId>,
    session_policies: Names<SessionPolicyId>,
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

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::super::write::{NamedItem, write};
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;
    use wire::api::TunnelDefinition;

    const LAB: JumpGroupId = JumpGroupId(Uuid::from_u128(1));
    const HIDDEN: JumpGroupId = JumpGroupId(Uuid::from_u128(2));
    const WATCHED: JumpGroupId = JumpGroupId(Uuid::from_u128(3));
    const AMS: JumpointId = JumpointId(Uuid::from_u128(4));
    const HEADER: &str = "name,group,jumpoint,hostname,tunnels,tag,local_address,comments";

    fn known() -> Known {
        let mut known = Known::default();
        known.add_group(LAB, "Lab", ItemPermission::Add.into());
        known.add_group(HIDDEN, "Vault", ItemPermission::ViewReport.into());
        known.add_group(WATCHED, "Watched", ItemPermission::Start.into());
        known.add_jumpoint(AMS, "ams-1");
        known.add_item(LAB, "db");
        known
    }

    fn import(lines: &[&str]) -> Import {
        let text = format!("{HEADER}\n{}", lines.join("\n"));
        Import::of(read(text.as_bytes()), known())
    }

    #[test]
    fn a_policy_is_taken_by_name_where_one_may_choose() {
        let policy = JumpPolicyId(Uuid::from_u128(9));
        let read_as = |permissions: Permissions, name: &str| {
            let mut known = Known::default();
            known.add_group(LAB, "Lab", permissions);
            known.add_jumpoint(AMS, "ams-1");
            known.add_policy(policy, "Four eyes");
            let text = format!("name,group,jumpoint,hostname,tunnels,jump_policy\nweb,Lab,ams-1,h,0:1,{name}\n");
            Import::of(read(text.as_bytes()), known)
        };
        let add: Permissions = ItemPermission::Add.into();
        let both = add.or(ItemPermission::EditPolicy.into());
        assert_eq!(read_as(both, "Four eyes").items[0].jump_policy_id, Some(policy));
        assert_eq!(read_as(add, "").items[0].jump_policy_id, None);
        for (permissions, name) in [(add, "Four eyes"), (both, "Nobody's")] {
            let problems = read_as(permissions, name).problems;
            assert_eq!((problems.len(), problems[0].column.as_str()), (1, "jump_policy"), "{problems:?}");
        }
    }

    #[test]
    fn right_rows_become_items() {
        let it = import(&[
            " web , lab ,AMS-1, 10.0.0.7 ,0:443 https; 2200 -> 22,shop,127.4.0.1,the shop",
            "b,Lab,ams-1,h,0:1,,,",
        ]);
        assert_eq!(it.problems, []);
        let expected = TunnelJumpDraft {
            name: "web".into(),
            jumpoint_id: AMS,
            group_id: LAB,
            hostname: "10.0.0.7".into(),
            local_address: "127.4.0.1".into(),
            tunnels: vec![
                TunnelDefinition { local_port: 0, remote_port: 443, label: "https".into() },
                TunnelDefinition { local_port: 2200, remote_port: 22, label: String::new() },
            ],
            tag: Some("shop".into()),
            comments: "the shop".into(),
            jump_policy_id: None,
            session_policy_id: None,
        };
        assert_eq!(it.items[0], expected);
        assert_eq!((it.items[1].tag.as_deref(), it.items[1].local_address.as_str()), (None, "127.0.0.1"));
        let told = it.told(true);
        assert!(told.dry_run && told.rows == 2 && told.items() == 2);
        assert_eq!(told.groups, [ImportedGroup { name: "Lab".into(), items: 2 }]);
    }

    #[test]
    fn every_wrong_cell_is_told_with_line_and_column() {
        let good = "ok,Lab,ams-1,h,0:22,,,";
        let cases = [
            (",Lab,ams-1,h,0:22,,,", "name", "Enter a name"),
            ("x,Elsewhere,ams-1,h,0:22,,,", "group", "no group “Elsewhere”"),
            ("x,Vault,ams-1,h,0:22,,,", "group", "no group “Vault”"),
            ("x,Watched,ams-1,h,0:22,,,", "group", "does not let you create"),
            ("x,,ams-1,h,0:22,,,", "group", "Name the group"),
            ("x,Lab,fra-1,h,0:22,,,", "jumpoint", "no jumpoint “fra-1”"),
            ("x,Lab,ams-1,https://h,0:22,,,", "hostname", "https://"),
            ("x,Lab,ams-1,h,22,,,", "tunnels", "“22” is no pair"),
            ("x,Lab,ams-1,h,,,,", "tunnels", "at least one pair"),
            ("x,Lab,ams-1,h,0:22; 0:70000,,,", "tunnels", "Pair 2:"),
            ("x,Lab,ams-1,h,5:1; 5:2,,,", "tunnels", "Pair 2:"),
            ("x,Lab,ams-1,h,0:22,,10.0.0.1,", "local_address", "127.0.0.1"),
        ];
        for (line, column, words) in cases {
            let it = import(&[good, line, good]);
            let [problem] = it.problems.as_slice() else { panic!("{line}: {:?}", it.problems) };
            assert_eq!((problem.line, problem.column.as_str()), (3, column), "{line}: {problem:?}");
            assert!(problem.message.contains(words), "{line}: {problem:?}");
            let told = it.told(false);
            assert!(told.groups.is_empty() && told.rows == 3 && told.problem_count == 1);
        }
        let all: Vec<_> = import(&["x,Vault,fra,h h,0,,1,"]).problems.into_iter().map(|it| it.column).collect();
        assert_eq!(all, ["group", "jumpoint", "tunnels", "hostname", "local_address"]);
        assert!(import(&[]).problems[0].message.contains("no items"));
    }

    #[test]
    fn a_group_that_is_hidden_reads_as_one_that_is_not_there() {
        let said = |name: &str| import(&[&format!("x,{name},ams-1,h,0:22,,,")]).problems[0].message.replace(name, "…");
        assert_eq!(said("Vault"), said("Nowhere"));
    }

    #[test]
    fn names_that_differ_in_capitals_alone_are_told_apart_or_not_at_all() {
        let mut known = known();
        known.add_group(WATCHED, "LAB", ItemPermission::Add.into());
        let text = format!("{HEADER}\na,Lab,ams-1,h,0:1,,,\nb,LAB,ams-1,h,0:1,,,\nc,lab,ams-1,h,0:1,,,");
        let it = Import::of(read(text.as_bytes()), known);
        let groups: Vec<_> = it.items.iter().map(|it| it.group_id).collect();
        assert_eq!(groups, [LAB, WATCHED]);
        assert!(it.problems[0].line == 4 && it.problems[0].message.contains("2 groups"), "{:?}", it.problems);
    }

    #[test]
    fn names_that_are_there_already_are_worth_a_look() {
        let it = import(&["db,Lab,ams-1,h,0:22,,,", "x,Lab,ams-1,h,0:22,,,", "x,Lab,ams-1,h,0:22,,,"]);
        assert_eq!((it.problems.len(), it.items.len()), (0, 3));
        let told: Vec<_> = it.warnings.iter().map(|it| (it.line, it.message.contains("Line 3"))).collect();
        assert_eq!(told, [(2, false), (4, true)]);
    }

    #[test]
    fn what_is_told_has_an_end() {
        let told = import(&[",,,,,,,x"; CSV_REMARKS]).told(true);
        assert_eq!((told.problems.len(), told.problem_count as usize), (CSV_REMARKS, 5 * CSV_REMARKS));
    }

    fn text(pattern: &'static str) -> impl Strategy<Value = String> {
        pattern.prop_map(|it| it.trim().to_owned())
    }

    fn items() -> impl Strategy<Value = Vec<TunnelJumpDraft>> {
        let pair = (0_u32..=65_535, 1_u32..=65_535, text(r"[;\\a=\PC]{0,20}"));
        let tag = proptest::option::of(text("[a-z'=+@,;\"-]{1,9}"));
        let name = text("['=+@a-z\",; \\PC-]{0,20}").prop_map(|it| format!("{it}x"));
        let comments = "(['=+@;,\"\t\r\n a-]|\\PC){0,30}";
        let item = (name, "[a-z]{1,9}", tag, proptest::collection::vec(pair, 1..4), comments);
        proptest::collection::vec(item, 0..5).prop_map(|all| {
            let items = all.into_iter().map(|(name, hostname, tag, pairs, comments)| TunnelJumpDraft {
                name: name.trim().into(),
                jumpoint_id: AMS,
                group_id: LAB,
                hostname,
                local_address: "127.0.0.1".into(),
                tunnels: pairs
                    .into_iter()
                    .map(|(local_port, remote_port, label)| TunnelDefinition { local_port, remote_port, label })
                    .collect(),
                tag,
                comments,
                jump_policy_id: None,
                session_policy_id: None,
            });
            items.filter(|it| validate::tunnel_jump(it).is_empty()).map(tidy).collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_exported_is_imported_as_it_was(items in items()) {
            let named = items.iter().map(|definition| NamedItem { definition, group: "Lab", jumpoint: "ams-1", policy: "", session_policy: "" });
            let import = Import::of(read(&write(named).unwrap()), known());
            prop_assert_eq!(import.problems.len(), usize::from(items.is_empty()), "{:?}", import.problems);
            prop_assert_eq!(import.items, items);
        }

        #[test]
        fn nothing_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[a,;\"\r\n\t=0:>-]{0,80}") {
            let _ = Import::of(read(&bytes), known()).told(true);
            let import = Import::of(read(format!("{HEADER}\n{text}").as_bytes()), known());
            prop_assert!(import.problems.iter().all(|it| it.line >= 1 && !it.message.is_empty()));
        }
    }
}
