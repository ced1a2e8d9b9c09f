//! Setup, passwords, lock-out, cookies, CSRF.

use anyhow::{Context, Result, ensure};
use tests::api_client::ApiClient;
use tests::appliance::{Appliance, Options};
use tests::site::{ADMIN, ADMIN_PASSWORD, TECHNICIAN_PASSWORD, on_a_site};
use wire::SecretText;
use wire::api::{Browser, ChangePassword, JumpGroupDraft, Me, SetupState, User, UserChange};

#[test]
fn the_setup_link_works_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let appliance = Appliance::start(Options::new(&folder.path().join("data")), folder.path())?;
    let client = ApiClient::new(&appliance.ready.url, &appliance.ready.ca)?;
    let link = appliance.ready.setup_url.clone().context("no setup link")?;
    ensure!(appliance.program.log().contains(&link), "the link is printed");
    ensure!(client.get::<SetupState>("/api/setup")?.needed);
    ensure!(client.stranger().set_up(&format!("{}/setup#token=guess", client.base()), "eve", ADMIN_PASSWORD).is_err());
    ensure!(client.stranger().set_up(&link, "ana", "short").is_err());
    let me = client.set_up(&link, "ana", ADMIN_PASSWORD)?;
    ensure!(me.is_administrator());
    ensure!(!client.get::<SetupState>("/api/setup")?.needed);
    ensure!(client.stranger().set_up(&link, "eve", ADMIN_PASSWORD).is_err(), "the link worked twice");
    ensure!(client.get::<Vec<User>>("/api/users")?.len() == 1);
    Ok(())
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> Result<()> {
    on_a_site(|site| {
        let answer = site.admin.stranger().try_sign_in(ADMIN, ADMIN_PASSWORD)?;
        let cookie = answer.header("set-cookie").to_lowercase();
        for word in ["httponly", "secure", "samesite=strict", "path=/"] {
            ensure!(cookie.contains(word), "{cookie} lacks {word}");
        }
        ensure!(!cookie.contains("domain="), "{cookie}");
        Ok(())
    })
}

#[test]
fn a_change_without_the_csrf_token_is_refused() -> Result<()> {
    on_a_site(|site| {
        let group = JumpGroupDraft { name: "Lab".into(), comments: String::new(), revision: 0 };
        let bare = site.admin.without_csrf();
        bare.get::<Me>("/api/me")?;
        let refusal = bare.post("/api/jump-groups", &group)?.refused(403)?;
        ensure!(refusal.code.contains("csrf"), "{refusal:?}");
        let wrong = bare.send_with(
            "POST",
            "/api/jump-groups",
            Some(&serde_json::to_value(&group)?),
            &[("x-csrf-token", "00000000000000000000000000000000")],
        )?;
        wrong.refused(403)?;
        let foreign = site.admin.send_with(
            "POST",
            "/api/jump-groups",
            Some(&serde_json::to_value(&group)?),
            &[("origin", "https://elsewhere.example")],
        )?;
        ensure!(foreign.status == 403, "a request from another origin: {foreign:?}");
        Ok(())
    })
}

#[test]
fn wrong_passwords_lock_the_account_and_an_administrator_unlocks_it() -> Result<()> {
    on_a_site(|site| {
        site.technician("tom")?;
        let stranger = site.admin.stranger();
        let unknown = stranger.try_sign_in("nobody-by-this-name", TECHNICIAN_PASSWORD)?.refused(401)?;
        let wrong = stranger.try_sign_in("tom", "wrong wrong wrong")?.refused(401)?;
        ensure!((&unknown.code, &unknown.message) == (&wrong.code, &wrong.message), "it tells which names exist");
        let mut locked = None;
        for _ in 0..20 {
            let answer = stranger.try_sign_in("tom", "wrong wrong wrong")?;
            if answer.status != 401 {
                locked = Some(answer.refused(429)?);
                break;
            }
        }
        let locked = locked.context("twenty wrong passwords and no lock-out")?;
        ensure!(!locked.message.is_empty(), "{locked:?}");
        ensure!(stranger.sign_in("tom", TECHNICIAN_PASSWORD).is_err(), "the right password goes through the lock");

        let users: Vec<User> = site.admin.get("/api/users")?;
        let tom = users.iter().find(|user| user.user_name == "tom").context("no tom")?;
        ensure!(tom.locked_until.is_some(), "{tom:?}");
        let unlock = UserChange { unlock: true, ..UserChange::default() };
        site.admin.patch(&format!("/api/users/{}", tom.id), &unlock)?.success()?;
        let users: Vec<User> = site.admin.get("/api/users")?;
        ensure!(users.iter().all(|user| user.locked_until.is_none()), "{users:?}");
        Ok(())
    })
}

#[test]
fn signing_out_and_signing_out_elsewhere() -> Result<()> {
    on_a_site(|site| {
        let other = site.admin.stranger();
        other.sign_in(ADMIN, ADMIN_PASSWORD)?;
        let browsers: Vec<Browser> = site.admin.get("/api/me/browsers")?;
        ensure!(browsers.len() == 2 && browsers.iter().filter(|it| it.current).count() == 1, "{browsers:?}");
        let there = browsers.iter().find(|it| !it.current).context("no other browser")?;
        site.admin.delete(&format!("/api/me/browsers/{}", there.id))?.success()?;
        other.send("GET", "/api/me", None)?.refused(401)?;

        let cookie = site.admin.cookie();
        site.admin.send("POST", "/api/sign-out", None)?.success()?;
        // The old cookie is worth nothing, not only forgotten.
        let cookie = cookie.context("no cookie")?;
        let answer = site.admin.stranger().send_with("GET", "/api/me", None, &[("cookie", &cookie)])?;
        answer.refused(401)?;
        Ok(())
    })
}

#[test]
fn changing_the_password_signs_out_the_other_browsers() -> Result<()> {
    on_a_site(|site| {
        let other = site.admin.stranger();
        other.sign_in(ADMIN, ADMIN_PASSWORD)?;
        let change = |current: &str, new: &str| ChangePassword {
            current: SecretText::new(current.into()),
            new: SecretText::new(new.into()),
        };
        let wrong = site.admin.put("/api/me/password", &change("not the password", "a new and long password"))?;
        ensure!((400..500).contains(&wrong.status), "{wrong:?}");
        let short = site.admin.put("/api/me/password", &change(ADMIN_PASSWORD, "short"))?;
        ensure!((400..500).contains(&short.status), "{short:?}");
        site.admin.put("/api/me/password", &change(ADMIN_PASSWORD, "a new and long password"))?.success()?;
        other.send("GET", "/api/me", None)?.refused(401)?;
        site.admin.send("GET", "/api/me", None)?.success()?;
        let stranger = site.admin.stranger();
        stranger.try_sign_in(ADMIN, ADMIN_PASSWORD)?.refused(401)?;
        stranger.sign_in(ADMIN, "a new and long password")?;
        Ok(())
    })
}

#[test]
fn the_last_administrator_cannot_lock_everybody_out() -> Result<()> {
    on_a_site(|site| {
        let me: Me = site.admin.get("/api/me")?;
        let path = format!("/api/users/{}", me.user.id);
        let disable = UserChange { enabled: Some(false), ..UserChange::default() };
        ensure!((400..500).contains(&site.admin.patch(&path, &disable)?.status));
        let demote = UserChange { role: Some(wire::api::Role::Technician), ..UserChange::default() };
        ensure!((400..500).contains(&site.admin.patch(&path, &demote)?.status));
        ensure!((400..500).contains(&site.admin.delete(&path)?.status));
        site.admin.send("GET", "/api/me", None)?.success()
    })
}
