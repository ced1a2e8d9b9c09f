//! Every endpoint that the API describes, against the table beside this file: who may use it. An endpoint that is not in the
//! table fails the test, so that somebody decides.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{Answer, ApiClient};
use tests::site::on_a_site;

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
            let Some((stranger, signed_in)) = expected.get(endpoint) else {
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

fn table() -> Result<BTreeMap<String, (&'static str, &'static str)>> {
    let lines = TABLE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            ensure!(words.len() == 4, "authorization.txt has the line {line:?}");
            Ok((format!("{} {}", words[0], words[1]), (words[2], words[3])))
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
    // As a browser says where its page is from.
    client.send_with(method, &filled, body, &[("origin", client.base())])
}

fn class(answer: &Answer) -> &'static str {
    match answer.status {
        401 => "sign-in",
        403 => "forbidden",
        _ => "open",
    }
}
