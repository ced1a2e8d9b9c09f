//! Every endpoint that the API describes, against the table beside this file: who may use it. An endpoint that is not in the
//! table fails the test, so that somebody decides.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{Answer, ApiClient, field_message};
use tests::site::{ADMIN, ADMIN_PASSWORD, TECHNICIAN_PASSWORD, on_a_site};
use wire::SecretText;
use wire::api::{
    Approvals, CreatedApiToken, JumpItem, JumpPolicyDraft, Me, NewApiToken, ReviewChoices, ReviewPage, SessionPage,
    TokenScope,
};

use crate::policies::{approval_by, ask as approval_of, draft, guard, make};
use crate::roles::{group, newcomer};

/// METHOD PATH, what a stranger gets, what a technician gets: `open` (let in), `sign-in` (401), `forbidden` (403).
const TABLE: &str = include_str!("authorization.txt");

#[test]
fn every_endpoint_lets_in_whom_the_table_says() -> Result<()> {
    on_a_site(|site| {
        let expected = table()?;
        let description: Value = site.admin.stranger().get("/api/openapi.json")?;
        let described = endpoints(&description)?;
        let technician = site.technician("tom")?;
        let mut wrong = Vec::new();
        for endpoint in &described {
            let (method, path) = endpoint.split_once(' ').context("an endpoint is METHOD PATH")?;
            let Some((stranger, signed_in, _)) = expected.get(endpoint) else {
                wrong.push(format!("{endpoint} is not in authorization.txt"));
                continue;
            };
            let as_stranger = class(&ask(&site.admin.stranger(), method, path)?);
            // Signing out would end the technician's own sign-in.
            let as_technician =
                if path == "/api/sign-out" { *signed_in } else { class(&ask(&technician, method, path)?) };
            if (as_stranger, as_technician) != (*stranger, *signed_in) {
                wrong.push(format!(
                    "{endpoint}: a stranger gets {as_stranger} instead of {stranger}, a technician {as_technician} instead of {signed_in}"
                ));
            }
        }
        wrong.extend(
            expected
                .keys()
                .filter(|it| !described.contains(it))
                .map(|it| format!("{it} is in the table but not in the API")),
        );
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
}

#[test]
fn an_administrator_at_the_console_is_let_in_everywhere() -> Result<()> {
    on_a_site(|site| {
        let admin = site.admin.stranger();
        admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
        let mut wrong = Vec::new();
        // Signing out comes last: the others need the sign-in.
        let (last, others): (Vec<_>, Vec<_>) = table()?.into_keys().partition(|it| it.ends_with(" /api/sign-out"));
        for endpoint in others.iter().chain(&last) {
            let (method, path) = endpoint.split_once(' ').context("an endpoint is METHOD PATH")?;
            let got = class(&ask(&admin, method, path)?);
            // The metrics have a token of their own.
            let expected = if endpoint == "GET /metrics" { "sign-in" } else { "open" };
            if got != expected {
                wrong.push(format!("{endpoint}: an administrator gets {got} instead of {expected}"));
            }
        }
        ensure!(wrong.is_empty() && last.len() == 1, "{}", wrong.join("\n"));
        Ok(())
    })
}

/// Endpoints about items, credentials, sessions and approvals that do not name one that is there: each shows what its user may see.
const OF_NOTHING: [&str; 14] = [
    "GET /api/review/sessions",
    "GET /api/review/sessions/export",
    "GET /api/review/choices",
    "GET /api/reports/usage",
    "GET /api/reports/last-use",
    "GET /api/reports/reach",
    "GET /api/jump-items",
    "GET /api/jump-items/import-template",
    "GET /api/credentials",
    "GET /api/sessions",
    "GET /api/approvals",
    // What follows is refused in another way, which the test looks at.
    "POST /api/jump-items",
    "POST /api/jump-items/import",
    "POST /api/credentials",
];

#[test]
fn who_has_no_role_reaches_nothing_that_is_there() -> Result<()> {
    on_a_site(|site| {
        let (item, used) = (
            site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?,
            site.item("web", "127.0.0.1", "127.0.0.1", &[(0, 80)])?,
        );
        let me: Me = site.admin.get("/api/me")?;
        let policy = make(site, &JumpPolicyDraft { approval: Some(approval_by(&[me.user.id])), ..draft("Four eyes") })?;
        guard(site, &item, Some(policy.id))?;
        let mut credential = json!({
            "name": "root", "group_id": site.group, "kind": "password", "user_name": "root",
            "secret": { "text": "a stored password" }, "revision": 0,
        });
        let made: Value = site.admin.post("/api/credentials", &credential)?.ok()?;
        credential["revision"] = made["revision"].clone();
        let stored = made["id"].as_str().context("no id")?.to_owned();
        let tom = site.technician("tom")?;
        let asked = approval_of(&tom, &item, 10)?;
        let session = site.jump(&used)?;
        let note = json!({ "at": session.created_at, "text": "Hm." });
        let noted: Value = site.admin.post(&format!("/api/review/sessions/{}/notes", session.id), &note)?.ok()?;
        let noted = noted["id"].as_str().context("no id")?.to_owned();
        let before: JumpItem = site.admin.get(&format!("/api/jump-items/{}", item.id))?;

        let (_, eva) = newcomer(site, "eva")?;
        let (one, session_id, request) = (item.id.to_string(), session.id.to_string(), asked.id.to_string());
        let lab = group(site, "Lab")?.id;
        let these = json!({ "item_ids": [item.id] });
        let definition = serde_json::to_value(&item.definition)?;
        let of_item: Vec<(&str, Vec<&str>, Value)> = vec![
            ("GET /api/jump-items/{id}", vec![&one], Value::Null),
            ("PUT /api/jump-items/{id}", vec![&one], definition.clone()),
            ("DELETE /api/jump-items/{id}", vec![&one], Value::Null),
            ("GET /api/jump-items/{id}/start", vec![&one], Value::Null),
            ("PATCH /api/jump-items", vec![], json!({ "item_ids": [item.id], "comments": "mine" })),
            ("POST /api/jump-items/copy", vec![], json!({ "item_ids": [item.id], "group_ids": [site.group] })),
            ("POST /api/jump-items/remove", vec![], these.clone()),
            ("POST /api/jump-items/export", vec![], these.clone()),
            ("POST /api/sessions", vec![], json!({ "item_id": used.id })),
            ("POST /api/approvals", vec![], json!({ "item_id": item.id, "reason": "Ticket 7", "minutes": 5 })),
            ("PUT /api/credentials/{id}", vec![&stored], credential.clone()),
            ("DELETE /api/credentials/{id}", vec![&stored], Value::Null),
            ("GET /api/sessions/{id}", vec![&session_id], Value::Null),
            ("GET /api/review/sessions/{id}", vec![&session_id], Value::Null),
            ("GET /api/review/sessions/{id}/events", vec![&session_id], Value::Null),
            ("GET /api/review/sessions/{id}/seal", vec![&session_id], Value::Null),
            ("GET /api/review/sessions/{id}/connections", vec![&session_id], Value::Null),
            ("POST /api/review/sessions/{id}/notes", vec![&session_id], note.clone()),
            ("PUT /api/review/sessions/{id}/notes/{note_id}", vec![&session_id, &noted], note.clone()),
            ("DELETE /api/review/sessions/{id}/notes/{note_id}", vec![&session_id, &noted], Value::Null),
            ("POST /api/review/sessions/{id}/reviewed", vec![&session_id], Value::Null),
            ("DELETE /api/review/sessions/{id}/reviewed", vec![&session_id], Value::Null),
            ("POST /api/sessions/{id}/ticket", vec![&session_id], Value::Null),
            ("POST /api/sessions/{id}/end", vec![&session_id], json!({})),
            ("GET /api/sessions/{id}/credentials", vec![&session_id], Value::Null),
            ("GET /api/sessions/{id}/recordings", vec![&session_id], Value::Null),
            ("GET /api/sessions/{id}/hold", vec![&session_id], Value::Null),
            ("POST /api/sessions/{id}/hold", vec![&session_id], json!({ "reason": "Case 7" })),
            ("POST /api/sessions/{id}/hold/lift", vec![&session_id], json!({ "reason": "Case 7" })),
            ("GET /api/sessions/{id}/captures", vec![&session_id], Value::Null),
            (
                "POST /api/sessions/{id}/recordings",
                vec![&session_id],
                json!({ "media_type": "video/webm", "label": "" }),
            ),
            (
                "POST /api/sessions/{id}/credentials/{credential_id}/reveal",
                vec![&session_id, &stored],
                json!({ "part": "secret", "use": "show" }),
            ),
            ("POST /api/approvals/{id}/decide", vec![&request], json!({ "grant": true })),
            ("POST /api/approvals/{id}/revoke", vec![&request], Value::Null),
            ("POST /api/approvals/{id}/withdraw", vec![&request], Value::Null),
        ];
        let mut walked: BTreeSet<&str> = OF_NOTHING.into();
        let mut wrong = Vec::new();
        for (endpoint, ids, body) in &of_item {
            let (method, path) = endpoint.split_once(' ').context("an endpoint is METHOD PATH")?;
            let body = Some(body).filter(|it| !it.is_null());
            let answer = eva.send_with(method, &filled(path, ids), body, &[("origin", eva.base())])?;
            if !matches!(answer.status, 403 | 404) {
                wrong.push(format!("{endpoint} is answered with {}: {}", answer.status, answer.text()));
            }
            walked.insert(endpoint);
        }
        for path in [format!("ids={one}"), format!("group_id={}", site.group)] {
            eva.send("GET", &format!("/api/jump-items/export?{path}"), None)?.refused(404)?;
        }
        walked.insert("GET /api/jump-items/export");
        // Somebody else's removal reads as none.
        site.admin.post("/api/jump-items/remove", &these)?.success()?;
        eva.post("/api/jump-items/restore", &these)?.refused(409)?;
        site.admin.post("/api/jump-items/restore", &these)?.success()?;
        walked.insert("POST /api/jump-items/restore");
        // A group that is not shown is none to make something in.
        for group_id in [site.group, lab] {
            let mut there = definition.clone();
            there["group_id"] = json!(group_id);
            field_message(&eva.post("/api/jump-items", &there)?.refused(422)?, "group_id")?;
            credential["group_id"] = json!(group_id);
            field_message(&eva.post("/api/credentials", &credential)?.refused(422)?, "group_id")?;
        }
        let file = "name,group,jumpoint,hostname,tunnels\nimported,Production,ams-1,10.0.0.9,22 -> 22\n";
        eva.send_file("/api/jump-items/import?dry_run=false", "text/csv", file.as_bytes())?.refused(422)?;

        let role_gated = |endpoint: &String| {
            let path = endpoint.split_once(' ').map_or("", |(_, path)| path);
            ["/api/jump-items", "/api/credentials", "/api/sessions", "/api/approvals", "/api/review", "/api/reports"]
                .iter()
                .any(|it| path == *it || path.starts_with(&format!("{it}/")))
        };
        let left: Vec<_> = table()?.into_keys().filter(role_gated).filter(|it| !walked.contains(it.as_str())).collect();
        ensure!(left.is_empty(), "nobody looked at these: {left:?}");
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));

        // Nothing is shown, and nothing happened.
        for path in ["/api/jump-items", "/api/jump-groups", "/api/credentials"] {
            ensure!(eva.get::<Vec<Value>>(path)?.is_empty(), "{path} shows something");
        }
        ensure!(eva.get::<SessionPage>("/api/sessions")?.sessions.is_empty());
        ensure!(eva.get::<ReviewPage>("/api/review/sessions")?.sessions.is_empty());
        ensure!(eva.get::<ReviewChoices>("/api/review/choices")?.items.is_empty());
        for report in ["usage", "last-use", "reach"] {
            ensure!(eva.get::<Vec<Value>>(&format!("/api/reports/{report}"))?.is_empty(), "{report} tells something");
        }
        let file = eva.send("GET", "/api/review/sessions/export", None)?;
        ensure!(file.text().lines().count() == 1, "{}", file.text());
        let approvals: Approvals = eva.get("/api/approvals")?;
        ensure!(approvals.to_decide.is_empty() && approvals.recent.is_empty(), "{approvals:?}");
        let after: JumpItem = site.admin.get(&format!("/api/jump-items/{}", item.id))?;
        ensure!(after.definition == before.definition && site.session(session.id)?.session.end.is_none());
        ensure!(site.admin.get::<Vec<JumpItem>>("/api/jump-items")?.len() == 2);
        ensure!(site.admin.get::<Vec<Value>>("/api/credentials")? == [made]);
        ensure!(site.admin.get::<Approvals>("/api/approvals")?.to_decide.len() == 1);
        Ok(())
    })
}

/// Scopes of tokens, each with what the ones before it may.
const SCOPES: [(&str, TokenScope); 3] =
    [("read", TokenScope::Read), ("jump", TokenScope::Jump), ("administer", TokenScope::Administer)];

#[test]
fn every_endpoint_lets_in_the_tokens_that_the_table_says() -> Result<()> {
    on_a_site(|site| {
        let token = |client: &ApiClient, scope, password: &str| -> Result<String> {
            let password = SecretText::new(password.into());
            let new = NewApiToken { name: "a program".into(), scope, days: 1, password };
            let made: CreatedApiToken = client.post("/api/me/api-tokens", &new)?.ok()?;
            Ok(format!("Bearer {}", made.token.expose()))
        };
        let tom = site.technician("tom")?;
        let toms = token(&tom, TokenScope::Administer, TECHNICIAN_PASSWORD)?;
        let admins: Vec<(usize, String)> = SCOPES
            .iter()
            .enumerate()
            .map(|(place, (_, scope))| Ok((place, token(&site.admin, *scope, ADMIN_PASSWORD)?)))
            .collect::<Result<_>>()?;
        let stranger = site.admin.stranger();
        let mut wrong = Vec::new();
        for (endpoint, (for_stranger, for_technician, scope)) in table()? {
            // What needs no sign-in looks at no token; the metrics have one of their own.
            if for_stranger == "open" || endpoint == "GET /metrics" {
                ensure!(scope == "-", "{endpoint} needs no token");
                continue;
            }
            let (method, path) = endpoint.split_once(' ').context("an endpoint is METHOD PATH")?;
            let mut look = |whose: &str, shown: &str, expected: &str| -> Result<()> {
                let got = class(&ask_with(&stranger, method, path, &[("authorization", shown)])?);
                if got != expected {
                    wrong.push(format!("{endpoint}: {whose} token gets {got} instead of {expected}"));
                }
                Ok(())
            };
            look("an unknown", "Bearer slp_unknown", "sign-in")?;
            let needed = SCOPES.iter().position(|(name, _)| *name == scope);
            ensure!(needed.is_some() || scope == "-", "authorization.txt has the scope {scope:?}");
            for (place, shown) in &admins {
                let expected = if needed.is_some_and(|needed| *place >= needed) { "open" } else { "forbidden" };
                look(SCOPES[*place].0, shown, expected)?;
            }
            // Whatever its scope, a token is not more than its user.
            let expected = if needed.is_some() { for_technician } else { "forbidden" };
            look("a technician's", &toms, expected)?;
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
}

/// What a stranger and a technician get, and the scope a token needs.
pub(crate) type Row = (&'static str, &'static str, &'static str);

pub(crate) fn table() -> Result<BTreeMap<String, Row>> {
    let lines = TABLE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            ensure!((4..=5).contains(&words.len()), "authorization.txt has the line {line:?}");
            Ok((format!("{} {}", words[0], words[1]), (words[2], words[3], words.get(4).copied().unwrap_or("-"))))
        })
        .collect()
}

fn endpoints(description: &Value) -> Result<Vec<String>> {
    let paths = description["paths"].as_object().context("the description has no paths")?;
    let mut all = Vec::new();
    for (path, operations) in paths {
        for method in operations.as_object().context("a path without operations")?.keys() {
            all.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    Ok(all)
}

/// Asks with ids that belong to nothing and an empty body: who may is decided before what is asked.
fn ask(client: &ApiClient, method: &str, path: &str) -> Result<Answer> {
    // As a browser says where its page is from.
    ask_with(client, method, path, &[("origin", client.base())])
}

fn ask_with(client: &ApiClient, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
    let body = json!({});
    let body = matches!(method, "POST" | "PUT" | "PATCH").then_some(&body);
    client.send_with(method, &filled(path, &[]), body, headers)
}

/// The path with ids in place of what is in braces; where they do not suffice, with one that belongs to nothing.
pub(crate) fn filled(path: &str, ids: &[&str]) -> String {
    let (mut filled, mut ids) = (String::new(), ids.iter());
    for piece in path.split_inclusive('/') {
        match piece.strip_prefix('{') {
            Some(rest) => {
                filled.push_str(ids.next().copied().unwrap_or("00000000-0000-0000-0000-000000000000"));
                filled.push_str(rest.split_once('}').map_or("", |(_, after)| after));
            }
            None => filled.push_str(piece),
        }
    }
    filled
}

pub(crate) fn class(answer: &Answer) -> &'static str {
    match answer.status {
        401 => "sign-in",
        403 => "forbidden",
        // Whoever is let in is at least told what is wrong.
        500.. => "failed",
        _ => "open",
    }
}
