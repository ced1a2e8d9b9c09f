//! Single sign-on with a certified provider.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{ApiClient, field_message};
use tests::audit_trail::{events_after, last};
use tests::servers::{OpenIdProvider, Reply, TicketDesk, free_port};
use tests::sign_on::{brought, settings, with};
use tests::site::{ADMIN_PASSWORD, Site, on_a_site, on_a_site_with_clock};
use wire::api::{
    JumpItem, Membership, Memberships, NewSession, Principal, Role, Session, SessionState, SignInAnswer, SignOnButton,
    SignOnFinished, SignOnProviderSettings, Team, TestOutcome, User,
};
use wire::{JumpItemRoleId, SignOnProviderId};

fn provider_of(site: &Site) -> Result<OpenIdProvider> {
    OpenIdProvider::start(&site.admin.sign_on_return())
}

pub(crate) fn add(admin: &ApiClient, settings: &Value) -> Result<SignOnProviderId> {
    let added: SignOnProviderSettings = admin.post("/api/settings/sign-on", settings)?.ok()?;
    ensure!(added.has_secret && added.revision == 1, "{added:?}");
    Ok(added.id)
}

fn change(admin: &ApiClient, id: SignOnProviderId, settings: &Value, more: &Value) -> Result<()> {
    let all: Value = admin.get("/api/settings/sign-on")?;
    let kept = all["providers"].as_array().context("no providers")?.iter().find(|it| it["id"] == id.to_string());
    let revision = json!({ "revision": kept.context("no such provider")?["revision"] });
    admin.put(&format!("/api/settings/sign-on/{id}"), &with(&with(settings, more), &revision))?.success()
}

fn user(admin: &ApiClient, name: &str) -> Result<Option<User>> {
    Ok(admin.get::<Vec<User>>("/api/users")?.into_iter().find(|it| it.user_name == name))
}

fn team(admin: &ApiClient, name: &str, members: &[&str]) -> Result<Team> {
    admin.post("/api/teams", &json!({ "name": name, "comments": "", "members": members, "revision": 0 }))?.ok()
}

fn teams_of(admin: &ApiClient, it: &User) -> Result<Vec<String>> {
    let teams: Vec<Team> = admin.get("/api/teams")?;
    Ok(teams.into_iter().filter(|team| team.members.contains(&it.id)).map(|team| team.name).collect())
}

fn refused(answer: &tests::api_client::Answer, status: u16, code: &str) -> Result<String> {
    let error = answer.refused(status)?;
    ensure!(error.code == code && !error.request_id.is_empty() && !error.next_step.is_empty(), "{error:?}");
    Ok(error.message)
}

fn tom(groups: &[&str]) -> Value {
    json!({ "tom": {
        "preferred_username": "tom", "name": "Tom Technician", "email": "tom@example.org", "email_verified": true,
        "groups": groups,
    }})
}

#[test]
fn who_is_new_is_made_and_groups_are_teams_as_long_as_they_last() -> Result<()> {
    on_a_site(|site| {
        let provider = provider_of(site)?;
        let ops = team(&site.admin, "Operations", &[])?;
        let item: JumpItem = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let group = format!("/api/jump-groups/{}/members", site.group);
        let known: Memberships = site.admin.get(&group)?;
        let member = Membership {
            principal: Principal::Team(ops.id),
            role_id: JumpItemRoleId::ADMINISTRATOR,
            jump_policy_id: None,
        };
        site.admin.put(&group, &Memberships { members: vec![member], revision: known.revision })?.success()?;
        let base = settings(&provider.issuer, &provider.authority);
        let rules = json!({ "creates_users": true, "teams": [{ "group": "ops", "teams": [ops.id] }] });
        let id = add(&site.admin, &with(&base, &rules))?;
        let buttons: Vec<SignOnButton> = site.admin.stranger().get("/api/sign-on")?;
        ensure!(buttons == [SignOnButton { id, name: "Corp".into() }], "{buttons:?}");

        provider.lets_in(Some("tom"), &tom(&["ops", "cooks"]))?;
        let before = last(&site.admin)?;
        let client = site.admin.stranger();
        let answer = client.try_sign_on(id, &provider)?;
        let finished: SignOnFinished = answer.ok()?;
        ensure!(finished.return_to == "/sessions", "{finished:?}");
        let client = site.admin.stranger();
        let me = client.sign_on(id, &provider)?;
        ensure!(me.user.role == Role::Technician && !me.user.has_password, "{me:?}");
        ensure!(
            me.user.display_name == "Tom Technician" && me.user.email.as_deref() == Some("tom@example.org"),
            "{me:?}"
        );
        let happened = events_after(&site.admin, before)?;
        let actions: Vec<_> = happened.iter().map(|it| it.action.name()).collect();
        let expected = ["user.created", "user.bound_to_provider", "user.teams_by_provider", "sign_in.succeeded"];
        ensure!(actions == [&expected[..], &["sign_in.succeeded"]].concat(), "{actions:?}");
        ensure!(happened[3].after.get("provider") == Some(&json!("Corp")), "{:?}", happened[3]);

        // What an administrator does by hand stays.
        team(&site.admin, "By hand", &[&me.user.id.to_string()])?;
        ensure!(
            teams_of(&site.admin, &me.user)? == ["By hand", "Operations"],
            "{:?}",
            teams_of(&site.admin, &me.user)?
        );
        let session: Session = client.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        provider.lets_in(Some("tom"), &tom(&["cooks"]))?;
        site.admin.stranger().sign_on(id, &provider)?;
        ensure!(teams_of(&site.admin, &me.user)? == ["By hand"], "{:?}", teams_of(&site.admin, &me.user)?);
        site.wait_for_session(session.id, "the session ends", |it| it.session.state == SessionState::Ended)?;
        // Whoever looked at the team before is told that it is another one now.
        let stale = json!({ "name": "Operations", "comments": "", "members": [], "revision": ops.revision });
        refused(&site.admin.put(&format!("/api/teams/{}", ops.id), &stale)?, 409, "changed_meanwhile")?;

        // No password, no way in by one.
        refused(&site.admin.stranger().try_sign_in("tom", "")?, 401, "wrong_password")?;
        let same = json!({ "current": "", "new": "another long password" });
        refused(&client.put("/api/me/password", &same)?, 409, "no_password")?;
        let change = json!({ "password": "a password by hand" });
        site.admin.patch(&format!("/api/users/{}", me.user.id), &change)?.success()?;
        site.admin.stranger().sign_in("tom", "a password by hand")?;
        let away = json!({ "remove_password": true });
        site.admin.patch(&format!("/api/users/{}", me.user.id), &away)?.success()?;
        refused(&site.admin.stranger().try_sign_in("tom", "a password by hand")?, 401, "wrong_password")?;
        let own = user(&site.admin, "ana")?.context("no administrator")?.id;
        refused(&site.admin.patch(&format!("/api/users/{own}"), &away)?, 409, "last_administrator")?;

        // With the provider goes what it gave.
        provider.lets_in(Some("tom"), &tom(&["ops"]))?;
        site.admin.stranger().sign_on(id, &provider)?;
        ensure!(teams_of(&site.admin, &me.user)? == ["By hand", "Operations"], "back");
        site.admin.delete(&format!("/api/settings/sign-on/{id}"))?.success()?;
        ensure!(teams_of(&site.admin, &me.user)? == ["By hand"], "gone with the provider");
        Ok(())
    })
}

/// Whom a provider signs in has no password to show before something is done that outlives the sign-in.
#[test]
fn who_has_no_password_has_to_have_signed_in_just_now() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let provider = provider_of(site)?;
        let rules = json!({ "creates_users": true });
        let id = add(&site.admin, &with(&settings(&provider.issuer, &provider.authority), &rules))?;
        provider.lets_in(Some("tom"), &tom(&[]))?;
        let client = site.admin.stranger();
        client.sign_on(id, &provider)?;
        let token = json!({ "name": "nightly", "scope": "read", "days": 7 });
        let made = || client.post("/api/me/api-tokens", &token);
        let app = || client.post("/api/me/totp", &json!({}));
        made()?.success()?;
        app()?.success()?;

        clock.pass(Duration::from_secs(601))?;
        refused(&made()?, 409, "sign_in_again")?;
        refused(&app()?, 409, "sign_in_again")?;
        refused(&client.post("/api/me/passkeys/begin", &json!({}))?, 409, "sign_in_again")?;
        let code = json!({ "code": "000000" });
        refused(&client.post("/api/me/totp/remove", &code)?, 409, "sign_in_again")?;
        refused(&client.post("/api/me/recovery-codes", &code)?, 409, "sign_in_again")?;

        // Who has a password has to show it, however lately they signed in.
        let lately = site.technician("eva")?;
        let said = lately.post("/api/me/api-tokens", &token)?.refused(422)?;
        field_message(&said, "password")?;
        Ok(())
    })
}

#[test]
fn what_a_browser_brings_back_is_good_once_there_and_for_ten_minutes() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let provider = provider_of(site)?;
        let rules = json!({ "creates_users": true });
        let id = add(&site.admin, &with(&settings(&provider.issuer, &provider.authority), &rules))?;
        provider.lets_in(Some("tom"), &tom(&[]))?;
        let client = site.admin.stranger();
        let back = brought(&provider.visit(&client.begin_sign_on(id)?)?)?;
        ensure!(back.iss.as_deref() == Some(provider.issuer.as_str()) && back.code.is_some(), "{back:?}");
        // Another browser, another state, another provider.
        refused(&site.admin.stranger().finish_sign_on(&back)?, 409, "sign_on_lost")?;
        let mut other = back.clone();
        other.state = "x".repeat(43);
        refused(&client.finish_sign_on(&other)?, 409, "sign_on_lost")?;
        client.finish_sign_on(&back)?.success()?;
        let client = site.admin.stranger();
        let mut back = brought(&provider.visit(&client.begin_sign_on(id)?)?)?;
        back.iss = Some("https://evil.example".into());
        refused(&client.finish_sign_on(&back)?, 502, "provider_token")?;
        back.iss = Some(provider.issuer.clone());
        let used = back.code.clone();
        refused(&client.finish_sign_on(&back)?, 409, "sign_on_lost")?;
        // The code of one sign-in in another one: its PKCE verifier does not fit.
        let mut back = brought(&provider.visit(&client.begin_sign_on(id)?)?)?;
        back.code = used;
        refused(&client.finish_sign_on(&back)?, 403, "provider_code")?;
        // Too late.
        let back = brought(&provider.visit(&client.begin_sign_on(id)?)?)?;
        clock.pass(Duration::from_secs(601))?;
        refused(&client.finish_sign_on(&back)?, 409, "sign_on_too_late")?;
        // Now the clocks differ by ten minutes.
        let back = brought(&provider.visit(&client.begin_sign_on(id)?)?)?;
        let said = refused(&client.finish_sign_on(&back)?, 502, "provider_clock")?;
        ensure!(said.contains("by the appliance's clock it is"), "{said}");
        Ok(())
    })
}

#[test]
fn nobody_gets_in_whom_the_rules_leave_out() -> Result<()> {
    on_a_site(|site| {
        let provider = provider_of(site)?;
        let base = settings(&provider.issuer, &provider.authority);
        let id = add(&site.admin, &base)?;
        let try_it = || site.admin.stranger().try_sign_on(id, &provider);
        provider.lets_in(Some("tom"), &tom(&["cooks"]))?;
        let before = last(&site.admin)?;
        refused(&try_it()?, 403, "user_unknown")?;
        let event = events_after(&site.admin, before)?.pop().context("no event")?;
        ensure!(event.action.name() == "sign_in.failed" && event.after["provider"] == "Corp", "{event:?}");
        ensure!(event.after["reason"] == "user_unknown" && event.after["subject"] == "tom", "{event:?}");
        change(&site.admin, id, &base, &json!({ "creates_users": true, "allowed_groups": ["ops"] }))?;
        refused(&try_it()?, 403, "not_in_a_group")?;
        // A user of that name who was made here is somebody else until an administrator says otherwise.
        site.technician("tom")?;
        change(&site.admin, id, &base, &json!({ "creates_users": true }))?;
        refused(&try_it()?, 403, "name_taken")?;
        change(&site.admin, id, &base, &json!({ "link": "email" }))?;
        refused(&try_it()?, 403, "user_unknown")?;
        let local = user(&site.admin, "tom")?.context("no tom")?;
        let by_mail = json!({ "email": "Tom@Example.org" });
        site.admin.patch(&format!("/api/users/{}", local.id), &by_mail)?.success()?;
        let mut unverified = tom(&["cooks"]);
        unverified["tom"]["email_verified"] = json!(false);
        provider.lets_in(Some("tom"), &unverified)?;
        refused(&try_it()?, 403, "email_not_verified")?;
        provider.lets_in(Some("tom"), &tom(&["cooks"]))?;
        let me = site.admin.stranger().sign_on(id, &provider)?;
        ensure!(me.user.id == local.id && me.user.has_password, "{me:?}");
        // Bound by the subject from now on: another name at the provider changes nothing, another subject is somebody else.
        let renamed = json!({ "tom": { "preferred_username": "thomas" } });
        provider.lets_in(Some("tom"), &renamed)?;
        ensure!(site.admin.stranger().sign_on(id, &provider)?.user.id == local.id, "bound");
        provider.lets_in(Some("eve"), &json!({ "eve": { "preferred_username": "tom" } }))?;
        change(&site.admin, id, &base, &json!({ "link": "user_name" }))?;
        refused(&try_it()?, 403, "bound_to_another")?;
        site.admin.patch(&format!("/api/users/{}", local.id), &json!({ "enabled": false }))?.success()?;
        provider.lets_in(Some("tom"), &renamed)?;
        refused(&try_it()?, 403, "user_disabled")?;
        provider.lets_in(Some("x"), &json!({ "x": { "preferred_username": "no name\n" } }))?;
        change(&site.admin, id, &base, &json!({ "creates_users": true }))?;
        refused(&try_it()?, 403, "no_user_name")?;
        provider.refuses("The office is closed.")?;
        let said = refused(&try_it()?, 403, "provider_refused")?;
        ensure!(said.contains("The office is closed"), "{said}");
        change(&site.admin, id, &base, &json!({ "enabled": false }))?;
        let begin = json!({ "provider_id": id, "return_to": "/" });
        refused(&site.admin.stranger().post("/api/sign-on/begin", &begin)?, 404, "no_provider")?;
        let elsewhere = [("origin", "https://127.0.0.1:1")];
        let answer = site.admin.stranger().send_with("POST", "/api/sign-on/begin", Some(&begin), &elsewhere)?;
        refused(&answer, 409, "other_address")?;
        Ok(())
    })
}

#[test]
fn a_second_factor_is_asked_for_here_unless_the_providers_is_enough() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let provider = provider_of(site)?;
        let base = with(&settings(&provider.issuer, &provider.authority), &json!({ "creates_users": true }));
        let id = add(&site.admin, &base)?;
        site.admin.put("/api/settings/sign-in", &json!({ "second_factor_required": true }))?.success()?;
        let mut person = tom(&[]);
        person["tom"]["amr"] = json!(["pwd", "otp"]);
        provider.lets_in(Some("tom"), &person)?;
        let client = site.admin.stranger();
        ensure!(client.sign_on(id, &provider)?.must_enrol, "a second factor has to be set up");
        let offer: Value = client.post("/api/me/totp", &json!({}))?.ok()?;
        let secret = offer["secret"].as_str().context("no secret")?.to_owned();
        let app = tests::authenticator::Authenticator::new(&secret);
        client.post("/api/me/totp/confirm", &json!({ "code": app.code(clock)? }))?.success()?;
        let asked: SignOnFinished = site.admin.stranger().try_sign_on(id, &provider)?.ok()?;
        ensure!(matches!(&asked.answer, SignInAnswer::SecondFactor(step) if step.app), "{asked:?}");
        change(&site.admin, id, &base, &json!({ "second_factor": "provider", "factor_marks": ["hwk"] }))?;
        let asked: SignOnFinished = site.admin.stranger().try_sign_on(id, &provider)?.ok()?;
        ensure!(matches!(&asked.answer, SignInAnswer::SecondFactor(_)), "{asked:?}");
        change(&site.admin, id, &base, &json!({ "second_factor": "provider", "factor_marks": ["hwk", "otp"] }))?;
        site.admin.stranger().sign_on(id, &provider)?;
        Ok(())
    })
}

#[test]
fn a_provider_that_is_away_or_is_none_is_told_of_in_plain_words() -> Result<()> {
    on_a_site(|site| {
        let mut provider = provider_of(site)?;
        let base = settings(&provider.issuer, &provider.authority);
        for (issuer, said) in [("http://localhost:1", "https://"), ("https://a:b@id.example", "password")] {
            let answer = site.admin.post("/api/settings/sign-on", &with(&base, &json!({ "issuer": issuer })))?;
            let error = answer.refused(422)?;
            ensure!(field_message(&error, "issuer")?.contains(said), "{issuer}: {error:?}");
        }
        let id = add(&site.admin, &base)?;
        refused_name(&site.admin, &base)?;
        let ask = || -> Result<TestOutcome> {
            site.admin.send("POST", &format!("/api/settings/sign-on/{id}/test"), None)?.ok()
        };
        let good = ask()?;
        ensure!(good.worked && good.message.contains("has 2 keys"), "{good:?}");
        let odd = TicketDesk::start(|asked| {
            let path = asked.line.split(' ').nth(1).unwrap_or_default();
            match path.split('/').nth(1).unwrap_or_default() {
                "moved" => Reply { headers: "location: https://localhost/\r\n".into(), ..Reply::new(302, "") },
                "huge" => Reply::new(200, &"x".repeat(70_000)),
                "page" => Reply::new(200, "<html>"),
                "none" => Reply::new(404, ""),
                "other" => Reply::new(200, OTHER),
                _ => Reply::new(500, ""),
            }
        })?;
        let secret = json!({ "client_secret": "another one" });
        for (path, said) in [
            ("moved", "it points to another address (302"),
            ("huge", "longer than 64 KiB"),
            ("page", "its configuration is not understood"),
            ("none", "There is no OpenID provider at this issuer"),
            ("other", "calls itself https://id.example"),
            ("broken", "it answers with 500"),
        ] {
            let more = json!({ "issuer": format!("{}/{path}", odd.url()), "ca_pem": odd.authority });
            change(&site.admin, id, &with(&base, &secret), &more)?;
            let outcome = ask()?;
            ensure!(
                !outcome.worked && outcome.message.contains(said) && !outcome.next_step.is_empty(),
                "{path}: {outcome:?}"
            );
        }
        change(&site.admin, id, &base, &json!({ "ca_pem": odd.authority }))?;
        ensure!(ask()?.message.contains("certificate is refused"), "{:?}", ask()?);
        change(&site.admin, id, &base, &json!({ "issuer": format!("https://localhost:{}", free_port()?) }))?;
        ensure!(ask()?.message.contains("cannot be reached"), "{:?}", ask()?);
        change(&site.admin, id, &base, &json!({}))?;
        provider.stop()?;
        let begin = json!({ "provider_id": id, "return_to": "/" });
        let said = refused(&site.admin.stranger().post("/api/sign-on/begin", &begin)?, 502, "provider_unreachable")?;
        ensure!(said.contains("cannot be reached"), "{said}");
        // Nobody who has a password is locked out by that.
        site.admin.stranger().sign_in("ana", ADMIN_PASSWORD)?;
        Ok(())
    })
}

const OTHER: &str = r#"{"issuer":"https://id.example","authorization_endpoint":"https://id.example/a","token_endpoint":"https://id.example/t","jwks_uri":"https://id.example/k","response_types_supported":["code"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}"#;

fn refused_name(admin: &ApiClient, base: &Value) -> Result<()> {
    let error = admin.post("/api/settings/sign-on", base)?.refused(422)?;
    field_message(&error, "name").map(|_| ())
}
