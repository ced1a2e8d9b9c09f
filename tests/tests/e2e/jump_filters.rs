//! Search, filters, the tree of groups, favourites, filter sets, and the address that holds them.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{JumpGroup, JumpGroupDraft, JumpItem, Preferences};

use crate::jump_table::{row, wait_for_rows};
use crate::signed_in;

/// Two groups, tags, comments.
fn furnish(site: &Site) -> Result<()> {
    let lab = JumpGroupDraft { name: "Lab".into(), comments: String::new(), revision: 0 };
    let lab: JumpGroup = site.admin.post("/api/jump-groups", &lab)?.ok()?;
    for (name, host, group, tag, comments) in [
        ("billing-db", "10.0.0.5", site.group, "billing", "the old one"),
        ("billing-web", "10.0.0.6", site.group, "billing", ""),
        ("shop-db", "10.0.0.7", site.group, "", "billing moved here"),
        ("bench-db", "10.9.0.1", lab.id, "", ""),
    ] {
        let mut draft = site.draft(name, host, "127.37.0.1", &[(0, 5432)]);
        draft.group_id = group;
        draft.tag = Some(tag.into()).filter(|tag: &String| !tag.is_empty());
        draft.comments = comments.into();
        site.admin.post("/api/jump-items", &draft)?.success()?;
    }
    Ok(())
}

fn entry(name: &str) -> String {
    format!("#groups [data-name=\"{name}\"]")
}

fn wait_for_count(console: &Console, name: &str, count: &str) -> Result<()> {
    let script = "return document.querySelector(arguments[0])?.dataset.count ?? null";
    wait::until_true(&format!("{name} has {count}"), SOON, || {
        Ok(console.script(script, vec![json!(entry(name))])? == json!(count))
    })
}

fn add_filter(console: &Console, category: &str, choice: &str) -> Result<()> {
    console.click("add-filter")?;
    console.click(&format!("filter-by-{category}"))?;
    console.click_on(&format!("[data-testid=filter-choice][data-value=\"{choice}\"]"))?;
    console.wait_until_gone("add-filter-panel")
}

const ALL: [&str; 4] = ["bench-db", "billing-db", "billing-web", "shop-db"];

#[test]
fn what_is_searched_and_filtered_stands_in_the_address() -> Result<()> {
    on_a_site_with_console(|site| {
        furnish(site)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        wait_for_rows(&console, &ALL)?;

        // As you type; every word; the fields chosen behind the magnifier.
        console.press("/")?;
        console.press("billing")?;
        wait_for_rows(&console, &["billing-db", "billing-web", "shop-db"])?;
        console.wait_for_text("item-count", |text| text == "3 of 4 items")?;
        console.click("search-fields")?;
        console.click("search-in-name")?;
        wait_for_rows(&console, &["billing-db", "billing-web"])?;
        console.screenshot("search-fields")?;
        console.click("search-in-comments")?;
        wait_for_rows(&console, &["billing-db", "billing-web", "shop-db"])?;
        console.press(&char::from(Key::Escape).to_string())?;

        // Filters beside it: of one category either, of several both.
        add_filter(&console, "tag", "billing")?;
        wait_for_rows(&console, &["billing-db", "billing-web"])?;
        console.click("add-filter")?;
        console.click("filter-by-host")?;
        console.screenshot("filter-text")?;
        console.type_into("filter-text", "0.0.6")?;
        console.click("filter-add")?;
        wait_for_rows(&console, &["billing-web"])?;
        console.screenshot("filters")?;
        console.set_dark(true)?;
        console.screenshot("filters-dark")?;
        console.set_dark(false)?;
        let link = console.url()?;

        // Chips go one by one; back and forward.
        console.click_on("[data-filter^=\"host:\"] [data-testid=remove-filter]")?;
        wait_for_rows(&console, &["billing-db", "billing-web"])?;
        console.script("history.back()", vec![])?;
        wait_for_rows(&console, &["billing-web"])?;
        console.script("history.forward()", vec![])?;
        wait_for_rows(&console, &["billing-db", "billing-web"])?;
        console.click("clear-filters")?;
        wait_for_rows(&console, &ALL)?;
        ensure!(console.text("item-search")?.as_deref() == Some(""));
        console.script("history.back()", vec![])?;
        wait_for_rows(&console, &["billing-db", "billing-web"])?;
        ensure!(console.text("item-search")?.as_deref() == Some("billing"));

        // Enter puts the search into the address at once, and the cursor into the table.
        console.visit("/")?;
        wait_for_rows(&console, &ALL)?;
        console.press("/")?;
        console.press(&format!("shop{}", char::from(Key::Enter)))?;
        wait_for_rows(&console, &["shop-db"])?;
        ensure!(console.url()?.contains("q=shop"), "{}", console.url()?);

        // A link shows somebody else the same.
        let desk = Workstation::new(&site.appliance.ready)?;
        let there = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        site.technician("tom")?;
        there.go_to(&link)?;
        there.sign_in("tom", TECHNICIAN_PASSWORD)?;
        wait_for_rows(&there, &["billing-web"])?;
        ensure!(there.text("item-search")?.as_deref() == Some("billing"));
        there.visit("/?q=nothing")?;
        there.wait_for("no-matches")?;
        there.click("clear-filter")?;
        wait_for_rows(&there, &ALL)
    })
}

#[test]
fn groups_tags_favourites_and_what_was_used_last() -> Result<()> {
    on_a_site_with_console(|site| {
        furnish(site)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        wait_for_rows(&console, &ALL)?;
        for (name, count) in [
            ("Favourites", "0"),
            ("Recent", "0"),
            ("All items", "4"),
            ("Production", "3"),
            ("billing", "2"),
            ("Lab", "1"),
        ] {
            wait_for_count(&console, name, count)?;
        }
        console.click_on(&entry("Production"))?;
        wait_for_rows(&console, &["billing-db", "billing-web", "shop-db"])?;
        console.click_on(&entry("billing"))?;
        wait_for_rows(&console, &["billing-db", "billing-web"])?;
        console.click_on("[data-testid=fold-group]")?;
        console.wait_until_gone("tag-entry")?;
        wait::until_true("the appliance keeps what is folded", SOON, || {
            let kept: Preferences = site.admin.get("/api/me/preferences")?;
            Ok(kept.view.get("jump-folded-groups").is_some_and(|ids| !ids.is_empty()))
        })?;
        console.reload()?;
        wait_for_rows(&console, &["billing-db", "billing-web"])?;
        console.wait_until_gone("tag-entry")?;
        console.click_on("[data-testid=fold-group]")?;
        console.wait_for("tag-entry")?;

        // Favourites: by key and by star; another workstation has them.
        console.click_on(&entry("All items"))?;
        console.select("shop-db")?;
        console.press("f")?;
        wait_for_count(&console, "Favourites", "1")?;
        console.select("bench-db")?;
        console.click("details-favourite")?;
        wait_for_count(&console, "Favourites", "2")?;
        console.click_on(&entry("Favourites"))?;
        wait_for_rows(&console, &["bench-db", "shop-db"])?;
        console.screenshot("favourites")?;

        let items: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
        let used = items.iter().find(|it| it.definition.name == "billing-web");
        site.jump(used.ok_or_else(|| anyhow::anyhow!("no item"))?)?;
        let desk = Workstation::new(&site.appliance.ready)?;
        let there = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        there.sign_in(ADMIN, ADMIN_PASSWORD)?;
        wait_for_count(&there, "Favourites", "2")?;
        there.click_on(&entry("Recent"))?;
        wait_for_rows(&there, &["billing-web"])?;
        there.click_on(&entry("Favourites"))?;
        there.select("shop-db")?;
        there.press("f")?;
        wait_for_rows(&there, &["bench-db"])
    })
}

#[test]
fn filter_sets_are_kept_shared_renamed_and_forgotten() -> Result<()> {
    on_a_site_with_console(|site| {
        furnish(site)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        wait_for_rows(&console, &ALL)?;
        add_filter(&console, "tag", "billing")?;
        wait_for_rows(&console, &["billing-db", "billing-web"])?;
        let shown = console.url()?;
        console.click("saved-filters")?;
        console.click("save-filters")?;
        console.wait_for("filter-name")?;
        console.click("filter-save")?;
        console.wait_for("filter-name-error")?;
        console.type_into("filter-name", "Invoices")?;
        console.click("filter-save")?;
        console.wait_until_gone("filter-dialog")?;
        console.click("clear-filters")?;
        wait_for_rows(&console, &ALL)?;

        let desk = Workstation::new(&site.appliance.ready)?;
        let there = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        there.sign_in(ADMIN, ADMIN_PASSWORD)?;
        wait_for_rows(&there, &ALL)?;
        there.click("saved-filters")?;
        there.click_on("[data-testid=saved-filter][data-name=Invoices] .pf-v6-c-menu__item")?;
        wait_for_rows(&there, &["billing-db", "billing-web"])?;
        ensure!(there.url()? == shown, "{} instead of {shown}", there.url()?);
        there.click("saved-filters")?;
        there.screenshot("saved-filters")?;
        there.click_on("[data-testid=saved-filter] .sp-rename")?;
        there.type_into("filter-name", "Bills")?;
        there.click("filter-save")?;
        there.wait_until_gone("filter-dialog")?;
        there.click("saved-filters")?;
        there.click_on("[data-testid=saved-filter][data-name=Bills] .sp-forget")?;
        there.wait_until_gone("saved-filter")?;
        ensure!(
            there.shows("add-filter")?
                && !there
                    .script("return document.querySelector(arguments[0])", vec![json!(row("billing-db"))])?
                    .is_null()
        );
        Ok(())
    })
}
