//! Teams, roles and members of groups, set up by hand; what a user sees follows at once, and a page says why.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::SecretText;
use wire::api::{NewUser, Role, User};

use crate::{pictures, signed_in};

fn newcomer(site: &Site) -> Result<User> {
    let new = NewUser {
        user_name: "tom".into(),
        email: None,
        display_name: "Tom Technician".into(),
        role: Role::Technician,
        password: SecretText::new(TECHNICIAN_PASSWORD.into()),
        methods: None,
        default_role_id: None,
        personal_role_id: None,
        session_policy_id: None,
    };
    site.admin.post("/api/users", &new)?.ok()
}

fn answer(console: &Console, permission: &str) -> Result<String> {
    let css = format!("[data-testid=\"group-answer\"][data-name=\"Production\"] [data-name=\"{permission}\"]");
    let script =
        "const it = document.querySelector(arguments[0]); return it ? it.dataset.allowed + ' ' + it.innerText : ''";
    let said = console.script(script, vec![json!(css)])?;
    Ok(said.as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_team_gets_a_role_in_a_group_and_its_member_sees_the_items() -> Result<()> {
    on_a_site_with_console(|site| {
        site.item("db-prod-1", "10.0.0.5", "127.35.1.1", &[(0, 5432)])?;
        let tom = newcomer(site)?;
        site.admin.post("/api/jump-policies", &json!({ "name": "Office hours" }))?.success()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let desk = Workstation::new(&site.appliance.ready)?;
        let theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
        theirs.sign_in("tom", TECHNICIAN_PASSWORD)?;
        // Nothing is offered that would be refused.
        theirs.wait_for_text("no-items", |text| text.contains("administrator gives you a role"))?;
        for id in ["create", "create-first", "first-steps"] {
            ensure!(!theirs.shows(id)?, "{id} is offered to whoever may create nothing");
        }
        ensure!(!theirs.shows("item-row")?, "a user without any role sees items");

        console.click("nav-administration")?;
        console.click_on("#section-roles a")?;
        console.wait_for("role-row")?;
        console.click("create-role")?;
        console.click("role-save")?;
        console.wait_for("role-name-error")?;
        console.type_into("role-name", "On call")?;
        console.click("role-permissions-EditTag")?;
        pictures(&mut console, "role-dialog")?;
        console.click("role-save")?;
        console.wait_until_gone("role-dialog")?;
        pictures(&mut console, "roles")?;

        console.click_on("#section-teams a")?;
        console.click("create-team")?;
        console.type_into("team-name", "Operations")?;
        console.click(&format!("team-members-{}", tom.id))?;
        console.screenshot("team-dialog")?;
        console.click("team-save")?;
        console.wait_until_gone("team-dialog")?;
        wait::until_true("the team is listed with its member", SOON, || {
            let script = "return document.querySelector('[data-testid=\"team-row\"]')?.innerText ?? ''";
            Ok(console.script(script, vec![])?.as_str().is_some_and(|text| text.contains("Tom Technician")))
        })?;
        pictures(&mut console, "teams")?;

        console.click_on("#section-groups a")?;
        console.click_on("[data-testid=\"group-row\"][data-name=\"Production\"] .sp-members")?;
        console.wait_for("members-add")?;
        console.choose("members-add", "Team Operations")?;
        console.wait_for("member-role-0")?;
        console.choose("member-role-0", "On call")?;
        console.choose("member-policy-0", "Office hours")?;
        pictures(&mut console, "members-dialog")?;
        console.click("members-save")?;
        console.wait_until_gone("members-dialog")?;
        // Without a reload.
        theirs.wait_for("item-row")?;
        theirs.select("db-prod-1")?;
        let obstacle = theirs.attribute("remove", "title")?.unwrap_or_default();
        ensure!(obstacle.contains("Production") && obstacle.contains("Remove items"), "{obstacle}");

        console.click_on("#section-users a")?;
        console.click_on("[data-testid=\"user-row\"][data-name=\"tom\"] .sp-user-access a")?;
        wait::until_true("the page says why", SOON, || {
            Ok(answer(&console, "Start sessions")?.contains("by On call (team Operations)"))
        })?;
        ensure!(answer(&console, "Start sessions")?.starts_with("true"));
        console.wait_for_text("group-policies", |text| text.contains("Office hours"))?;
        ensure!(answer(&console, "Remove items")?.starts_with("false"));
        pictures(&mut console, "user-access")?;
        console.reload()?;
        wait::until_true("it comes back to the same place", SOON, || {
            Ok(answer(&console, "Start sessions")?.starts_with("true"))
        })?;

        console.click_on("#back-to-users a")?;
        console.click_on("#section-teams a")?;
        console.click_on(".sp-remove-team")?;
        console.wait_for("remove-team")?;
        console.wait_for_text("remove-team-uses", |text| text.contains("a role in the jump groups: Production"))?;
        console.screenshot("remove-team")?;
        console.click("remove-team-confirm")?;
        theirs.wait_until_gone("item-row")
    })
}
