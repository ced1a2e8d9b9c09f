//! Every endpoint that the API describes, against the table beside this file: who may use it. An endpoint that is not in the
//! table fails the test, so that somebody decides.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{Answer, ApiClient};
use tests::site::{ADMIN_PASSWORD, TECHNICIAN_PASSWORD, on_a_site};
use wire::SecretText;
use wire::api::{CreatedApiToken, NewApiToken, TokenScope};

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
    let mut filled = String::new();
    for piece in path.split_inclusive('/') {
        match piece.strip_prefix('{') {
            Some(rest) => {
                filled.push_str("00000000-0000-0000-0000-000000000000");
                filled.push_str(rest.split_once('}').map_or("", |(_, after)| after));
            }
            None => filled.push_str(piece),
        }
    }
    let body = json!({});
    let body = matches!(method, "POST" | "PUT" | "PATCH").then_some(&body);
    client.send_with(method, &filled, body, headers)
}

fn class(answer: &Answer) -> &'static str {
    match answer.status {
        401 => "sign-in",
        403 => "forbidden",
        _ => "open",
    }
}
