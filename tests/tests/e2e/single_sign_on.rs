//! Single sign-on by hand: a provider is set up in the console, tried out, and signed in with by its button.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browser::{Browser, Options, Workstation, trust};
use tests::console::Console;
use tests::servers::{OPENID_CLIENT, OPENID_SECRET, OpenIdProvider};
use tests::site::{ADMIN, ADMIN_PASSWORD, on_a_site_with_console};
use wire::api::{SIGN_ON_RETURN, Team};

use crate::settings::paste;
use crate::{pictures, signed_in};

#[test]
fn a_provider_is_set_up_and_signed_in_with() -> Result<()> {
    on_a_site_with_console(|site| {
        let url = site.appliance.ready.url.clone();
        let provider = OpenIdProvider::start(&format!("{url}{SIGN_ON_RETURN}"))?;
        let team = json!({ "name": "Operations", "comments": "", "members": [], "revision": 0 });
        let team: Team = site.admin.post("/api/teams", &team)?.ok()?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        let ca = site.folder().join("provider-ca.pem");
        std::fs::write(&ca, &provider.authority)?;
        trust(&workstation.home(), &ca)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        console.visit("/administration/settings")?;
        console.wait_for_text("sign-on-redirect-url", |text| text == format!("{url}{SIGN_ON_RETURN}"))?;
        console.click("add-provider")?;
        console.wait_for("provider-dialog")?;
        console.type_into("provider-name", "Corp")?;
        console.type_into("provider-issuer", "http://id.example")?;
        console.click("provider-save")?;
        for field in ["provider-issuer-error", "provider-client-id-error"] {
            console.wait_for(field)?;
        }
        pictures(&mut console, "single-sign-on-refused")?;
        // One with a slip in it: trying it out says what is wrong.
        console.type_into("provider-issuer", &format!("{}/realms/corp", provider.issuer))?;
        console.type_into("provider-client-id", OPENID_CLIENT)?;
        console.type_into("provider-secret", OPENID_SECRET)?;
        console.type_into("provider-scopes", "profile email groups")?;
        console.type_into("provider-groups-claim", "groups")?;
        paste(&console, "provider-ca-pem", &provider.authority)?;
        console.click_on("label[for=provider-creates-users]")?;
        console.click("add-provider-group")?;
        console.type_into("provider-group-0", "ops")?;
        console.choose("provider-team-0", "Operations")?;
        console.click("provider-save")?;
        console.wait_until_gone("provider-dialog")?;
        console.click_on(".sp-try-provider")?;
        console.wait_for_text("provider-test-outcome", |text| text.contains("no OpenID provider at this issuer"))?;
        pictures(&mut console, "single-sign-on-wrong-issuer")?;
        console.click_on(".sp-edit-provider")?;
        console.wait_for("provider-dialog")?;
        console.type_into("provider-issuer", &provider.issuer)?;
        console.click("provider-save")?;
        // The secret was for another address.
        console.wait_for("provider-secret-error")?;
        console.type_into("provider-secret", OPENID_SECRET)?;
        console.click("provider-save")?;
        console.wait_until_gone("provider-dialog")?;
        console.click_on(".sp-try-provider")?;
        console.wait_for_text("provider-test-outcome", |text| text.contains("The provider answers"))?;
        pictures(&mut console, "single-sign-on-settings")?;

        // Back to where they wanted to go.
        provider
            .knows(&json!({ "tom": { "preferred_username": "tom", "name": "Tom Technician", "groups": ["ops"] } }))?;
        let toms = workstation_for(site, &ca)?;
        let mut tom = Console::open(Browser::start(&toms, Options::default())?, &url)?;
        tom.visit("/sessions")?;
        tom.wait_for("sign-on")?;
        pictures(&mut tom, "single-sign-on-button")?;
        tom.click_on(".sp-sign-on")?;
        tom.wait_for("name")?;
        tom.type_into("name", "tom")?;
        tom.click("go")?;
        tom.wait_for("nav-sessions").context("signed in")?;
        ensure!(tom.url()? == format!("{url}/sessions"), "it leads to {}", tom.url()?);
        let members: Vec<Team> = site.admin.get("/api/teams")?;
        ensure!(members.iter().any(|it| it.id == team.id && it.members.len() == 1), "{members:?}");

        // A second time, and the provider says no: plain words, and the password still there.
        let others = workstation_for(site, &ca)?;
        let mut other = Console::open(Browser::start(&others, Options::default())?, &url)?;
        provider.refuses("The office is closed.")?;
        other.wait_for("sign-on")?;
        other.click_on(".sp-sign-on")?;
        other.wait_for_text("sign-in-error", |text| text.contains("The office is closed"))?;
        ensure!(other.url()? == format!("{url}/"), "the code stays in the address: {}", other.url()?);
        pictures(&mut other, "single-sign-on-turned-away")?;
        other.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        other.wait_for("jump").context("who has a password needs no provider")
    })
}

/// A machine that trusts the provider, too.
fn workstation_for(site: &tests::site::Site, ca: &std::path::Path) -> Result<Workstation> {
    let workstation = Workstation::new(&site.appliance.ready)?;
    trust(&workstation.home(), ca)?;
    Ok(workstation)
}
