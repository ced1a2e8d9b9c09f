//! The table of items: columns, order, widths, what is remembered, the keyboard, and what is selected.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::{Value, json};
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::SessionPage;

use crate::signed_in;

/// Headings from left to right.
fn headings(console: &Console) -> Result<Vec<String>> {
    let script = "return [...document.querySelectorAll('#items thead [data-column]')].map(it => it.dataset.column)";
    Ok(serde_json::from_value(console.script(script, vec![])?)?)
}

/// The rows that are drawn, by name.
pub(crate) fn rows(console: &Console) -> Result<Vec<String>> {
    let script = "return [...document.querySelectorAll('[data-testid=item-row]')].map(it => it.dataset.itemName)";
    Ok(serde_json::from_value(console.script(script, vec![])?)?)
}

pub(crate) fn wait_for_rows(console: &Console, expected: &[&str]) -> Result<()> {
    wait::until_true(&format!("the table has the rows {expected:?}"), SOON, || Ok(rows(console)? == expected))
        .map_err(|error| error.context(format!("it has {:?}", rows(console).ok())))
}

/// The selected rows, by name.
pub(crate) fn selected(console: &Console) -> Result<Vec<String>> {
    let script = "return [...document.querySelectorAll('[data-testid=item-row][aria-selected=true]')].map(it => it.dataset.itemName)";
    Ok(serde_json::from_value(console.script(script, vec![])?)?)
}

pub(crate) fn wait_for_selected(console: &Console, expected: &[&str]) -> Result<()> {
    wait::until_true(&format!("{expected:?} are selected"), SOON, || Ok(selected(console)? == expected))
        .map_err(|error| error.context(format!("{:?} are", selected(console).ok())))
}

/// Clicks with keys held, or another button, as the browser reports it to the page.
pub(crate) fn mouse(console: &Console, css: &str, button: &str, modifiers: u32) -> Result<()> {
    let (x, y) = middle(console, css)?;
    for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
        let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1, "modifiers": modifiers });
        console.devtools("Input.dispatchMouseEvent", event)?;
    }
    Ok(())
}

/// Shift, and Ctrl, as the developer tools count them.
pub(crate) const SHIFT: u32 = 8;
pub(crate) const CTRL: u32 = 2;

fn middle(console: &Console, css: &str) -> Result<(f64, f64)> {
    let script = "const it = document.querySelector(arguments[0]); if (!it) return null; \
                  it.scrollIntoView({ block: 'nearest' }); const at = it.getBoundingClientRect(); return [at.left + at.width / 2, at.top + at.height / 2]";
    let at: Option<(f64, f64)> = serde_json::from_value(console.script(script, vec![json!(css)])?)?;
    at.ok_or_else(|| anyhow::anyhow!("there is no {css}"))
}

/// Drags with the mouse from the middle of one element by so many pixels.
fn drag(console: &Console, css: &str, by: f64) -> Result<()> {
    let (x, y) = middle(console, css)?;
    let event =
        |kind: &str, x: f64| json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1 });
    console.devtools("Input.dispatchMouseEvent", event("mousePressed", x))?;
    for step in 1..=5 {
        console.devtools("Input.dispatchMouseEvent", event("mouseMoved", x + by * f64::from(step) / 5.0))?;
        // Each move is drawn before the next, as for a person.
        console
            .script("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))", vec![])?;
    }
    console.devtools("Input.dispatchMouseEvent", event("mouseReleased", x + by))?;
    Ok(())
}

fn heading(column: &str) -> String {
    format!("[data-testid=sort-{column}]")
}

pub(crate) fn row(name: &str) -> String {
    format!("[data-testid=item-row][data-item-name=\"{name}\"]")
}

fn width(console: &Console, column: &str) -> Result<f64> {
    let script = "return document.querySelector(arguments[0]).offsetWidth";
    let width = console.script(script, vec![json!(format!("[data-column={column}]"))])?;
    Ok(width.as_f64().unwrap_or_default())
}

fn sort_of(console: &Console, column: &str) -> Result<Value> {
    let script = "return document.querySelector(arguments[0]).getAttribute('aria-sort')";
    console.script(script, vec![json!(format!("[data-column={column}]"))])
}

fn wait_for_headings(console: &Console, expected: &[&str]) -> Result<()> {
    wait::until_true(&format!("the columns are {expected:?}"), SOON, || Ok(headings(console)? == expected))
        .map_err(|error| error.context(format!("they are {:?}", headings(console).ok())))
}

/// Three items on two hosts, so that sorting by several columns shows.
fn furnish(site: &Site) -> Result<()> {
    for (name, host) in [("web-10", "h1"), ("web-9", "h2"), ("db", "h2")] {
        site.item(name, host, "127.36.0.1", &[(0, 80)])?;
    }
    Ok(())
}

#[test]
fn columns_are_arranged_and_another_workstation_has_them() -> Result<()> {
    on_a_site_with_console(|site| {
        furnish(site)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        wait_for_rows(&console, &["db", "web-9", "web-10"])?;
        wait_for_headings(&console, &["name", "jumpoint", "host", "local", "status", "used"])?;

        // A press sorts, with Shift by several, each in its direction.
        mouse(&console, &heading("host"), "left", 0)?;
        wait_for_rows(&console, &["web-10", "db", "web-9"])?;
        mouse(&console, &heading("name"), "left", SHIFT)?;
        mouse(&console, &heading("name"), "left", SHIFT)?;
        wait_for_rows(&console, &["web-10", "web-9", "db"])?;
        ensure!(sort_of(&console, "host")? == json!("ascending") && sort_of(&console, "name")? == json!("descending"));

        // A menu shows and hides.
        console.click("columns")?;
        console.click("column-tag")?;
        console.click("column-local")?;
        wait_for_headings(&console, &["name", "jumpoint", "host", "tag", "status", "used"])?;
        console.screenshot("columns-menu")?;
        console.press(&String::from(char::from(Key::Escape)))?;
        console.wait_until_gone("columns-panel")?;

        // Dragging moves a column and sorts nothing; so do keys.
        let (from, to) = (middle(&console, &heading("status"))?, middle(&console, &heading("jumpoint"))?);
        drag(&console, &heading("status"), to.0 - from.0)?;
        wait_for_headings(&console, &["name", "status", "jumpoint", "host", "tag", "used"])?;
        ensure!(sort_of(&console, "status")? == json!("none"), "the drag sorted too");
        let script = "document.querySelector(arguments[0]).focus()";
        console.script(script, vec![json!(heading("used"))])?;
        console.press(&format!("{}{}", char::from(Key::Control), char::from(Key::Left)))?;
        wait_for_headings(&console, &["name", "status", "jumpoint", "host", "used", "tag"])?;

        // Dragging an edge makes a column wider; so do keys.
        let before = width(&console, "host")?;
        drag(&console, "[data-testid=edge-host]", 120.0)?;
        wait::until_true("the column is wider", SOON, || Ok((width(&console, "host")? - before - 120.0).abs() < 4.0))?;
        console.script("document.querySelector('[data-testid=edge-host]').focus()", vec![])?;
        console.press(&char::from(Key::Left).to_string())?;
        wait::until_true("the column is narrower", SOON, || {
            Ok((width(&console, "host")? - before - 104.0).abs() < 4.0)
        })?;
        let wide = width(&console, "host")?;
        console.screenshot("columns-arranged")?;

        // Another workstation, the same user.
        let desk = Workstation::new(&site.appliance.ready)?;
        let there = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        there.sign_in(ADMIN, ADMIN_PASSWORD)?;
        wait_for_headings(&there, &["name", "status", "jumpoint", "host", "used", "tag"])?;
        wait_for_rows(&there, &["web-10", "web-9", "db"])?;
        ensure!((width(&there, "host")? - wide).abs() < 2.0, "{} instead of {wide}", width(&there, "host")?);
        ensure!(sort_of(&there, "name")? == json!("descending"));
        there.click("columns")?;
        there.click("columns-reset")?;
        wait_for_headings(&there, &["name", "jumpoint", "host", "local", "status", "used"])?;
        wait_for_rows(&there, &["db", "web-9", "web-10"])
    })
}

#[test]
fn rows_are_selected_by_mouse_and_keyboard() -> Result<()> {
    on_a_site_with_console(|site| {
        for number in 1..=120 {
            site.item(&format!("item-{number}"), "10.0.0.5", "127.36.0.2", &[(0, 22)])?;
        }
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.wait_for_row("item-1")?;
        ensure!(rows(&console)?.len() < 60, "{} rows are drawn", rows(&console)?.len());

        mouse(&console, &row("item-2"), "left", 0)?;
        wait_for_selected(&console, &["item-2"])?;
        mouse(&console, &row("item-4"), "left", SHIFT)?;
        wait_for_selected(&console, &["item-2", "item-3", "item-4"])?;
        mouse(&console, &row("item-3"), "left", CTRL)?;
        wait_for_selected(&console, &["item-2", "item-4"])?;
        mouse(&console, &row("item-6"), "left", CTRL)?;
        wait_for_selected(&console, &["item-2", "item-4", "item-6"])?;
        console.wait_for_text("details", |text| text.contains("3 items") && text.contains("3 of 3 can be used now"))?;

        // Keys: on from there, with Shift several; Space; j and k.
        let press = |key: Key| console.press(&char::from(key).to_string());
        press(Key::Down)?;
        wait_for_selected(&console, &["item-7"])?;
        console.press(&format!("{}{}{}", char::from(Key::Shift), char::from(Key::Down), char::from(Key::Down)))?;
        wait_for_selected(&console, &["item-7", "item-8", "item-9"])?;
        console.press("j")?;
        wait_for_selected(&console, &["item-10"])?;
        console.press("k")?;
        console.press(" ")?;
        wait_for_selected(&console, &[])?;

        // To the end and back, past rows that are not drawn; the row with the focus always is in sight.
        press(Key::End)?;
        wait_for_selected(&console, &["item-120"])?;
        let focused = "return document.activeElement?.dataset?.itemName ?? ''";
        wait::until_true("the last row has the focus", SOON, || {
            Ok(console.script(focused, vec![])? == json!("item-120"))
        })?;
        ensure!(rows(&console)?.len() < 60 && !rows(&console)?.contains(&"item-1".to_owned()));
        let inside =
            "const it = document.activeElement.getBoundingClientRect(); return it.top >= 0 && it.bottom <= innerHeight";
        ensure!(console.script(inside, vec![])? == json!(true), "it is out of sight");
        press(Key::Home)?;
        wait_for_selected(&console, &["item-1"])?;
        console.press(&format!("{}a", char::from(Key::Control)))?;
        console.wait_for_text("item-count", |text| text.contains("120 selected"))?;

        // More than ten are refused with the reason.
        let said = console.attribute("jump", "title")?.unwrap_or_default();
        ensure!(said.contains("At most 10") && said.contains("120"), "{said}");
        console.click("jump")?;
        console.press("?")?;
        console.wait_for("keys-overlay")?;
        console.screenshot("keys")?;
        press(Key::Escape)?;
        console.wait_until_gone("keys-overlay")?;
        // By key there is no button that says it: a notice does.
        mouse(&console, &row("item-1"), "left", 0)?;
        wait_for_selected(&console, &["item-1"])?;
        mouse(&console, &row("item-11"), "left", SHIFT)?;
        console.wait_for_text("item-count", |text| text.contains("11 selected"))?;
        press(Key::Enter)?;
        console.wait_for_text("toasts", |text| text.contains("At most 10") && text.contains("11 are selected"))?;
        console.screenshot("too-many-by-key")?;
        let live: SessionPage = site.admin.get("/api/sessions?live=true")?;
        ensure!(live.sessions.is_empty(), "{:?}", live.sessions);
        Ok(())
    })
}
