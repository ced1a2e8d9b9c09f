//! Two administrators change the same thing: the second is told, and nothing is overwritten.

use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tests::api_client::ApiClient;
use tests::sign_on::with;
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site};
use wire::JumpItemId;
use wire::api::{AuditPage, JumpItem, JumpItemsChange};

/// How often two changes are sent at the same moment.
const ROUNDS: usize = 20;

/// Something that administrators change.
struct Kept {
    /// Where it is read.
    read: String,
    /// What picks it where several are read.
    id: Option<String>,
    /// How it is written.
    method: &'static str,
    /// Where it is written.
    write: String,
    /// What the first changes.
    first: Value,
    /// What the second changes.
    second: Value,
}

impl Kept {
    /// Something that is read and written in one place.
    fn in_place(method: &'static str, path: String, first: Value, second: Value) -> Self {
        Self { read: path.clone(), id: None, method, write: path, first, second }
    }

    /// One of a list.
    fn listed(method: &'static str, list: &str, id: &str, first: Value, second: Value) -> Self {
        Self { read: list.into(), id: Some(id.into()), method, write: format!("{list}/{id}"), first, second }
    }

    /// As an administrator sees it now.
    fn seen_by(&self, administrator: &ApiClient) -> Result<Value> {
        let read: Value = administrator.get(&self.read)?;
        let Some(id) = &self.id else { return Ok(read) };
        let list = read.as_array().or_else(|| read["providers"].as_array()).context("it is no list")?;
        list.iter().find(|it| it["id"] == id.as_str()).cloned().with_context(|| format!("{} has no {id}", self.read))
    }
}

/// Another administrator.
fn eva(site: &Site) -> Result<ApiClient> {
    let new = json!({
        "user_name": "eva", "display_name": "Eva Administrator", "role": "administrator", "password": TECHNICIAN_PASSWORD,
    });
    site.admin.post("/api/users", &new)?.success()?;
    let client = site.admin.stranger();
    client.sign_in("eva", TECHNICIAN_PASSWORD)?;
    Ok(client)
}

fn made(admin: &ApiClient, path: &str, it: &Value) -> Result<String> {
    let made: Value = admin.post(path, it)?.ok()?;
    Ok(made["id"].as_str().with_context(|| format!("{path} made something without an id"))?.to_owned())
}

/// Two names that differ.
fn names() -> (Value, Value) {
    (json!({ "name": "Of the first" }), json!({ "name": "Of the second" }))
}

/// What administrators make, one of each.
fn things(site: &Site) -> Result<Vec<Kept>> {
    let (first, second) = names();
    let listed = |list: &str, it: Value| -> Result<Kept> {
        let id = made(&site.admin, list, &it)?;
        Ok(Kept::listed("PUT", list, &id, first.clone(), second.clone()))
    };
    let item = site.item("db", "10.0.0.5", "127.0.0.1", &[(0, 5432)])?;
    let item_path = format!("/api/jump-items/{}", item.id);
    let tom = json!({
        "user_name": "tom", "display_name": "Tom", "role": "technician", "password": TECHNICIAN_PASSWORD,
    });
    let tom = made(&site.admin, "/api/users", &tom)?;
    let jumpoint = made(&site.admin, "/api/jumpoints", &json!({ "name": "zrh-1", "comments": "" }))?;
    let (shown_first, shown_second) = (json!({ "display_name": "Thomas" }), json!({ "display_name": "Tommy" }));
    let none = json!({ "members": [] });
    Ok(vec![
        Kept::in_place("PUT", item_path, json!({ "comments": "of the first" }), json!({ "tag": "of the second" })),
        listed("/api/jump-groups", json!({ "name": "Lab", "comments": "" }))?,
        Kept::in_place("PUT", format!("/api/jump-groups/{}/members", site.group), none.clone(), none),
        Kept::listed("PATCH", "/api/users", &tom, shown_first, shown_second),
        Kept::listed("PATCH", "/api/jumpoints", &jumpoint, first.clone(), second.clone()),
        listed("/api/teams", json!({ "name": "Operations", "members": [] }))?,
        listed("/api/jump-item-roles", json!({ "name": "Own", "permissions": ["start"] }))?,
        listed("/api/jump-policies", json!({ "name": "Careful" }))?,
        listed(
            "/api/session-policies",
            json!({ "name": "Short", "for_users": true, "for_items": true, "tools": [], "idle": { "kind": "not_defined" } }),
        )?,
        listed(
            "/api/credentials",
            json!({
                "name": "root", "group_id": site.group, "kind": "password", "user_name": "root",
                "secret": { "text": "a secret" },
            }),
        )?,
        listed(
            "/api/settings/sign-on",
            json!({ "name": "Corp", "issuer": "https://id.example.org", "client_id": "gate", "client_secret": "secret" }),
        )?,
    ])
}

/// What there is one of.
fn settings() -> Vec<Kept> {
    let put = |path: &str, first: Value, second: Value| Kept::in_place("PUT", path.to_owned(), first, second);
    let mail = |name: &str| {
        json!({
            "host": "mail.example.org", "port": 465, "security": "tls", "sender_address": "gate@example.org",
            "sender_name": name,
        })
    };
    let ticket = |host: &str| json!({ "url": format!("https://{host}.example.org/{{ticket}}") });
    let letter = |subject: &str| json!({ "session_started": { "subject": subject, "text": "{user} uses {item}." } });
    let idle = |minutes: u32| json!({ "idle": { "kind": "after", "minutes": minutes } });
    let kept_for = |days: u32| json!({ "rules": [{ "kind": "desktop", "days": days }] });
    let syslog = |port: u16| json!({ "host": "localhost", "port": port });
    let webhook = |port: u16| json!({ "url": format!("https://localhost:{port}/events"), "secret": "what the webhook's events are signed with" });
    vec![
        put("/api/session-policies/global", idle(60), idle(5)),
        put(
            "/api/settings/sign-in",
            json!({ "second_factor_required": false }),
            json!({ "second_factor_required": true }),
        ),
        put("/api/settings/site", json!({ "sessions_per_user": 40 }), json!({ "keep_sessions_days": 90 })),
        put("/api/settings/mail", mail("First"), mail("Second")),
        put("/api/settings/letters", letter("First"), letter("Second")),
        put("/api/settings/ticket-system", ticket("first"), ticket("second")),
        put("/api/settings/retention", kept_for(30), kept_for(60)),
        put("/api/settings/syslog", syslog(1), syslog(2)),
        put("/api/settings/webhook", webhook(1), webhook(2)),
    ]
}

#[test]
fn the_second_of_two_is_told_whatever_they_change() -> Result<()> {
    on_a_site(|site| {
        let eva = eva(site)?;
        let mut all = things(site)?;
        all.extend(settings());
        for it in all {
            let what = format!("{} {}", it.method, it.write);
            let (seen_first, seen_second) = (it.seen_by(&site.admin)?, it.seen_by(&eva)?);
            ensure!(seen_first["revision"].is_i64(), "{what} has no revision: {seen_first}");
            let send = |by: &ApiClient, body: &Value| by.send(it.method, &it.write, Some(body));
            send(&site.admin, &with(&seen_first, &it.first))?.success().with_context(|| what.clone())?;
            let saved = it.seen_by(&eva)?;
            let refused = send(&eva, &with(&seen_second, &it.second))?.refused(409).with_context(|| what.clone())?;
            ensure!(refused.code == "changed_meanwhile" && !refused.next_step.is_empty(), "{what}: {refused:?}");
            ensure!(it.seen_by(&eva)? == saved, "{what}: something of the second was written");
            // Whoever looks again can go on.
            send(&eva, &with(&saved, &it.second))?.success().with_context(|| what.clone())?;
            let now = it.seen_by(&site.admin)?;
            ensure!(now["revision"].as_i64() > saved["revision"].as_i64(), "{what}: {now}");
        }
        let trail: AuditPage = site.admin.get("/api/audit?limit=200")?;
        for it in trail.events {
            let names = it.event.before.keys().chain(it.event.after.keys());
            ensure!(names.into_iter().all(|name| name != "revision"), "{:?}", it.event);
        }
        Ok(())
    })
}

#[test]
fn what_nobody_entered_makes_no_form_old() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let tom = site.technician("tom")?;
        let users: Vec<Value> = site.admin.get("/api/users")?;
        let user = users.into_iter().find(|it| it["user_name"] == "tom").context("there is no tom")?;
        let seen: JumpItem = site.admin.get(&format!("/api/jump-items/{}", item.id))?;
        // A session, a sign-in, a favourite.
        site.jump(&item)?;
        tom.stranger().sign_in("tom", TECHNICIAN_PASSWORD)?;
        tom.send("PUT", &format!("/api/me/favourites/{}", item.id), None)?.success()?;
        let used: JumpItem = site.admin.get(&format!("/api/jump-items/{}", item.id))?;
        ensure!(used.last_used_at.is_some() && used.definition.revision == seen.definition.revision, "{used:?}");
        site.admin.put(&format!("/api/jump-items/{}", item.id), &seen.definition)?.success()?;
        let change = json!({ "display_name": "Thomas", "revision": user["revision"] });
        let id = user["id"].as_str().context("no id")?;
        site.admin.patch(&format!("/api/users/{id}"), &change)?.success()?;
        // Without a revision, what is named is changed.
        let now: Value = site.admin.patch(&format!("/api/users/{id}"), &json!({ "email": "tom@example.org" }))?.ok()?;
        ensure!(now["display_name"] == "Thomas" && now["email"] == "tom@example.org", "{now}");
        Ok(())
    })
}

/// What a change of several items names.
fn change(items: &[JumpItemId], what: &Value) -> Result<JumpItemsChange> {
    Ok(serde_json::from_value(with(&json!({ "item_ids": items }), what))?)
}

#[test]
fn two_changes_of_many_items_at_the_same_moment_both_hold() -> Result<()> {
    on_a_site(|site| {
        let eva = eva(site)?;
        let items: Result<Vec<JumpItem>> =
            ["a", "b", "c"].iter().map(|name| site.item(name, "10.0.0.5", "127.0.0.1", &[(0, 22)])).collect();
        let ids: Vec<JumpItemId> = items?.iter().map(|it| it.id).collect();
        for round in 0..ROUNDS {
            let (tag, comments) = (format!("tag {round}"), format!("comments {round}"));
            let of_tag = change(&ids, &json!({ "tag": tag }))?;
            let of_comments = change(&ids, &json!({ "comments": comments }))?;
            let answers = thread::scope(|scope| {
                let first = scope.spawn(|| site.admin.patch("/api/jump-items", &of_tag)?.success());
                let second = scope.spawn(|| eva.patch("/api/jump-items", &of_comments)?.success());
                [first.join(), second.join()]
            });
            for answer in answers {
                let Ok(answer) = answer else { bail!("round {round}: a client panicked") };
                answer.with_context(|| format!("round {round}"))?;
            }
            for item in site.admin.get::<Vec<JumpItem>>("/api/jump-items")? {
                let it = &item.definition;
                ensure!(it.tag.as_ref() == Some(&tag) && it.comments == comments, "round {round}: {it:?}");
                ensure!(it.revision == 2 * i64::try_from(round + 1)?, "round {round}: {it:?}");
            }
        }
        Ok(())
    })
}
