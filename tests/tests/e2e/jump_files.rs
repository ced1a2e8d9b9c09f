//! Items as a CSV file: exported, a file with mistakes told of by line, mended, imported.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::JumpItemRoleId;
use wire::api::{JumpItem, Membership, Memberships, Principal, User};

use crate::jump_table::{CTRL, mouse, row, wait_for_rows, wait_for_selected};
use crate::{pictures, signed_in};

fn downloaded(folder: &Path, name: &str) -> Result<String> {
    let file = folder.join(name);
    wait::until_true(&format!("{name} is downloaded"), SOON, || Ok(file.is_file()))?;
    let text = std::fs::read_to_string(&file)?;
    std::fs::remove_file(file)?;
    Ok(text)
}

fn remarks(console: &Console) -> Result<Vec<(String, String)>> {
    let script = "return [...document.querySelectorAll('[data-testid=import-remark]')].map(it => [it.dataset.line, it.dataset.column])";
    Ok(serde_json::from_value(console.script(script, vec![])?)?)
}

fn all(site: &Site) -> Result<Vec<JumpItem>> {
    site.admin.get("/api/jump-items")
}

#[test]
fn a_file_with_mistakes_is_mended_and_imported() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("db-prod-1", "10.0.0.5", "127.39.0.1", &[(0, 5432)])?;
        let folder = tempfile::tempdir()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.download_into(folder.path())?;
        wait_for_rows(&console, &["db-prod-1"])?;
        console.click("files")?;
        console.wait_for("import")?;
        pictures(&mut console, "files-menu")?;
        console.click("import")?;
        console.wait_for("import-dialog")?;
        ensure!(console.attribute("import-save", "aria-disabled")?.as_deref() == Some("true"));
        pictures(&mut console, "import-dialog")?;

        // The template can be imported as it is.
        console.click("import-template")?;
        let template = downloaded(folder.path(), "jump-items-template.csv")?;
        ensure!(template.starts_with("\u{feff}name,group,") && template.contains("ams-1"), "{template}");

        let lines = [
            "web-1;Production;ams-1;10.0.0.7;auto -> 443 HTTPS;127.39.0.2",
            "web-2;Produktion;ams-1;10.0.0.8;auto -> 443 HTTPS;127.39.0.2",
            "web-3;Production;ams-1;https://web-3;auto -> 443;10.0.0.1",
            "db-prod-1;Production;ams-1;10.0.0.9;5432 -> 5432;",
        ];
        let file = folder.path().join("items.csv");
        let text = format!("Name;Group;Jumpoint;Hostname;Tunnels;Local address\r\n{}\r\n", lines.join("\r\n"));
        std::fs::write(&file, &text)?;
        console.choose_file("import-file", &file)?;
        console.wait_for_text("import-problems", |it| it.contains("3 things") && it.contains("4 items"))?;
        let expected = [("3", "group"), ("4", "hostname"), ("4", "local_address")];
        ensure!(
            remarks(&console)? == expected.map(|(line, column)| (line.into(), column.into())),
            "{:?}",
            remarks(&console)?
        );
        ensure!(console.text("import-file-name")?.as_deref() == Some("items.csv"));
        ensure!(console.attribute("import-save", "title")?.is_some_and(|it| it.contains("Correct the file")));
        pictures(&mut console, "import-problems")?;
        ensure!(all(site)?.len() == 1, "looking made something");

        // The same file, mended and chosen again.
        let mended = text.replace("Produktion", "Production").replace("https://", "").replace("10.0.0.1\r", "\r");
        std::fs::write(&file, mended)?;
        console.choose_file("import-file", &file)?;
        console.wait_for_text("import-ready", |it| {
            it.contains("4 items will be made") && it.contains("4 in Production")
        })?;
        ensure!(remarks(&console)? == [("5".into(), "name".into())], "{:?}", remarks(&console)?);
        pictures(&mut console, "import-ready")?;
        console.wait_for_text("import-save", |it| it == "Import 4 items")?;
        console.click("import-save")?;
        console.wait_until_gone("import-dialog")?;
        wait_for_rows(&console, &["db-prod-1", "db-prod-1", "web-1", "web-2", "web-3"])?;
        ensure!(all(site)?.iter().any(|it| it.definition.hostname == "web-3"));
        Ok(())
    })
}

#[test]
fn what_is_shown_or_selected_is_exported() -> Result<()> {
    on_a_site_with_console(|site| {
        for name in ["a-1", "a-2", "b"] {
            site.item(name, "10.0.0.5", "127.39.0.3", &[(0, 22)])?;
        }
        let folder = tempfile::tempdir()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.download_into(folder.path())?;
        let export = |expected: &str| -> Result<Vec<String>> {
            console.click("files")?;
            console.wait_for_text("export", |it| it.contains(expected))?;
            console.click("export")?;
            let text = downloaded(folder.path(), "jump-items.csv")?;
            Ok(text.lines().skip(1).map(|line| line.split(',').next().unwrap_or_default().to_owned()).collect())
        };
        wait_for_rows(&console, &["a-1", "a-2", "b"])?;
        ensure!(export("3 items")? == ["a-1", "a-2", "b"]);
        console.type_into("item-search", "a-")?;
        wait_for_rows(&console, &["a-1", "a-2"])?;
        ensure!(export("shown")? == ["a-1", "a-2"]);
        console.type_into("item-search", "")?;
        wait_for_rows(&console, &["a-1", "a-2", "b"])?;
        console.select("a-1")?;
        mouse(&console, &row("b"), "left", CTRL)?;
        wait_for_selected(&console, &["a-1", "b"])?;
        ensure!(export("2 items")? == ["a-1", "b"]);
        Ok(())
    })
}

#[test]
fn who_may_create_nothing_is_offered_no_import() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("a", "10.0.0.5", "127.39.0.4", &[(0, 22)])?;
        site.technician("tom")?;
        let users: Vec<User> = site.admin.get("/api/users")?;
        for user in users.iter().filter(|it| it.user_name == "tom") {
            let change = json!({ "default_role_id": null });
            site.admin.patch(&format!("/api/users/{}", user.id), &change)?.success()?;
            let path = format!("/api/jump-groups/{}/members", site.group);
            let mut members: Memberships = site.admin.get(&path)?;
            let role_id = JumpItemRoleId::START_SESSIONS_ONLY;
            members.members.push(Membership { principal: Principal::User(user.id), role_id, jump_policy_id: None });
            site.admin.put(&path, &members)?.success()?;
        }
        let desk = Workstation::new(&site.appliance.ready)?;
        let theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;
        wait_for_rows(&theirs, &["a"])?;
        theirs.click("files")?;
        theirs.wait_for("export")?;
        ensure!(!theirs.shows("import")?, "an import is offered that would be refused");
        Ok(())
    })
}
