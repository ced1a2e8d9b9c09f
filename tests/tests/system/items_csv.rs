//! Items as a CSV file: out and in again, what is wrong told by line, all or nothing, for whom.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::{Answer, ApiClient, field_message};
use tests::site::{ADMIN_PASSWORD, Site, on_a_site};
use wire::api::{
    CreatedApiToken, ImportedGroup, ItemsImport, JumpGroup, JumpGroupDraft, JumpItem, JumpItemIds, JumpPolicy,
    Membership, Memberships, NewApiToken, Principal, TokenScope, TunnelDefinition, TunnelJumpDraft, User,
};
use wire::limits::{CSV_BYTES, CSV_ITEMS, CSV_REMARKS};
use wire::{JumpGroupId, JumpItemRoleId, SecretText};

const HEADER: &str = "name,group,tag,jumpoint,hostname,local_address,tunnels,comments";

fn look(client: &ApiClient, file: &[u8]) -> Result<ItemsImport> {
    let told: ItemsImport = client.send_file("/api/jump-items/import?dry_run=true", "text/csv", file)?.ok()?;
    ensure!(told.dry_run);
    Ok(told)
}

fn import(client: &ApiClient, file: &[u8]) -> Result<Answer> {
    client.send_file("/api/jump-items/import?dry_run=false", "text/csv; charset=utf-8", file)
}

fn items(client: &ApiClient) -> Result<Vec<JumpItem>> {
    client.get("/api/jump-items")
}

fn file(lines: &[&str]) -> Vec<u8> {
    format!("{HEADER}\r\n{}\r\n", lines.join("\r\n")).into_bytes()
}

fn group(site: &Site, name: &str) -> Result<JumpGroupId> {
    let draft = JumpGroupDraft { name: name.into(), comments: String::new(), revision: 0 };
    let made: JumpGroup = site.admin.post("/api/jump-groups", &draft)?.ok()?;
    Ok(made.id)
}

/// What items are, apart from their ids, by name.
fn definitions(items: &[JumpItem]) -> BTreeMap<String, TunnelJumpDraft> {
    // An item that was imported is a new one.
    let new = |it: &JumpItem| TunnelJumpDraft { revision: 0, ..it.definition.clone() };
    items.iter().map(|it| (it.definition.name.clone(), new(it))).collect()
}

#[test]
fn what_was_exported_comes_back_as_it_was() -> Result<()> {
    on_a_site(|site| {
        let lab = group(site, "Lab; \"the\" one")?;
        let mut drafts = vec![
            site.draft("=HYPERLINK(\"https://evil\")", "10.0.0.5", "127.4.0.9", &[(5432, 5432), (0, 22)]),
            site.draft("plain", "db.example.org", "127.0.0.1", &[(0, 80)]),
        ];
        drafts[0].group_id = lab;
        drafts[0].tag = Some("-1+1".into());
        drafts[0].comments = "\tone,\r\ntwo \"quoted\"\n'=three".into();
        drafts[0].tunnels[0].label = "Postgre;SQL \\ it".into();
        let policy: JumpPolicy = site.admin.post("/api/jump-policies", &json!({ "name": "=Four, eyes" }))?.ok()?;
        drafts[1].jump_policy_id = Some(policy.id);
        for draft in &drafts {
            site.admin.post("/api/jump-items", draft)?.success()?;
        }
        let before = items(&site.admin)?;
        let exported = site.admin.send("GET", "/api/jump-items/export", None)?;
        exported.success()?;
        ensure!(exported.header("content-type") == "text/csv; charset=utf-8", "{}", exported.header("content-type"));
        ensure!(exported.header("content-disposition") == "attachment; filename=\"jump-items.csv\"");
        let text = exported.text();
        ensure!(
            text.starts_with(
                "\u{feff}name,group,tag,jumpoint,hostname,local_address,tunnels,comments,jump_policy,session_policy,credentials\r\n"
            ),
            "{text}"
        );
        for cell in text.split([',', '\n']).map(|it| it.trim_start_matches('"')) {
            ensure!(!cell.starts_with(['=', '+', '-', '@', '\t']), "a spreadsheet calculates {cell:?}");
        }

        let told = look(&site.admin, &exported.body)?;
        ensure!((told.rows, told.problem_count, told.warning_count) == (2, 0, 2), "{told:?}");
        ensure!(told.warnings[0].column == "name" && told.warnings[0].message.contains("already"), "{told:?}");
        ensure!(items(&site.admin)? == before, "looking made something");

        let ids = JumpItemIds { item_ids: before.iter().map(|it| it.id).collect() };
        site.admin.post("/api/jump-items/remove", &ids)?.success()?;
        let made = import(&site.admin, &exported.body)?;
        ensure!(made.status == 201, "{}", made.text());
        let made: ItemsImport = made.ok()?;
        let one = |name: &str| ImportedGroup { name: name.into(), items: 1 };
        ensure!(!made.dry_run && made.groups == [one("Lab; \"the\" one"), one("Production")], "{made:?}");
        let after = items(&site.admin)?;
        ensure!(definitions(&after) == definitions(&before), "{after:#?}\n{before:#?}");
        ensure!(after.iter().all(|it| !ids.item_ids.contains(&it.id)), "ids were kept");
        Ok(())
    })
}

#[test]
fn what_is_wrong_is_told_by_line_and_nothing_is_made() -> Result<()> {
    on_a_site(|site| {
        let wrong = file(&[
            "a,Production,,ams-1,10.0.0.5,,0 -> 22 SSH,\"two",
            "lines\"",
            "b,Nowhere,,ams-1,10.0.0.5,,0 -> 22,",
            "c,Production,,ams-1,https://c,127.4.0.1,22,",
        ]);
        let told = look(&site.admin, &wrong)?;
        let places: Vec<_> = told.problems.iter().map(|it| (it.line, it.column.as_str())).collect();
        ensure!(places == [(4, "group"), (5, "tunnels"), (5, "hostname")], "{told:#?}");
        ensure!(told.rows == 3 && told.groups.is_empty() && told.problem_count == 3, "{told:?}");
        // Without a word, too, it only looks.
        let quiet: ItemsImport = site.admin.send_file("/api/jump-items/import", "text/csv", &wrong)?.ok()?;
        ensure!(quiet == told);
        let refusal = import(&site.admin, &wrong)?.refused(422)?;
        ensure!(refusal.code == "bad_rows" && refusal.message.contains("3 places"), "{refusal:?}");
        ensure!(field_message(&refusal, "line 4, group")?.contains("Nowhere"));
        ensure!(items(&site.admin)?.is_empty(), "part of a wrong file was made");

        let mended = String::from_utf8(wrong)?.replace("Nowhere", "production");
        let mended = mended.replace("https://c,127.4.0.1,22", "c,127.4.0.1,auto -> 22 SSH");
        import(&site.admin, mended.as_bytes())?.success()?;
        let made = definitions(&items(&site.admin)?);
        let tunnel = TunnelDefinition { local_port: 0, remote_port: 22, label: "SSH".into() };
        ensure!(made["c"].tunnels == [tunnel] && made["c"].local_address == "127.4.0.1", "{made:?}");
        ensure!(made["a"].comments == "two\r\nlines" && made["a"].local_address == "127.0.0.1", "{made:?}");
        Ok(())
    })
}

#[test]
fn files_as_spreadsheets_write_them_are_understood_and_others_told_from_them() -> Result<()> {
    on_a_site(|site| {
        let european = "\u{feff}Comments;Name;Group;Jumpoint;Hostname;Tunnels\r\nx,y;m\u{fc}n-1;Production;AMS-1;h;\"0:22; 0:80\"\r\n;;;;;\r\n";
        let told = look(&site.admin, european.as_bytes())?;
        ensure!(told.problem_count == 0 && told.items() == 1, "{told:?}");
        let latin: Vec<u8> = european.trim_start_matches('\u{feff}').chars().map(|it| it as u8).collect();
        let wide: Vec<u8> = european.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, line, words) in [
            (latin.as_slice(), 2, "UTF-8"),
            (&wide, 1, "UTF-16"),
            (b"a,b\n", 1, "name the columns"),
            (b"", 1, "empty"),
            (b"name,group,jumpoint,hostname,tunnels\nx,\"Production", 2, "never closed"),
        ] {
            let told = look(&site.admin, bytes)?;
            let [problem] = told.problems.as_slice() else { anyhow::bail!("{told:?}") };
            ensure!(problem.line == line && problem.message.contains(words), "{problem:?}");
        }
        let refusal = site.admin.post("/api/jump-items/import", &json!({}))?.refused(415)?;
        ensure!(refusal.next_step.contains("text/csv"));
        Ok(())
    })
}

#[test]
fn the_limits_hold() -> Result<()> {
    on_a_site(|site| {
        let line = |at: usize| format!("item-{at},Production,,ams-1,10.0.0.5,127.4.0.9,0 -> 22 SSH,");
        let many = |count: usize| {
            let lines: Vec<String> = (0..count).map(line).collect();
            file(&lines.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let told = look(&site.admin, &many(CSV_ITEMS + 1))?;
        ensure!(told.problem_count == 1 && told.problems[0].message.contains("10000"), "{told:?}");
        let wrong = "x,,,,,,,\n".repeat(CSV_REMARKS + 1);
        let told = look(&site.admin, format!("{HEADER}\n{wrong}").as_bytes())?;
        ensure!(told.problems.len() == CSV_REMARKS && told.problem_count > 800, "{}", told.problem_count);

        let mut large = many(10);
        large.resize(CSV_BYTES, b'\n');
        ensure!(look(&site.admin, &large)?.rows == 10);
        large.push(b'\n');
        let refusal = site.admin.send_file("/api/jump-items/import", "text/csv", &large)?.refused(413)?;
        ensure!(refusal.message.contains("5 MiB"), "{refusal:?}");

        import(&site.admin, &many(CSV_ITEMS))?.success()?;
        ensure!(items(&site.admin)?.len() == CSV_ITEMS);
        let exported = site.admin.send("GET", "/api/jump-items/export", None)?;
        exported.success()?;
        ensure!(exported.text().lines().count() == CSV_ITEMS + 1);
        Ok(())
    })
}

#[test]
fn only_what_one_may_see_and_create() -> Result<()> {
    on_a_site(|site| {
        let (vault, watched) = (group(site, "Vault")?, group(site, "Watched")?);
        let hidden = {
            let mut draft = site.draft("secret", "10.9.9.9", "127.4.0.9", &[(0, 22)]);
            draft.group_id = vault;
            site.admin.post("/api/jump-items", &draft)?.ok::<JumpItem>()?
        };
        let shown = site.item("shown", "10.0.0.5", "127.4.0.9", &[(0, 22)])?;
        let tom = site.technician("tom")?;
        let users: Vec<User> = site.admin.get("/api/users")?;
        let tom_id = users.iter().find(|it| it.user_name == "tom").context("tom is there")?.id;
        for (group, role) in [(vault, JumpItemRoleId::AUDITOR), (watched, JumpItemRoleId::START_SESSIONS_ONLY)] {
            let path = format!("/api/jump-groups/{group}/members");
            let mut members: Memberships = site.admin.get(&path)?;
            members.members.push(Membership {
                principal: Principal::User(tom_id),
                role_id: role,
                jump_policy_id: None,
            });
            site.admin.put(&path, &members)?.success()?;
        }
        let exported = tom.send("GET", "/api/jump-items/export", None)?.text();
        ensure!(exported.contains("shown") && !exported.contains("secret"), "{exported}");
        let one = |id| JumpItemIds { item_ids: vec![id] };
        for (path, status) in [
            (format!("/api/jump-items/export?ids={}", hidden.id), 404),
            (format!("/api/jump-items/export?ids={},{}", shown.id, hidden.id), 404),
            (format!("/api/jump-items/export?group_id={vault}"), 404),
            ("/api/jump-items/export?ids=1".into(), 422),
            ("/api/jump-items/export?ids=".into(), 422),
        ] {
            tom.send("GET", &path, None)?.refused(status)?;
        }
        tom.post("/api/jump-items/export", &one(hidden.id))?.refused(404)?;
        let text = tom.post("/api/jump-items/export", &one(shown.id))?.text();
        ensure!(text.contains("shown") && text.lines().count() == 2, "{text}");
        let group_path = format!("/api/jump-items/export?group_id={}&ids={}", site.group, shown.id);
        ensure!(tom.send("GET", &group_path, None)?.text() == text);
        let empty = tom.send("GET", &format!("/api/jump-items/export?group_id={watched}"), None)?.text();
        ensure!(empty.lines().count() == 1, "{empty}");

        let row = |group: &str| file(&[&format!("new,{group},,ams-1,h,,0:22,")]);
        let said = |group: &str| -> Result<String> {
            let told = look(&tom, &row(group))?;
            Ok(told.problems.first().context("it is refused")?.message.clone())
        };
        ensure!(said("Watched")?.contains("does not let you create"), "{}", said("Watched")?);
        // What is not shown does not even say that it is there.
        ensure!(said("Vault")?.replace("Vault", "…") == said("Nowhere")?.replace("Nowhere", "…"), "{}", said("Vault")?);
        for group in ["Watched", "Vault"] {
            import(&tom, &row(group))?.refused(422)?;
        }
        import(&tom, &row("Production"))?.success()?;
        ensure!(items(&site.admin)?.len() == 3);

        // The template is a file that can be imported, in a group where they may.
        let template = tom.send("GET", "/api/jump-items/import-template", None)?;
        template.success()?;
        let told = look(&tom, &template.body)?;
        ensure!(told.problem_count == 0 && told.items() == 1, "{told:?}\n{}", template.text());
        Ok(())
    })
}

#[test]
fn programs_export_and_import_with_a_token() -> Result<()> {
    on_a_site(|site| {
        site.item("db", "10.0.0.5", "127.4.0.9", &[(0, 22)])?;
        let program = |scope| -> Result<(ApiClient, String)> {
            let password = SecretText::new(ADMIN_PASSWORD.into());
            let new = NewApiToken { name: "a program".into(), scope, days: 1, password };
            let made: CreatedApiToken = site.admin.post("/api/me/api-tokens", &new)?.ok()?;
            Ok((site.admin.stranger(), format!("Bearer {}", made.token.expose())))
        };
        let (reads, token) = program(TokenScope::Read)?;
        let exported = reads.send_with("GET", "/api/jump-items/export", None, &[("authorization", &token)])?;
        exported.success()?;
        ensure!(exported.text().contains("db,Production,,ams-1,10.0.0.5,127.4.0.9,auto -> 22,"), "{}", exported.text());
        let path = "/api/jump-items/import?dry_run=false";
        reads.send_file_with(path, "text/csv", &exported.body, &[("authorization", &token)])?.refused(403)?;
        let (writes, token) = program(TokenScope::Administer)?;
        writes.send_file_with(path, "text/csv", &exported.body, &[("authorization", &token)])?.success()?;
        ensure!(items(&site.admin)?.len() == 2);
        // From another page, with the cookie alone, nothing is imported.
        import(&site.admin.without_csrf(), &exported.body)?.refused(403)?;
        ensure!(items(&site.admin)?.len() == 2);
        Ok(())
    })
}
