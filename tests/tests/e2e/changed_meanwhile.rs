//! Two administrators change the same thing, one of them or both in a dialog: the second is told, and nothing of either is lost.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::ApiClient;
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::sign_on::with;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::JumpItem;

use crate::administration::{of_row, wait_for_cell};
use crate::{console_of, open_section, pictures, signed_in, wait_for_words};

/// What is said to the second.
const TOLD: &str = "Somebody else changed this while you did; nothing of yours was written.";

/// Makes another administrator.
fn make_eva(site: &Site) -> Result<()> {
    let new = json!({
        "user_name": "eva", "display_name": "Eva Administrator", "role": "administrator", "password": TECHNICIAN_PASSWORD,
    });
    site.admin.post("/api/users", &new)?.success()
}

/// A console with another administrator, at a workstation of their own.
fn eva(site: &Site) -> Result<(Workstation, Console)> {
    make_eva(site)?;
    console_of(site, "eva")
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

/// What administrators make, with a list and a dialog of its own.
struct Thing {
    /// What its ids begin with.
    name: &'static str,
    /// The section of the administration.
    section: &'static str,
    /// Where it is read and written.
    path: &'static str,
    /// What its free text is called, in ids and in the API.
    text: &'static str,
    /// One of them.
    made: Value,
}

fn things() -> [Thing; 4] {
    [
        Thing {
            name: "team",
            section: "teams",
            path: "/api/teams",
            text: "comments",
            made: json!({ "name": "Careful", "members": [] }),
        },
        Thing {
            name: "role",
            section: "roles",
            path: "/api/jump-item-roles",
            text: "description",
            made: json!({ "name": "Careful", "permissions": ["start"] }),
        },
        Thing {
            name: "policy",
            section: "policies",
            path: "/api/jump-policies",
            text: "description",
            made: json!({ "name": "Careful", "ticket": true }),
        },
        Thing {
            name: "session-policy",
            section: "session-policies",
            path: "/api/session-policies",
            text: "description",
            made: json!({ "name": "Careful", "for_users": true, "for_items": true }),
        },
    ]
}

/// As the appliance has it now.
fn kept(administrator: &ApiClient, it: &Thing, id: &Value) -> Result<Value> {
    let all: Vec<Value> = administrator.get(it.path)?;
    all.into_iter().find(|found| found["id"] == *id).with_context(|| format!("{} has no {id}", it.path))
}

/// Somebody types into its dialog, another one saves first, and nothing of either is lost.
fn second_is_told(other: &ApiClient, console: &mut Console, it: &Thing) -> Result<()> {
    let made: Value = other.post(it.path, &it.made)?.ok()?;
    let id = &made["id"];
    let field = |what: &str| format!("{}-{what}", it.name);
    let (dialog, error, save) = (field("dialog"), field("error"), field("save"));
    let (name, text, row) = (field("name"), field(it.text), field("row"));
    let edit = of_row(&row, "Careful", "[title=\"Properties of Careful\"]");
    open_section(console, it.section)?;
    console.click_on(&edit)?;
    console.wait_for_text(&name, |text| text == "Careful")?;
    console.type_into(&name, "Of the second")?;

    let first = with(&kept(other, it, id)?, &json!({ (it.text): "Of the first." }));
    let path = format!("{}/{}", it.path, id.as_str().context("an id that is no text")?);
    other.put(&path, &first)?.success()?;
    let written = kept(other, it, id)?;
    // The list behind the dialog follows at once; what is typed stays what it is.
    wait_for_cell(console, &row, "Careful", "Of the first.")?;
    ensure!(console.text(&name)?.as_deref() == Some("Of the second"), "what was typed is gone");
    console.click(&save)?;
    let said = console.wait_for_text(&error, |text| text.contains(TOLD))?;
    ensure!(said.contains("Look at what it is now, and change it again."), "{said}");
    pictures(console, &field("changed-meanwhile"))?;
    ensure!(console.text(&name)?.as_deref() == Some("Of the second"), "what was typed is gone");
    ensure!(kept(other, it, id)? == written, "something of the second was written: {}", kept(other, it, id)?);
    // Pressed once more, it is refused once more: another request has another number.
    console.click(&save)?;
    console.wait_for_text(&error, |text| text.contains(TOLD) && text != said)?;
    ensure!(kept(other, it, id)? == written, "it was overwritten after all: {}", kept(other, it, id)?);

    // Whoever loads it again can go on from there.
    console.click(&field("reload"))?;
    console.wait_for_text(&text, |text| text == "Of the first.")?;
    console.wait_until_gone(&error)?;
    ensure!(console.text(&name)?.as_deref() == Some("Careful"), "the name is not what the appliance has");
    console.type_into(&name, "Of the second")?;
    console.click(&save)?;
    console.wait_until_gone(&dialog)?;
    let both = kept(other, it, id)?;
    ensure!(both["name"] == "Of the second" && both[it.text] == "Of the first.", "{both}");
    Ok(())
}

#[test]
fn the_second_who_saves_a_team_a_role_or_a_policy_is_told_and_can_load_it_again() -> Result<()> {
    on_a_site_with_console(|site| {
        make_eva(site)?;
        let eva = site.admin.stranger();
        eva.sign_in("eva", TECHNICIAN_PASSWORD)?;
        let desk = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &desk, Options::default())?;
        for it in things() {
            second_is_told(&eva, &mut console, &it).with_context(|| format!("the {}", it.name))?;
        }
        Ok(())
    })
}

/// The minutes in the form of the global session policy.
fn wait_for_minutes(console: &Console, minutes: &str) -> Result<()> {
    console.wait_for_text("global-policy-minutes", |text| text == minutes).map(|_| ())
}

#[test]
fn the_global_session_policy_keeps_what_is_typed_and_tells_the_second() -> Result<()> {
    on_a_site_with_console(|site| {
        make_eva(site)?;
        let eva = site.admin.stranger();
        eva.sign_in("eva", TECHNICIAN_PASSWORD)?;
        const PATH: &str = "/api/session-policies/global";
        let change_to = |minutes: u32| -> Result<()> {
            let idle = json!({ "idle": { "kind": "after", "minutes": minutes } });
            eva.put(PATH, &with(&eva.get(PATH)?, &idle))?.success()
        };
        change_to(60)?;
        let desk = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &desk, Options::default())?;
        open_section(&console, "session-policies")?;
        wait_for_minutes(&console, "60")?;
        // Nobody typed anything here: the other one's change comes in by itself.
        change_to(70)?;
        wait_for_minutes(&console, "70")?;
        console.type_into("global-policy-minutes", "30")?;
        change_to(80)?;
        // What was changed after it is shown, so the page has heard of it.
        let later = json!({ "name": "Heard of", "for_users": true, "for_items": true });
        eva.post("/api/session-policies", &later)?.success()?;
        wait_for_words(&console, "main", "Heard of")?;
        wait_for_minutes(&console, "30")?;
        console.click("save-global-policy")?;
        console.wait_for_text("global-session-policy-error", |text| text.contains(TOLD))?;
        wait_for_minutes(&console, "30")?;
        let kept: Value = eva.get(PATH)?;
        ensure!(kept["idle"]["minutes"] == 80, "{kept}");
        console.click("global-session-policy-error-reload")?;
        wait_for_minutes(&console, "80")?;
        console.type_into("global-policy-minutes", "30")?;
        console.click("save-global-policy")?;
        console.wait_for_text("toasts", |text| text.contains("The global session policy is saved"))?;
        let kept: Value = eva.get(PATH)?;
        ensure!(kept["idle"]["minutes"] == 30, "{kept}");
        // And once more: what was saved is what the next change goes on from.
        console.type_into("global-policy-minutes", "31")?;
        console.click("save-global-policy")?;
        wait::until_true("it is saved", SOON, || Ok(eva.get::<Value>(PATH)?["idle"]["minutes"] == 31))
    })
}
