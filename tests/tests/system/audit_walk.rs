//! Every endpoint that changes something leaves an event when it succeeds: what was made with all it is, what was removed with all it
//! was, what was changed with the one field that was changed, before and after. No secret that ever went through one is in the audit
//! trail. An endpoint that is neither walked nor excused here fails the test, so that somebody decides.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{Answer, ApiClient};
use tests::audit_trail::{events_after, export, last};
use tests::authenticator::Authenticator;
use tests::clock::Clock;
use tests::site::{ADMIN_PASSWORD, Site, on_a_site_with_clock};
use wire::JumpItemRoleId;
use wire::api::{JumpItem, JumpPolicyDraft, TunnelJumpDraft};
use wire::audit::AuditEvent;

use crate::authorization::table;
use crate::policies::{approval_by, draft};

/// Endpoints that leave no event, and why.
const EXCUSED: [(&str, &str); 20] = [
    ("PUT /api/me/preferences", "how somebody's own console looks"),
    ("PUT /api/me/favourites/{item_id}", "how somebody's own list looks"),
    ("DELETE /api/me/favourites/{item_id}", "how somebody's own list looks"),
    ("POST /api/me/filters", "how somebody's own list looks"),
    ("PUT /api/me/filters/{id}", "how somebody's own list looks"),
    ("DELETE /api/me/filters/{id}", "how somebody's own list looks"),
    ("POST /api/jump-items/export", "it reads; it is a POST because of its length"),
    ("POST /api/approval-links/look", "it reads; it is a POST so that nobody follows it by accident"),
    ("POST /api/approval-links/decide", "it takes a letter: `approvals_by_mail` looks at its event"),
    ("POST /api/sign-on/begin", "what comes back from the provider is what counts"),
    ("POST /api/sign-on/finish", "it takes a provider: `single_sign_on` looks at its events"),
    (
        "POST /api/sessions/{id}/credentials/{credential_id}/reveal",
        "it takes open tunnels: `giving_credentials` looks at its events",
    ),
    ("POST /api/sessions/{id}/recordings", "it takes a session that is recorded: `recordings` looks at its event"),
    ("PUT /api/recordings/{id}/chunks/{number}", "the recording counts, not each second of it"),
    ("POST /api/recordings/{id}/alive", "the recording counts, not each second of it"),
    ("POST /api/recordings/{id}/stop", "it takes a session that is recorded: `recordings` looks at its events"),
    ("POST /api/recordings/{id}/delete", "it takes a recording: `retention` looks at its event"),
    ("POST /api/me/passkeys/ask", "what a passkey says to it is what counts"),
    ("POST /api/me/passkeys", "it takes a browser's authenticator: the test in a browser looks at its event"),
    (
        "POST /api/me/passkeys/{id}/remove",
        "it takes a browser's authenticator: the test in a browser looks at its event",
    ),
];
/// What is made or removed of which there is nothing to tell but whose it is.
const TELL_NOTHING: [&str; 2] = ["enrolment_key.created", "user.second_factor_removed"];
/// Until the authenticator app shows another code.
const NEXT: Duration = Duration::from_secs(30);

/// Passwords of one person, one after the other.
const PASSWORDS: [&str; 3] = ["the first long password", "the second long password", "the third long password"];
const MAIL_PASSWORD: &str = "what the mail server wants";
/// Passwords of one credential, one after the other.
const STORED_PASSWORDS: [&str; 2] = ["the first stored password", "the second stored password"];
const HEADER: &str = "Bearer what-the-ticket-system-wants";
const WEBHOOK_SECRET: &str = "what posts of events are signed with";
const WEBHOOK_TOKEN: &str = "whoever-knows-this-may-post";
const CLIENT_SECRET: &str = "what the provider of single sign-on wants";

struct Walk<'a> {
    admin: &'a ApiClient,
    walked: BTreeSet<String>,
    /// Those that changed one field.
    changed: BTreeSet<String>,
    secrets: Vec<String>,
}

impl Walk<'_> {
    /// Does something, after which there has to be a new event of this action.
    fn did<T>(&mut self, endpoint: &str, action: &str, deed: impl FnOnce() -> Result<T>) -> Result<T> {
        Ok(self.told(endpoint, action, deed)?.0)
    }

    /// The same, with the event.
    fn told<T>(&mut self, endpoint: &str, action: &str, deed: impl FnOnce() -> Result<T>) -> Result<(T, AuditEvent)> {
        let before = last(self.admin)?;
        let done = deed().with_context(|| endpoint.to_owned())?;
        let happened = events_after(self.admin, before)?;
        let actions: Vec<_> = happened.iter().map(|it| it.action.name()).collect();
        let event = happened.iter().find(|it| it.action.name() == action);
        let event = event.with_context(|| format!("{endpoint} left {actions:?}, not {action}"))?;
        if !TELL_NOTHING.contains(&action) {
            let (before, after) = (event.before.is_empty(), event.after.is_empty());
            if action.ends_with("created") || action.ends_with("added") {
                ensure!(before && !after, "{endpoint} does not tell what was made: {event:#?}");
            }
            if action.ends_with("removed") {
                ensure!(!before && after, "{endpoint} does not tell what was removed: {event:#?}");
            }
        }
        self.walked.insert(endpoint.to_owned());
        Ok((done, event.clone()))
    }

    /// Changes one field of something, and nothing else; the event has it before and after.
    fn change(
        &mut self,
        who: &ApiClient,
        endpoint: &str,
        ids: &[&str],
        body: Value,
        (action, field): (&str, &str),
    ) -> Result<Value> {
        let (method, path) = path_of(endpoint, ids)?;
        let (answer, event) = self.told(endpoint, action, || {
            let answer = who.send(method, &path, Some(&body))?;
            answer.success()?;
            Ok(answer)
        })?;
        let before: Vec<_> = event.before.keys().collect();
        // Secrets that were sent along are told of, not told.
        let is_told = |value: &Value| !value.as_str().is_some_and(|it| it.starts_with("(entered anew"));
        let after: Vec<_> = event.after.iter().filter(|(_, value)| is_told(value)).map(|(field, _)| field).collect();
        ensure!(before == [field] && after == [field], "{endpoint} changed {field} and tells: {event:#?}");
        ensure!(event.before[field] != event.after[field], "{endpoint}: {event:#?}");
        self.changed.insert(endpoint.to_owned());
        value(&answer)
    }

    /// The same with a request; ids stand in place of what is in braces.
    fn send(&mut self, who: &ApiClient, endpoint: &str, ids: &[&str], body: Value, action: &str) -> Result<Value> {
        let (method, filled) = path_of(endpoint, ids)?;
        let body = Some(&body).filter(|it| !it.is_null());
        let answer = self.did(endpoint, action, || {
            let answer = who.send(method, &filled, body)?;
            answer.success()?;
            Ok(answer)
        })?;
        value(&answer)
    }

    fn secret(&mut self, it: &Value) -> Result<String> {
        let text = it.as_str().context("a secret is a text")?.to_owned();
        self.secrets.push(text.clone());
        Ok(text)
    }
}

/// The method, and the path with ids in place of what is in braces.
fn path_of<'a>(endpoint: &'a str, ids: &[&str]) -> Result<(&'a str, String)> {
    let (method, path) = endpoint.split_once(' ').context("an endpoint is METHOD PATH")?;
    let (mut filled, mut ids) = (String::new(), ids.iter());
    for piece in path.split_inclusive('/') {
        match piece.starts_with('{') {
            true => {
                filled.push_str(ids.next().context("too few ids")?);
                filled.push_str(if piece.ends_with('/') { "/" } else { "" });
            }
            false => filled.push_str(piece),
        }
    }
    Ok((method, filled))
}

/// The same as before, with another value in one field.
fn other(of: &Value, field: &str, with: impl Into<Value>) -> Value {
    let mut changed = of.clone();
    changed[field] = with.into();
    changed
}

fn value(answer: &Answer) -> Result<Value> {
    if answer.body.is_empty() { Ok(Value::Null) } else { answer.ok() }
}

fn text(it: &Value) -> Result<String> {
    Ok(it.as_str().context("not a text")?.to_owned())
}

const NOTHING: Value = Value::Null;

#[test]
fn every_endpoint_that_changes_something_leaves_an_event_and_no_secret() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let admin = site.admin.stranger();
        admin.sign_in(tests::site::ADMIN, ADMIN_PASSWORD)?;
        let mut walk = Walk { admin: &admin, walked: BTreeSet::new(), changed: BTreeSet::new(), secrets: Vec::new() };
        let first = events_after(&admin, 0)?;
        ensure!(first.iter().any(|it| it.action.name() == "appliance.set_up"), "{first:#?}");
        walk.walked.insert("POST /api/setup".into());
        let link = site.appliance.ready.setup_url.clone().context("no setup link")?;
        walk.secrets.push(link.split_once('=').context("no token")?.1.to_owned());
        walk.secrets.extend(
            [ADMIN_PASSWORD, MAIL_PASSWORD, HEADER, CLIENT_SECRET, WEBHOOK_SECRET, WEBHOOK_TOKEN].map(str::to_owned),
        );
        walk.secrets.extend(PASSWORDS.map(str::to_owned));

        let tom = people(&mut walk, &admin, clock)?;
        settings(&mut walk, &admin)?;
        access(&mut walk, &admin, &tom.1)?;
        items(&mut walk, site, &admin)?;
        uses(&mut walk, site, &admin, &tom)?;
        jumpoints(&mut walk, site, &admin)?;
        walk.send(&admin, "DELETE /api/users/{id}", &[&tom.1], NOTHING, "user.removed")?;

        let mut left: Vec<String> = table()?.into_keys().filter(|it| !it.starts_with("GET ")).collect();
        left.retain(|it| !walk.walked.contains(it) && !EXCUSED.iter().any(|(excused, _)| excused == it));
        ensure!(left.is_empty(), "these endpoints leave no audit event, as far as this test sees: {left:#?}");

        let mut left: Vec<String> =
            table()?.into_keys().filter(|it| it.starts_with("PUT ") || it.starts_with("PATCH ")).collect();
        left.retain(|it| !walk.changed.contains(it) && !EXCUSED.iter().any(|(excused, _)| excused == it));
        ensure!(left == ["PUT /api/me/password"], "nobody looked at what these tell before and after: {left:#?}");

        let trail = String::from_utf8(export(&admin)?)?;
        ensure!(trail.lines().count() > 60 && trail.contains("(entered anew)"), "{trail}");
        for secret in &walk.secrets {
            ensure!(secret.len() > 5, "{secret:?} is no secret");
            ensure!(!trail.contains(secret.as_str()), "the audit trail holds the secret {secret:?}");
        }
        Ok(())
    })
}

/// Users, signing in, second factors, tokens.
fn people(walk: &mut Walk<'_>, admin: &ApiClient, clock: &mut Clock) -> Result<(ApiClient, String)> {
    let new = json!({
        "user_name": "tom", "display_name": "Tom", "role": "technician", "password": PASSWORDS[0],
        "default_role_id": JumpItemRoleId::ADMINISTRATOR,
    });
    let id = text(&walk.send(admin, "POST /api/users", &[], new, "user.created")?["id"])?;
    let change = json!({ "password": PASSWORDS[1], "unlock": true });
    walk.send(admin, "PATCH /api/users/{id}", &[&id], change, "user.password_reset")?;
    let rename = json!({ "display_name": "Tom of Operations" });
    walk.change(admin, "PATCH /api/users/{id}", &[&id], rename, ("user.changed", "display_name"))?;
    let (tom, other) = (admin.stranger(), admin.stranger());
    walk.did("POST /api/sign-in", "sign_in.succeeded", || tom.sign_in("tom", PASSWORDS[1]))?;
    let change = json!({ "current": PASSWORDS[1], "new": PASSWORDS[2] });
    walk.send(&tom, "PUT /api/me/password", &[], change, "user.password_changed")?;
    other.sign_in("tom", PASSWORDS[2])?;
    let browsers: Value = tom.get("/api/me/browsers")?;
    let browsers = browsers.as_array().context("no browsers")?;
    let others = browsers.iter().find(|it| it["current"] == json!(false)).context("one browser alone")?;
    walk.send(&tom, "DELETE /api/me/browsers/{id}", &[&text(&others["id"])?], NOTHING, "sign_in.over")?;
    other.sign_in("tom", PASSWORDS[2])?;
    walk.secrets.push(other.cookie().context("no cookie")?.split_once('=').context("no cookie")?.1.to_owned());
    walk.send(&other, "POST /api/sign-out", &[], NOTHING, "sign_in.over")?;

    let token = json!({ "name": "nightly", "scope": "read", "days": 1, "password": PASSWORDS[2] });
    for _ in 0..2 {
        let made = walk.send(&tom, "POST /api/me/api-tokens", &[], token.clone(), "token.created")?;
        walk.secret(&made["token"])?;
    }
    let tokens: Value = tom.get("/api/me/api-tokens")?;
    walk.send(&tom, "DELETE /api/me/api-tokens/{id}", &[&text(&tokens[0]["id"])?], NOTHING, "token.revoked")?;
    let of_user = "DELETE /api/users/{id}/api-tokens/{token_id}";
    walk.send(admin, of_user, &[&id, &text(&tokens[1]["id"])?], NOTHING, "token.revoked")?;

    let begin = json!({ "password": PASSWORDS[2] });
    let begun = walk.send(&tom, "POST /api/me/passkeys/begin", &[], begin, "user.second_factor_begun")?;
    walk.secret(&begun["ceremony"])?;
    let app = second_factor(walk, &tom, clock)?;
    let both = |clock: &mut Clock| -> Result<Value> {
        let code = app.code(clock)?;
        clock.pass(NEXT)?;
        Ok(json!({ "password": PASSWORDS[2], "code": code }))
    };
    let body = both(clock)?;
    let made = walk.send(&tom, "POST /api/me/recovery-codes", &[], body, "user.recovery_codes_renewed")?;
    for code in made["codes"].as_array().context("no codes")? {
        walk.secret(code)?;
    }
    let code = app.code(clock)?;
    clock.pass(NEXT)?;
    walk.did("POST /api/sign-in/second-factor", "sign_in.succeeded", || {
        admin.stranger().sign_in_with("tom", PASSWORDS[2], || Ok(code))
    })?;
    let body = both(clock)?;
    walk.send(&tom, "POST /api/me/totp/remove", &[], body, "user.second_factor_removed")?;
    second_factor(walk, &tom, clock)?;
    let reason = json!({ "reason": "The telephone is lost." });
    let reset = "POST /api/users/{id}/reset-second-factors";
    walk.send(admin, reset, &[&id], reason, "user.second_factor_reset")?;
    tom.sign_in("tom", PASSWORDS[2])?;
    Ok((tom, id))
}

fn second_factor(walk: &mut Walk<'_>, tom: &ApiClient, clock: &mut Clock) -> Result<Authenticator> {
    let begin = json!({ "password": PASSWORDS[2] });
    let offer = walk.send(tom, "POST /api/me/totp", &[], begin, "user.second_factor_begun")?;
    let app = Authenticator::new(&walk.secret(&offer["secret"])?);
    let code = json!({ "code": app.code(clock)? });
    let made = walk.send(tom, "POST /api/me/totp/confirm", &[], code, "user.second_factor_set_up")?;
    for code in made["codes"].as_array().context("no codes")? {
        walk.secret(code)?;
    }
    clock.pass(NEXT)?;
    Ok(app)
}

/// Signing in, mail, ticket system.
fn settings(walk: &mut Walk<'_>, admin: &ApiClient) -> Result<()> {
    for required in [true, false] {
        let sign_in: Value = admin.get("/api/settings/sign-in")?;
        let sign_in = other(&sign_in, "second_factor_required", required);
        let told = ("settings.sign_in_changed", "second_factor_required");
        walk.change(admin, "PUT /api/settings/sign-in", &[], sign_in, told)?;
    }
    let site = json!({ "banner": { "text": "Only for staff." }, "sessions_per_user": 50, "revision": 0 });
    walk.change(admin, "PUT /api/settings/site", &[], site, ("settings.site_changed", "banner"))?;
    let rules = json!({ "rules": [{ "kind": "desktop", "days": 90 }], "revision": 0 });
    walk.change(admin, "PUT /api/settings/retention", &[], rules, ("settings.retention_changed", "rules"))?;
    walk.send(admin, "POST /api/settings/recording-key/change", &[], NOTHING, "recording.key_changed")?;
    let syslog = json!({ "host": "localhost", "port": 1, "revision": 0 });
    let set = "PUT /api/settings/syslog";
    let kept = walk.send(admin, set, &[], syslog.clone(), "settings.syslog_changed")?;
    let moved = other(&other(&syslog, "revision", kept["revision"].clone()), "port", 2);
    walk.change(admin, set, &[], moved, ("settings.syslog_changed", "port"))?;
    walk.send(admin, "POST /api/settings/syslog/test", &[], NOTHING, "settings.syslog_tested")?;
    let webhook =
        json!({ "url": format!("https://localhost:1/{WEBHOOK_TOKEN}"), "secret": WEBHOOK_SECRET, "revision": 0 });
    let set = "PUT /api/settings/webhook";
    let kept = walk.send(admin, set, &[], webhook.clone(), "settings.webhook_changed")?;
    let moved = other(
        &other(&webhook, "revision", kept["revision"].clone()),
        "url",
        format!("https://localhost:2/{WEBHOOK_TOKEN}"),
    );
    walk.change(admin, set, &[], moved, ("settings.webhook_changed", "url"))?;
    walk.send(admin, "POST /api/settings/webhook/test", &[], NOTHING, "settings.webhook_tested")?;
    let mail = json!({
        "host": "localhost", "port": 1, "user_name": "gate", "password": MAIL_PASSWORD,
        "sender_address": "gate@example.org", "revision": 0,
    });
    let set = "PUT /api/settings/mail";
    let kept = walk.send(admin, set, &[], mail.clone(), "settings.mail_changed")?;
    let renamed = other(&other(&mail, "revision", kept["revision"].clone()), "sender_name", "Gate");
    walk.change(admin, set, &[], renamed, ("settings.mail_changed", "sender_name"))?;
    let test = json!({ "to": "ana@example.org" });
    walk.send(admin, "POST /api/settings/mail/test", &[], test, "settings.mail_tested")?;
    let letters: Value = admin.get("/api/settings/letters")?;
    let started = other(&letters["session_started"], "subject", "Somebody is in");
    let letters = other(&letters, "session_started", started);
    walk.change(admin, "PUT /api/settings/letters", &[], letters, ("settings.letters_changed", "session_started"))?;
    let system = json!({
        "url": "https://localhost:1/{ticket}", "time_out_seconds": 1, "revision": 0,
        "headers": [{ "name": "Authorization", "value": HEADER }],
    });
    let set = "PUT /api/settings/ticket-system";
    let kept = walk.send(admin, set, &[], system.clone(), "settings.ticket_system_changed")?;
    let slower = other(&other(&system, "revision", kept["revision"].clone()), "time_out_seconds", 2);
    walk.change(admin, set, &[], slower, ("settings.ticket_system_changed", "time_out_seconds"))?;
    let test = json!({ "ticket": "4711" });
    walk.send(admin, "POST /api/settings/ticket-system/test", &[], test, "settings.ticket_system_tested")?;
    let provider = json!({
        "name": "Corp", "issuer": "https://localhost:1", "client_id": "sallyport", "client_secret": CLIENT_SECRET,
    });
    let (at, add) = ("/api/settings/sign-on/{id}", "POST /api/settings/sign-on");
    let id = text(&walk.send(admin, add, &[], provider.clone(), "settings.sign_on_added")?["id"])?;
    let test = format!("POST {at}/test");
    walk.send(admin, &test, &[&id], NOTHING, "settings.sign_on_tested")?;
    let changed = other(&other(&provider, "revision", 1), "client_id", "gate");
    walk.change(admin, &format!("PUT {at}"), &[&id], changed, ("settings.sign_on_changed", "client_id"))?;
    walk.send(admin, &format!("DELETE {at}"), &[&id], NOTHING, "settings.sign_on_removed")?;
    Ok(())
}

/// Teams, roles, policies, groups and their members.
fn access(walk: &mut Walk<'_>, admin: &ApiClient, tom: &str) -> Result<()> {
    let team = json!({ "name": "Night shift", "comments": "", "members": [tom], "revision": 0 });
    let id = text(&walk.send(admin, "POST /api/teams", &[], team.clone(), "team.created")?["id"])?;
    let changed = other(&team, "comments", "From ten to six");
    walk.change(admin, "PUT /api/teams/{id}", &[&id], changed, ("team.changed", "comments"))?;
    walk.send(admin, "DELETE /api/teams/{id}", &[&id], NOTHING, "team.removed")?;
    let role = json!({ "name": "Readers", "description": "", "permissions": ["view_report"], "revision": 0 });
    let id = text(&walk.send(admin, "POST /api/jump-item-roles", &[], role.clone(), "role.created")?["id"])?;
    let changed = other(&role, "permissions", json!(["view_report", "edit_tag"]));
    walk.change(admin, "PUT /api/jump-item-roles/{id}", &[&id], changed, ("role.changed", "permissions"))?;
    walk.send(admin, "DELETE /api/jump-item-roles/{id}", &[&id], NOTHING, "role.removed")?;
    let policy = serde_json::to_value(draft("At night"))?;
    let id = text(&walk.send(admin, "POST /api/jump-policies", &[], policy.clone(), "policy.created")?["id"])?;
    let changed = other(&policy, "ticket", true);
    walk.change(admin, "PUT /api/jump-policies/{id}", &[&id], changed, ("policy.changed", "ticket"))?;
    walk.send(admin, "DELETE /api/jump-policies/{id}", &[&id], NOTHING, "policy.removed")?;
    let rules = json!({
        "name": "Short", "for_users": true, "for_items": true, "tools": [], "idle": { "kind": "after", "minutes": 5 },
    });
    let id =
        text(&walk.send(admin, "POST /api/session-policies", &[], rules.clone(), "session_policy.created")?["id"])?;
    let changed = other(&rules, "for_users", false);
    walk.change(admin, "PUT /api/session-policies/{id}", &[&id], changed, ("session_policy.changed", "for_users"))?;
    walk.send(admin, "DELETE /api/session-policies/{id}", &[&id], NOTHING, "session_policy.removed")?;
    let global: Value = admin.get("/api/session-policies/global")?;
    let changed = other(&global, "idle", json!({ "kind": "after", "minutes": 77 }));
    walk.change(admin, "PUT /api/session-policies/global", &[], changed, ("session_policy.changed", "idle"))?;
    let group = json!({ "name": "Lab", "comments": "" });
    let id = text(&walk.send(admin, "POST /api/jump-groups", &[], group.clone(), "group.created")?["id"])?;
    let changed = other(&group, "comments", "Ask before you switch anything off.");
    walk.change(admin, "PUT /api/jump-groups/{id}", &[&id], changed, ("group.changed", "comments"))?;
    let member = json!({ "principal": { "kind": "user", "id": tom }, "role_id": JumpItemRoleId::START_SESSIONS_ONLY });
    let members = json!({ "members": [member], "revision": 0 });
    let set = "PUT /api/jump-groups/{id}/members";
    walk.change(admin, set, &[&id], members, ("group.members_changed", "members"))?;
    walk.send(admin, "DELETE /api/jump-groups/{id}", &[&id], NOTHING, "group.removed")?;
    Ok(())
}

/// Items, one and many.
fn items(walk: &mut Walk<'_>, site: &Site, admin: &ApiClient) -> Result<()> {
    let item = serde_json::to_value(site.draft("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)]))?;
    let id = text(&walk.send(admin, "POST /api/jump-items", &[], item.clone(), "item.created")?["id"])?;
    let changed = other(&item, "comments", "The big one");
    walk.change(admin, "PUT /api/jump-items/{id}", &[&id], changed, ("item.changed", "comments"))?;
    let change = json!({ "item_ids": [id], "tag": "billing" });
    walk.change(admin, "PATCH /api/jump-items", &[], change, ("item.changed", "tag"))?;
    let copy = json!({ "item_ids": [id], "group_ids": [site.group] });
    let copies = walk.send(admin, "POST /api/jump-items/copy", &[], copy, "item.copied")?;
    walk.send(admin, "DELETE /api/jump-items/{id}", &[&text(&copies[0]["id"])?], NOTHING, "item.removed")?;
    let these = json!({ "item_ids": [id] });
    walk.send(admin, "POST /api/jump-items/remove", &[], these.clone(), "item.removed")?;
    walk.send(admin, "POST /api/jump-items/restore", &[], these, "item.restored")?;
    let credential = |secret: &str| {
        json!({
            "name": "root", "group_id": site.group, "kind": "password", "user_name": "root",
            "secret": { "text": secret }, "revision": 0,
        })
    };
    let made = walk.send(admin, "POST /api/credentials", &[], credential(STORED_PASSWORDS[0]), "credential.created")?;
    let (path, id) = ("PUT /api/credentials/{id}", text(&made["id"])?);
    let changed = other(&credential(STORED_PASSWORDS[1]), "comments", "For the night shift");
    walk.change(admin, path, &[&id], changed, ("credential.changed", "comments"))?;
    walk.send(admin, "DELETE /api/credentials/{id}", &[&id], NOTHING, "credential.removed")?;
    walk.secrets.extend(STORED_PASSWORDS.map(str::to_owned));
    let file = "name,group,jumpoint,hostname,tunnels\nimported,Production,ams-1,10.0.0.9,22 -> 22\n";
    walk.did("POST /api/jump-items/import", "item.imported", || {
        admin.send_file("/api/jump-items/import?dry_run=false", "text/csv", file.as_bytes())?.success()
    })
}

/// Approvals and sessions.
fn uses(walk: &mut Walk<'_>, site: &Site, admin: &ApiClient, (tom, _): &(ApiClient, String)) -> Result<()> {
    let items: Vec<JumpItem> = admin.get("/api/jump-items")?;
    let item = items.into_iter().find(|it| it.definition.name == "echo").context("no echo")?;
    let me: wire::api::Me = admin.get("/api/me")?;
    let policy = JumpPolicyDraft { approval: Some(approval_by(&[me.user.id])), ..draft("With approval") };
    let policy: wire::api::JumpPolicy = admin.post("/api/jump-policies", &policy)?.ok()?;
    let guarded = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition.clone() };
    let path = format!("/api/jump-items/{}", item.id);
    let guarded: JumpItem = admin.put(&path, &guarded)?.ok()?;
    let ask = json!({ "item_id": item.id, "reason": "Ticket 7", "minutes": 10 });
    let asked = walk.send(tom, "POST /api/approvals", &[], ask.clone(), "approval.asked")?;
    let id = text(&asked[0]["id"])?;
    let yes = json!({ "grant": true, "note": "" });
    walk.send(admin, "POST /api/approvals/{id}/decide", &[&id], yes, "approval.granted")?;
    walk.send(admin, "POST /api/approvals/{id}/revoke", &[&id], NOTHING, "approval.revoked")?;
    let asked = walk.send(tom, "POST /api/approvals", &[], ask, "approval.asked")?;
    let withdraw = "POST /api/approvals/{id}/withdraw";
    walk.send(tom, withdraw, &[&text(&asked[0]["id"])?], NOTHING, "approval.withdrawn")?;

    admin.put(&path, &TunnelJumpDraft { jump_policy_id: None, ..guarded.definition })?.success()?;
    let begun = walk.send(&site.admin, "POST /api/sessions", &[], json!({ "item_id": item.id }), "jump.allowed")?;
    let id = text(&begun["id"])?;
    let ticket = "POST /api/sessions/{id}/ticket";
    let given = walk.send(&site.admin, ticket, &[&id], NOTHING, "session.ticket_given")?;
    walk.secret(&given["ticket"])?;
    let path = "/api/review/sessions/{id}";
    let note = json!({ "at": begun["created_at"], "text": "He looks around." });
    let made = walk.send(admin, &format!("POST {path}/notes"), &[&id], note.clone(), "session.note_added")?;
    let noted = text(&made["id"])?;
    let changed = other(&note, "text", "He reads the ledger.");
    let told = ("session.note_changed", "text");
    walk.change(admin, &format!("PUT {path}/notes/{{note_id}}"), &[&id, &noted], changed, told)?;
    let remove = format!("DELETE {path}/notes/{{note_id}}");
    walk.send(admin, &remove, &[&id, &noted], NOTHING, "session.note_removed")?;
    walk.send(admin, "POST /api/sessions/{id}/end", &[&id], NOTHING, "session.end_asked")?;
    let why = json!({ "reason": "Case 7" });
    walk.send(admin, "POST /api/sessions/{id}/hold", &[&id], why.clone(), "session.held")?;
    walk.send(admin, "POST /api/sessions/{id}/hold/lift", &[&id], why, "session.hold_lifted")?;
    walk.send(admin, &format!("POST {path}/reviewed"), &[&id], NOTHING, "session.reviewed")?;
    walk.send(admin, &format!("DELETE {path}/reviewed"), &[&id], NOTHING, "session.review_taken_back")?;
    Ok(())
}

/// Jumpoints, their keys and nodes.
fn jumpoints(walk: &mut Walk<'_>, site: &Site, admin: &ApiClient) -> Result<()> {
    let new = json!({ "name": "fra-1", "comments": "" });
    let id = text(&walk.send(admin, "POST /api/jumpoints", &[], new, "jumpoint.created")?["id"])?;
    let change = json!({ "comments": "In Frankfurt" });
    walk.change(admin, "PATCH /api/jumpoints/{id}", &[&id], change, ("jumpoint.changed", "comments"))?;
    let create = "POST /api/jumpoints/{id}/enrolment-keys";
    let made = walk.send(admin, create, &[&id], NOTHING, "enrolment_key.created")?;
    walk.secret(&made["key"])?;
    let revoke = "DELETE /api/jumpoints/{id}/enrolment-keys/{key_id}";
    walk.send(admin, revoke, &[&id, &text(&made["entry"]["id"])?], NOTHING, "enrolment_key.revoked")?;
    walk.send(admin, "DELETE /api/jumpoints/{id}", &[&id], NOTHING, "jumpoint.removed")?;
    let jumpoints: Value = admin.get("/api/jumpoints")?;
    let ours = jumpoints.as_array().context("no jumpoints")?.iter().find(|it| it["id"] == json!(site.jumpoint.id));
    let (id, node) = (site.jumpoint.id.to_string(), text(&ours.context("no jumpoint")?["nodes"][0]["id"])?);
    let drain = json!({ "draining": true });
    let drained = "PATCH /api/jumpoints/{id}/nodes/{agent_id}";
    walk.change(admin, drained, &[&id, &node], drain, ("agent.changed", "draining"))?;
    walk.send(admin, "DELETE /api/jumpoints/{id}/nodes/{agent_id}", &[&id, &node], NOTHING, "agent.removed")?;
    Ok(())
}
