//! Two administrators with the same dialog open, each in a browser of their own: the second is told, and loses nothing.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use wire::api::JumpItem;

use crate::{pictures, signed_in};

/// A console with another administrator, at a workstation of their own.
fn eva(site: &Site) -> Result<(Workstation, Console)> {
    let new = json!({
        "user_name": "eva", "display_name": "Eva Administrator", "role": "administrator", "password": TECHNICIAN_PASSWORD,
    });
    site.admin.post("/api/users", &new)?.success()?;
    let desk = Workstation::new(&site.appliance.ready)?;
    let theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
    theirs.sign_in("eva", TECHNICIAN_PASSWORD)?;
    Ok((desk, theirs))
}

fn open_properties(console: &Console, name: &str) -> Result<()> {
    console.select(name)?;
    console.press("e")?;
    console.wait_for("item-dialog")
}

#[test]
fn the_second_who_saves_an_item_is_told_and_can_load_it_again() -> Result<()> {
    on_a_site_with_console(|site| {
        let item = site.item("db-prod-1", "10.0.0.5", "127.37.2.1", &[(0, 5432)])?;
        let path = format!("/api/jump-items/{}", item.id);
        let desk = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &desk, Options::default())?;
        let (_laptop, mut theirs) = eva(site)?;
        open_properties(&console, "db-prod-1")?;
        open_properties(&theirs, "db-prod-1")?;
        console.type_into("item-comments", "Moves to another host in June.")?;
        console.click("item-save")?;
        console.wait_until_gone("item-dialog")?;

        theirs.type_into("item-tag", "billing")?;
        theirs.click("item-save")?;
        theirs.wait_for_text("item-error", |text| text.contains("Somebody else changed this"))?;
        pictures(&mut theirs, "item-changed-meanwhile")?;
        ensure!(theirs.text("item-tag")?.as_deref() == Some("billing"), "what was typed is gone");
        let kept: JumpItem = site.admin.get(&path)?;
        ensure!(kept.definition.comments == "Moves to another host in June.", "{:?}", kept.definition);
        ensure!(kept.definition.tag.is_none(), "{:?}", kept.definition);
        // Pressed once more, it is refused once more.
        theirs.click("item-save")?;
        theirs.wait_for("item-reload")?;
        ensure!(site.admin.get::<JumpItem>(&path)?.definition == kept.definition, "it was overwritten after all");

        theirs.click("item-reload")?;
        theirs.wait_for_text("item-comments", |text| text == "Moves to another host in June.")?;
        theirs.wait_until_gone("item-error")?;
        theirs.type_into("item-tag", "billing")?;
        theirs.click("item-save")?;
        theirs.wait_until_gone("item-dialog")?;
        let both: JumpItem = site.admin.get(&path)?;
        ensure!(both.definition.tag.as_deref() == Some("billing"), "{:?}", both.definition);
        ensure!(both.definition.comments == kept.definition.comments, "{:?}", both.definition);
        Ok(())
    })
}
