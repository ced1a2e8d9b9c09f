//! What the Create dialog says to bad input, and the way through it by keyboard.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use tests::console::NewItem;
use tests::site::on_a_site_with_console;
use wire::api::JumpItem;

use crate::ready_console;

#[test]
fn bad_input_is_told_where_the_person_looks() -> Result<()> {
    on_a_site_with_console(|site| {
        let (_workstation, console) = ready_console(site)?;
        let long = "n".repeat(129);
        console.open_create_dialog()?;
        console.fill_in(&NewItem {
            name: &long,
            jumpoint: "ams-1",
            hostname: "https://db",
            local_address: "10.0.0.1",
            pairs: &[(5432, 0)],
            group: "Production",
        })?;
        console.click("item-save")?;
        for word in ["129", "https://", "127.255.255.254", "65535"] {
            console.wait_for_text("item-dialog", |text| text.contains(word))?;
        }
        console.screenshot("create-refused")?;
        let items: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
        ensure!(items.is_empty(), "{items:?}");
        // What was typed is still there; mended, it is saved.
        console.fill_in(&NewItem {
            name: "db-prod-1",
            jumpoint: "ams-1",
            hostname: "db.example.org",
            local_address: "127.4.0.9",
            pairs: &[(5432, 5432)],
            group: "Production",
        })?;
        console.click("item-save")?;
        console.wait_until_gone("item-save")?;
        console.wait_for_row("db-prod-1")?;
        console.screenshot("create-saved")?;
        Ok(())
    })
}

#[test]
fn the_keyboard_is_enough() -> Result<()> {
    on_a_site_with_console(|site| {
        let (_workstation, console) = ready_console(site)?;
        console.press("c")?;
        console.wait_for("item-name")?;
        console.press(&char::from(Key::Escape).to_string())?;
        console.wait_until_gone("item-name")?;
        console.press("?")?;
        console.wait_for("keys-overlay")?;
        console.press(&char::from(Key::Escape).to_string())?;
        console.wait_until_gone("keys-overlay")?;
        site.item("alpha", "127.0.0.1", "127.33.0.1", &[(0, 7)])?;
        site.item("beta", "127.0.0.1", "127.33.0.2", &[(0, 7)])?;
        console.wait_for_row("beta")?;
        // Down to the first row, down to the second, Enter jumps.
        console.press("j")?;
        console.press("j")?;
        console.press(&char::from(Key::Enter).to_string())?;
        console.wait_for("protocol-tunneling")?;
        console.wait_for_text("main", |text| text.contains("beta"))?;
        Ok(())
    })
}

#[test]
fn the_last_jumpoint_is_remembered() -> Result<()> {
    on_a_site_with_console(|site| {
        let second = wire::api::NewJumpoint { name: "zrh-1".into(), comments: String::new() };
        site.admin.post("/api/jumpoints", &second)?.success()?;
        let (_workstation, console) = ready_console(site)?;
        console.create_item(&NewItem {
            name: "first",
            jumpoint: "zrh-1",
            hostname: "10.0.0.5",
            local_address: "127.33.0.3",
            pairs: &[(5432, 5432)],
            group: "Production",
        })?;
        console.reload()?;
        console.open_create_dialog()?;
        let script = "const it = document.getElementById('item-jumpoint'); return it.options[it.selectedIndex].text";
        let chosen = console.script(script, vec![])?;
        ensure!(chosen.as_str().is_some_and(|text| text.contains("zrh-1")), "{chosen}");
        Ok(())
    })
}
