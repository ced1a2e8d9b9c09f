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
fn credentials_are_taken_by_name_where_one_may_choose_them() {
    let (key, root) = (CredentialId(Uuid::from_u128(9)), CredentialId(Uuid::from_u128(10)));
    let read_as = |permissions: Permissions, cell: &str| {
        let mut known = Known::default();
        known.add_group(LAB, "Lab", permissions);
        known.add_jumpoint(AMS, "ams-1");
        known.add_credential(key, "key; of web");
        known.add_credential(root, "root");
        let text = format!("name,group,jumpoint,hostname,tunnels,credentials\nweb,Lab,ams-1,h,0:22,{cell}\n");
        Import::of(read(text.as_bytes()), known)
    };
    let add: Permissions = ItemPermission::Add.into();
    let both = add.or(ItemPermission::EditCredentials.into());
    let of = |credential_id, remote_port| ItemCredential { credential_id, remote_port };
    let made = read_as(both, "key\\; of web -> 22; ROOT");
    assert_eq!(made.items[0].credentials, Some(vec![of(key, Some(22)), of(root, None)]), "{:?}", made.problems);
    assert_eq!(read_as(add, "").items[0].credentials, Some(vec![]));
    for (permissions, cell) in [(add, "root"), (both, "nobody's"), (both, "root -> 80"), (both, "root; root")] {
        let problems = read_as(permissions, cell).problems;
        assert_eq!((problems.len(), problems[0].column.as_str()), (1, "credentials"), "{cell}: {problems:?}");
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
        credentials: Some(Vec::new()),
        revision: 0,
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
            credentials: Some(Vec::new()),
            revision: 0,
        });
        items.filter(|it| validate::tunnel_jump(it).is_empty()).map(tidy).collect()
    })
}

proptest! {
    #[test]
    fn what_is_exported_is_imported_as_it_was(items in items()) {
        let named = items.iter().map(|definition| NamedItem { definition, group: "Lab", jumpoint: "ams-1", policy: "", session_policy: "", credentials: String::new() });
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
