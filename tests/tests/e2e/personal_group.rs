//! A jump group that is one user's own: given by hand, filled by its owner, seen by administrators and by nobody else.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browser::{Options, Workstation};
use tests::console::{Console, NewItem};
use tests::site::{TECHNICIAN_PASSWORD, on_a_site_with_console};
use wire::JumpItemRoleId;
use wire::api::{JumpItem, NewSession};

use crate::administration::{of_row, wait_for_cell};
use crate::jump_table::wait_for_rows;
use crate::{console_of, open_section, pictures, sign_out, signed_in, wait_for_words, words_of};

/// How the group of a user called `tom` is called.
const GROUP: &str = "Personal (tom)";

/// The groups at the left of the Jump page, by name.
fn groups(console: &Console) -> Result<Vec<String>> {
    let script = "return [...document.querySelectorAll('[data-testid=group-entry]')].map(it => it.dataset.name)";
    Ok(serde_json::from_value(console.script(script, vec![])?)?)
}

fn entry(name: &str) -> String {
    format!("[data-testid=\"group-entry\"][data-name=\"{name}\"]")
}

/// What the page about a user says of the group.
fn access(what: &str) -> String {
    format!("[data-testid=\"group-answer\"][data-name=\"{GROUP}\"] {what}")
}

/// Gives a role in a personal group in the user's dialog.
fn give(console: &Console, role: &str) -> Result<()> {
    open_section(console, "users")?;
    console.click_on(&of_row("user-row", "tom", ".sp-edit-user"))?;
    console.choose("user-personal-role", role)?;
    console.screenshot("user-dialog-personal-group")?;
    console.click("user-save")?;
    console.wait_until_gone("user-dialog")
}

#[test]
fn its_owner_fills_it_and_nobody_else_but_administrators_sees_it() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("db-prod-1", "10.0.0.5", "127.43.2.1", &[(0, 5432)])?;
        // Eva may do everything in every shared group, and still nothing in what is somebody's own.
        for (user_name, display_name, role) in
            [("tom", "Tom Technician", None), ("eva", "Eva Technician", Some(JumpItemRoleId::ADMINISTRATOR))]
        {
            let new = json!({
                "user_name": user_name, "display_name": display_name, "role": "technician",
                "password": TECHNICIAN_PASSWORD, "default_role_id": role,
            });
            site.admin.post("/api/users", &new)?.success()?;
        }
        let eva = site.admin.stranger();
        eva.sign_in("eva", TECHNICIAN_PASSWORD)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let (_desk, mut theirs) = console_of(site, "tom")?;
        theirs.wait_for_text("no-items", |text| text.contains("administrator gives you a role"))?;
        ensure!(!theirs.shows("create")?, "who may create nothing is offered it");
        ensure!(groups(&theirs)? == ["All items"], "{:?}", groups(&theirs)?);

        // Without a reload: a group, and what its role lets them do there.
        give(&console, "Administrator")?;
        theirs.click_on(&entry(GROUP))?;
        theirs.wait_for("create-first")?;
        pictures(&mut theirs, "personal-group-empty")?;
        theirs.create_item(&NewItem {
            name: "lab-1",
            jumpoint: "ams-1",
            hostname: "10.0.0.9",
            local_address: "127.43.2.2",
            pairs: &[(2222, 22)],
            group: GROUP,
        })?;
        wait_for_rows(&theirs, &["lab-1"])?;
        theirs.select("lab-1")?;
        wait_for_words(&theirs, "#details", GROUP)?;
        pictures(&mut theirs, "personal-group")?;
        theirs.jump("lab-1")?;
        theirs.end_session()?;

        // An administrator sees whose it is, and what stands in it.
        console.click("nav-jump")?;
        console.wait_for_row("lab-1")?;
        console.wait_for_row("db-prod-1")?;
        open_section(&console, "groups")?;
        wait_for_cell(&console, "group-row", GROUP, "only Tom Technician and administrators see it")?;
        let members = of_row("group-row", GROUP, ".sp-members");
        let said = console.script("return document.querySelector(arguments[0]).title", vec![json!(members)])?;
        ensure!(said.as_str().is_some_and(|said| said.contains("A personal group has no members")), "{said}");
        console.click_on(&members)?;
        ensure!(!console.shows("members-dialog")?, "it asks for members all the same");
        pictures(&mut console, "groups-with-a-personal-one")?;
        for (user, because) in
            [("tom", "It is this user's personal group"), ("eva", "It is a personal group: only its")]
        {
            console.click_on("#section-users a")?;
            console.click_on(&of_row("user-row", user, ".sp-user-access a"))?;
            wait_for_words(&console, &access("[data-testid=\"group-because\"]"), because)?;
            let start = words_of(&console, &access("[data-name=\"Start sessions\"]"))?;
            ensure!(start.contains("by Administrator") == (user == "tom"), "{user}: {start}");
            console.click_on("#back-to-users a")?;
        }

        // Another technician does not even see that it is there, in the same browser or by the API.
        sign_out(&theirs)?;
        theirs.sign_in("eva", TECHNICIAN_PASSWORD)?;
        wait_for_rows(&theirs, &["db-prod-1"])?;
        wait_for_words(&theirs, &entry("Production"), "Production")?;
        ensure!(groups(&theirs)? == ["All items", "Default", "Production"], "{:?}", groups(&theirs)?);
        pictures(&mut theirs, "no-personal-group-of-others")?;
        let all: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
        let lab = all.iter().find(|it| it.definition.name == "lab-1").context("the item is gone")?;
        ensure!(lab.group_name == GROUP, "{lab:?}");
        eva.post("/api/sessions", &NewSession::of(lab.id))?.refused(404)?;

        // Whose group holds something is not removed by an oversight.
        console.click_on(&of_row("user-row", "tom", ".sp-remove-user"))?;
        console.wait_for("remove-user-uses")?;
        console.click("remove-user-confirm")?;
        console.wait_for_text("remove-user-error", |text| {
            text.contains("The personal group of Tom Technician still holds 1 item (lab-1)")
        })?;
        console.screenshot("remove-user-with-a-personal-group")?;
        console.click("remove-user-cancel")?;
        console.wait_until_gone("remove-user")?;

        // The role taken away takes the group out of its owner's sight, and leaves what is in it.
        give(&console, "None: has no personal group")?;
        let owner = site.admin.stranger();
        owner.sign_in("tom", TECHNICIAN_PASSWORD)?;
        let seen: Vec<JumpItem> = owner.get("/api/jump-items")?;
        ensure!(seen.is_empty(), "{seen:?}");
        site.admin.get::<JumpItem>(&format!("/api/jump-items/{}", lab.id))?;
        Ok(())
    })
}
