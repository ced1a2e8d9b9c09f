//! What is done with items, one or many: Jump, properties, copies, removing and taking that back; menus at the pointer.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{JumpGroup, JumpGroupDraft, JumpItem, JumpPolicy, SessionPage, SessionPolicy, TunnelJumpDraft};

use crate::jump_table::{CTRL, SHIFT, mouse, row, rows, wait_for_rows, wait_for_selected};
use crate::signed_in;

fn items(site: &Site, names: &[&str]) -> Result<Vec<JumpItem>> {
    names.iter().map(|name| site.item(name, "10.0.0.5", "127.38.0.1", &[(0, 22)])).collect()
}

fn group(site: &Site, name: &str) -> Result<JumpGroup> {
    site.admin
        .post("/api/jump-groups", &JumpGroupDraft { name: name.into(), comments: String::new(), revision: 0 })?
        .ok()
}

fn by_name(site: &Site, name: &str) -> Result<JumpItem> {
    let all: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
    all.into_iter().find(|it| it.definition.name == name).with_context(|| format!("there is no {name}"))
}

fn tabs(console: &Console) -> Result<usize> {
    let script = "return document.querySelectorAll('[data-testid=session-tab]').length";
    Ok(usize::try_from(console.script(script, vec![])?.as_u64().unwrap_or_default())?)
}

fn wait_for_tabs(console: &Console, expected: usize) -> Result<()> {
    wait::until_true(&format!("there are {expected} sessions with a tab"), SOON, || Ok(tabs(console)? == expected))
}

#[test]
fn several_are_jumped_to_at_once_and_a_small_group_from_its_menu() -> Result<()> {
    on_a_site_with_console(|site| {
        items(site, &["a", "b", "c"])?;
        let many = group(site, "Many")?;
        for number in 1..=11 {
            let mut draft = site.draft(&format!("many-{number}"), "10.0.0.6", "127.38.0.2", &[(0, 22)]);
            draft.group_id = many.id;
            site.admin.post("/api/jump-items", &draft)?.success()?;
        }
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.select("a")?;
        mouse(&console, &row("b"), "left", SHIFT)?;
        wait_for_selected(&console, &["a", "b"])?;
        console.wait_for_text("jump", |text| text.contains("(2)"))?;
        console.click("jump")?;
        console.wait_for("session")?;
        wait_for_tabs(&console, 2)?;

        console.click("nav-jump")?;
        console.wait_for_row("a")?;
        mouse(&console, "#groups [data-name=Production]", "right", 0)?;
        console.wait_for_text("group-menu-jump", |text| text.contains("Start a session with 3 items"))?;
        console.screenshot("group-menu")?;
        console.click("group-menu-jump")?;
        console.wait_for("session")?;
        wait_for_tabs(&console, 5)?;

        console.click("nav-jump")?;
        console.wait_for_row("a")?;
        mouse(&console, "#groups [data-name=Many]", "right", 0)?;
        console.wait_for_text("group-menu", |text| text.contains("at most 10") && text.contains("11"))?;
        ensure!(!console.shows("group-menu-jump")?, "eleven are offered");
        console.press(&char::from(Key::Escape).to_string())?;
        console.wait_until_gone("group-menu")?;
        let live: SessionPage = site.admin.get("/api/sessions?live=true")?;
        ensure!(live.sessions.len() == 5, "{} sessions", live.sessions.len());
        Ok(())
    })
}

#[test]
fn the_menu_on_rows_does_what_the_tool_bar_does() -> Result<()> {
    on_a_site_with_console(|site| {
        items(site, &["a", "b", "c"])?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.wait_for_row("a")?;
        // On a row that is not selected: that one alone. On one that is: all that are.
        mouse(&console, &row("b"), "right", 0)?;
        console.wait_for("row-menu")?;
        wait_for_selected(&console, &["b"])?;
        console.screenshot("row-menu")?;
        console.click("menu-properties")?;
        console.wait_for_text("item-name", |text| text == "b")?;
        console.click("item-cancel")?;
        console.wait_until_gone("item-dialog")?;
        mouse(&console, &row("c"), "left", CTRL)?;
        mouse(&console, &row("c"), "right", 0)?;
        wait_for_selected(&console, &["b", "c"])?;
        console.wait_for_text("menu-jump", |text| text.contains("(2)"))?;
        console.click("menu-favourite")?;
        wait::until_true("both are favourites", SOON, || {
            Ok(by_name(site, "b")?.favourite && by_name(site, "c")?.favourite)
        })?;

        // Whatever the tool bar does with what is selected is there too; only Create and Import are about nothing selected.
        console.click("files")?;
        console.wait_for("export")?;
        let ids = |css: &str| -> Result<Vec<String>> {
            let script = "return [...document.querySelectorAll(arguments[0])].map(it => it.id)";
            Ok(serde_json::from_value(console.script(script, vec![json!(css)])?)?)
        };
        let mut of_bar: Vec<String> = ids(".sp-toolbar > button, .sp-toolbar [role=menuitem]")?;
        of_bar.retain(|id| id != "import");
        ensure!(of_bar == ["jump", "properties", "copy", "remove", "export"], "{of_bar:?}");
        console.press(&char::from(Key::Escape).to_string())?;
        mouse(&console, &row("c"), "right", 0)?;
        console.wait_for_text("menu-export", |text| text.contains("Export 2 items"))?;
        let of_menu = ids("#row-menu [role=menuitem]")?;
        let missing: Vec<_> = of_bar.iter().filter(|id| !of_menu.contains(&format!("menu-{id}"))).collect();
        ensure!(missing.is_empty() && of_menu.len() == of_bar.len() + 1, "{of_menu:?}, not {of_bar:?} and favourites");
        console.click("menu-export")?;
        console.wait_for_text("toasts", |text| text.contains("2 items exported"))?;

        // By keys: the menu opens at the row with the focus, arrows move, Esc gives the focus back.
        console.select("a")?;
        for open in [format!("{}{}", char::from(Key::Shift), char::from(Key::F10)), char::from(Key::Down).to_string()] {
            console.press(&open)?;
        }
        console.wait_for("row-menu")?;
        let focused = "return document.activeElement?.id || document.activeElement?.dataset?.itemName || ''";
        wait::until_true("the second entry has the focus", SOON, || {
            Ok(console.script(focused, vec![])? == json!("menu-properties"))
        })?;
        console.press(&char::from(Key::Escape).to_string())?;
        console.wait_until_gone("row-menu")?;
        wait::until_true("the row has the focus again", SOON, || {
            Ok(console.script("return document.activeElement?.dataset?.itemName ?? ''", vec![])? == json!("a"))
        })
    })
}

#[test]
fn properties_of_several_write_only_what_was_changed() -> Result<()> {
    on_a_site_with_console(|site| {
        let before = items(site, &["a", "b", "c"])?;
        group(site, "Lab")?;
        let mut draft = before[1].definition.clone();
        draft.tag = Some("billing".into());
        site.admin.put(&format!("/api/jump-items/{}", before[1].id), &draft)?.success()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.select("a")?;
        mouse(&console, &row("b"), "left", CTRL)?;
        wait_for_selected(&console, &["a", "b"])?;
        console.press("e")?;
        console.wait_for("bulk-dialog")?;
        ensure!(console.text("bulk-hostname")?.as_deref() == Some("10.0.0.5"));
        let said = console.attribute("bulk-tag", "placeholder")?.unwrap_or_default();
        ensure!(said.contains("differ"), "{said}");
        console.type_into("bulk-local-address", "10.0.0.1")?;
        console.click("bulk-save")?;
        console.wait_for("bulk-local-address-error")?;
        console.type_into("bulk-local-address", "127.38.9.9")?;
        console.choose("bulk-group", "Lab")?;
        console.screenshot("bulk-dialog")?;
        console.click("bulk-save")?;
        console.wait_until_gone("bulk-dialog")?;
        for (name, tag) in [("a", None), ("b", Some("billing"))] {
            let it = by_name(site, name)?;
            let definition = &it.definition;
            ensure!(it.group_name == "Lab" && definition.local_address == "127.38.9.9", "{definition:?}");
            ensure!(definition.tag.as_deref() == tag && definition.hostname == "10.0.0.5", "{definition:?}");
        }
        ensure!(by_name(site, "c")?.definition == before[2].definition, "one that was not selected changed");
        Ok(())
    })
}

#[test]
fn items_are_copied_into_other_groups() -> Result<()> {
    on_a_site_with_console(|site| {
        items(site, &["a", "b"])?;
        group(site, "Lab")?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.select("a")?;
        console.click("copy")?;
        console.wait_for("copy-dialog")?;
        console.click("copy-save")?;
        console.wait_for("copy-groups-error")?;
        console.click_on("[data-testid=copy-group][data-name=Lab] input")?;
        console.screenshot("copy-dialog")?;
        console.click("copy-save")?;
        console.wait_until_gone("copy-dialog")?;
        wait_for_rows(&console, &["a", "a", "b"])?;
        console.click_on("#groups [data-name=Lab]")?;
        wait_for_rows(&console, &["a"])
    })
}

#[test]
fn copies_get_policies_of_their_own() -> Result<()> {
    on_a_site_with_console(|site| {
        let item = items(site, &["a"])?.remove(0);
        let lab = group(site, "Lab")?;
        let mut ids = Vec::new();
        for name in ["Office hours", "At night"] {
            let policy: JumpPolicy = site.admin.post("/api/jump-policies", &json!({ "name": name }))?.ok()?;
            ids.push(policy.id);
        }
        let rules = json!({
            "name": "Short", "for_users": false, "for_items": true, "tools": [],
            "idle": { "kind": "after", "minutes": 5 },
        });
        let short: SessionPolicy = site.admin.post("/api/session-policies", &rules)?.ok()?;
        let guarded = TunnelJumpDraft { jump_policy_id: Some(ids[0]), ..item.definition.clone() };
        site.admin.put(&format!("/api/jump-items/{}", item.id), &guarded)?.success()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        let copy = |policy: &str, session_policy: &str| -> Result<JumpItem> {
            let before: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
            console.select("a")?;
            console.click("copy")?;
            console.wait_for("copy-policy")?;
            console.wait_for("copy-session-policy")?;
            console.click_on("[data-testid=copy-group][data-name=Lab] input")?;
            console.choose("copy-policy", policy)?;
            console.choose("copy-session-policy", session_policy)?;
            console.screenshot("copy-with-policies")?;
            console.click("copy-save")?;
            console.wait_until_gone("copy-dialog")?;
            let after: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
            let made = after.into_iter().find(|it| before.iter().all(|old| old.id != it.id)).context("no copy")?;
            ensure!(made.definition.group_id == lab.id, "{made:?}");
            site.admin.delete(&format!("/api/jump-items/{}", made.id))?.success()?;
            wait_for_rows(&console, &["a"])?;
            Ok(made)
        };
        let kept = copy("as the original has it", "as the original has it")?.definition;
        ensure!((kept.jump_policy_id, kept.session_policy_id) == (Some(ids[0]), None), "{kept:?}");
        let own = copy("At night", "Short")?.definition;
        ensure!((own.jump_policy_id, own.session_policy_id) == (Some(ids[1]), Some(short.id)), "{own:?}");
        let bare = copy("No policy", "No policy")?.definition;
        ensure!((bare.jump_policy_id, bare.session_policy_id) == (None, None), "{bare:?}");
        ensure!(by_name(site, "a")?.definition.jump_policy_id == Some(ids[0]), "the original lost its policy");
        Ok(())
    })
}

#[test]
fn removed_items_are_gone_for_all_and_come_back() -> Result<()> {
    on_a_site_with_console(|site| {
        items(site, &["quartz", "basalt", "marble"])?;
        site.technician("tom")?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        let desk = Workstation::new(&site.appliance.ready)?;
        let theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;
        wait_for_rows(&theirs, &["basalt", "marble", "quartz"])?;
        console.select("quartz")?;
        mouse(&console, &row("marble"), "left", CTRL)?;
        console.press(&char::from(Key::Delete).to_string())?;
        console.wait_for_text("remove-items", |text| {
            let named = text.contains("quartz") && text.contains("marble") && !text.contains("basalt");
            named && text.contains("Remove 2 items?") && text.contains("30 seconds")
        })?;
        console.screenshot("remove-several")?;
        console.click("remove-items-confirm")?;
        wait_for_rows(&console, &["basalt"])?;
        wait_for_rows(&theirs, &["basalt"])?;
        console.wait_for("undo-remove")?;
        console.screenshot("removed")?;
        ensure!(!theirs.shows("undo-remove")?, "others are offered to take it back");
        console.click("undo-remove")?;
        wait_for_rows(&console, &["basalt", "marble", "quartz"])?;
        wait_for_rows(&theirs, &["basalt", "marble", "quartz"])?;
        console.wait_until_gone("undo-remove")?;
        ensure!(rows(&console)?.len() == 3);
        Ok(())
    })
}
