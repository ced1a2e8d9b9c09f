//! Keys with which programs use the API: what they may, until when, and who takes them away. `authorization` walks every endpoint.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{Answer, ApiClient, field_message};
use tests::site::{ADMIN_PASSWORD, Site, TECHNICIAN_PASSWORD, on_a_site, on_a_site_with_clock};
use wire::SecretText;
use wire::api::{
    ApiToken, CreatedApiToken, JumpGroupDraft, JumpItem, NewApiToken, NewSession, Session, TokenScope, User,
};

fn new(name: &str, scope: TokenScope, days: u32, password: &str) -> NewApiToken {
    NewApiToken { name: name.into(), scope, days, password: SecretText::new(password.into()) }
}

fn make(client: &ApiClient, scope: TokenScope, password: &str) -> Result<CreatedApiToken> {
    client.post("/api/me/api-tokens", &new("a program", scope, 30, password))?.ok()
}

/// Asks as a program does: the token and nothing else.
fn ask(site: &Site, token: &SecretText, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
    let shown = format!("Bearer {}", token.expose());
    site.admin.stranger().send_with(method, path, body, &[("authorization", &shown)])
}

#[test]
fn a_program_jumps_with_a_token_and_no_cookie() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db-prod-1", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let tom = site.technician("tom")?;
        let made = make(&tom, TokenScope::Jump, TECHNICIAN_PASSWORD)?;
        ensure!(made.token.expose().starts_with("slp_") && made.entry.last_used_at.is_none(), "{:?}", made.entry);
        let items: Vec<JumpItem> = ask(site, &made.token, "GET", "/api/jump-items", None)?.ok()?;
        ensure!(items.len() == 1);
        let jump = serde_json::to_value(NewSession::of(item.id))?;
        let session: Session = ask(site, &made.token, "POST", "/api/sessions", Some(&jump))?.ok()?;
        ensure!(session.user_name == "Tom Technician", "{session:?}");
        let known: Vec<ApiToken> = tom.get("/api/me/api-tokens")?;
        ensure!(
            known[0].last_used_from.as_deref() == Some("127.0.0.1") && known[0].last_used_at.is_some(),
            "{known:?}"
        );
        let listed = tom.send("GET", "/api/me/api-tokens", None)?.text();
        ensure!(!listed.contains(made.token.expose()), "the token can be seen again");
        Ok(())
    })
}

#[test]
fn with_a_token_the_cookie_does_not_count() -> Result<()> {
    on_a_site(|site| {
        let read = make(&site.admin, TokenScope::Read, ADMIN_PASSWORD)?;
        let group = serde_json::to_value(JumpGroupDraft { name: "Lab".into(), comments: String::new(), revision: 0 })?;
        let with = |shown: &str, method: &str, path: &str, body| {
            site.admin.send_with(method, path, body, &[("authorization", shown)])
        };
        let right = format!("Bearer {}", read.token.expose());
        let refused = with(&right, "POST", "/api/jump-groups", Some(&group))?.refused(403)?;
        ensure!(refused.code == "token_scope", "{refused:?}");
        let empty = json!({});
        let refused = with(&right, "PUT", "/api/me/password", Some(&empty))?.refused(403)?;
        ensure!(refused.code == "not_for_tokens", "{refused:?}");
        let loud = right.to_uppercase();
        for wrong in ["Bearer slp_guess", "bearer x", &loud] {
            with(wrong, "GET", "/api/jump-groups", None)?.refused(401)?;
            with(wrong, "GET", "/api/me", None)?.refused(401)?;
        }
        with(&right.replacen("Bearer", "bearer", 1), "GET", "/api/jump-groups", None)?.success()
    })
}

#[test]
fn a_token_ends_with_its_time_its_user_and_whoever_revokes_it() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = site.technician("tom")?;
        let short: CreatedApiToken =
            tom.post("/api/me/api-tokens", &new("short", TokenScope::Read, 1, TECHNICIAN_PASSWORD))?.ok()?;
        let another = || make(&tom, TokenScope::Read, TECHNICIAN_PASSWORD);
        let (one, two, three) = (another()?, another()?, another()?);
        let works = |made: &CreatedApiToken| -> Result<bool> {
            Ok(ask(site, &made.token, "GET", "/api/jump-items", None)?.status == 200)
        };
        for made in [&short, &one, &two, &three] {
            ensure!(works(made)?);
        }
        tom.delete(&format!("/api/me/api-tokens/{}", one.entry.id))?.success()?;
        ensure!(!works(&one)?, "revoked by its owner");
        let users: Vec<User> = site.admin.get("/api/users")?;
        let id = users.iter().find(|user| user.user_name == "tom").context("no tom")?.id;
        let listed: Vec<ApiToken> = site.admin.get(&format!("/api/users/{id}/api-tokens"))?;
        ensure!(listed.len() == 3, "{listed:?}");
        site.admin.delete(&format!("/api/me/api-tokens/{}", two.entry.id))?.refused(404)?;
        site.admin.delete(&format!("/api/users/{id}/api-tokens/{}", two.entry.id))?.success()?;
        ensure!(!works(&two)?, "revoked by an administrator");
        let enable = |enabled: bool| site.admin.patch(&format!("/api/users/{id}"), &json!({ "enabled": enabled }));
        enable(false)?.success()?;
        ensure!(!works(&three)?, "its user is disabled");
        enable(true)?.success()?;
        ensure!(works(&three)?);
        clock.pass(Duration::from_secs(24 * 60 * 60 + 1))?;
        ensure!(!works(&short)? && works(&three)?, "its day is over");
        Ok(())
    })
}

#[test]
fn a_token_is_made_with_name_time_and_password() -> Result<()> {
    on_a_site(|site| {
        for (days, fields) in [(0, vec!["days"]), (366, vec!["days"]), (365, vec![])] {
            let answer = site.admin.post("/api/me/api-tokens", &new("x", TokenScope::Read, days, ADMIN_PASSWORD))?;
            for field in &fields {
                field_message(&answer.refused(422)?, field)?;
            }
            ensure!(!fields.is_empty() || answer.status == 201, "{answer:?}");
        }
        let nameless = site.admin.post("/api/me/api-tokens", &new(" ", TokenScope::Read, 1, ADMIN_PASSWORD))?;
        field_message(&nameless.refused(422)?, "name")?;
        let wrong = site.admin.post("/api/me/api-tokens", &new("x", TokenScope::Read, 1, "wrong wrong wrong"))?;
        field_message(&wrong.refused(422)?, "password")?;
        for _ in 1..50 {
            make(&site.admin, TokenScope::Read, ADMIN_PASSWORD)?;
        }
        let many = site.admin.post("/api/me/api-tokens", &new("x", TokenScope::Read, 1, ADMIN_PASSWORD))?;
        ensure!(many.refused(409)?.code == "too_many_tokens");
        Ok(())
    })
}
