//! Headers, health, description of the API.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::site::on_a_site;
use wire::api::Installation;

#[test]
fn health_and_description_are_public_and_say_nothing_more() -> Result<()> {
    on_a_site(|site| {
        let stranger = site.admin.stranger();
        ensure!(stranger.send("GET", "/healthz", None)?.status == 200);
        let description: Value = stranger.get("/api/openapi.json")?;
        ensure!(description["paths"].as_object().is_some_and(|paths| paths.len() > 15));
        let installation: Installation = stranger.get("/api/installation")?;
        ensure!(installation.origin == site.appliance.ready.url, "{installation:?}");
        ensure!(installation.ca_sha256.is_some() && !installation.extension_ids.is_empty());
        let ca = stranger.send("GET", "/ca.pem", None)?;
        ensure!(ca.text().starts_with("-----BEGIN CERTIFICATE-----") && !ca.text().contains("PRIVATE"));
        Ok(())
    })
}

#[test]
fn every_answer_carries_the_security_headers() -> Result<()> {
    on_a_site(|site| {
        for path in ["/", "/api/me", "/healthz", "/nowhere"] {
            let answer = site.admin.send("GET", path, None)?;
            let policy = answer.header("content-security-policy");
            ensure!(policy.contains("script-src 'self'"), "{path}: {policy:?}");
            let scripts = policy.split(';').find(|it| it.trim().starts_with("script-src")).context("no script-src")?;
            ensure!(!scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'"), "{path}: {scripts}");
            ensure!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            ensure!(answer.header("x-content-type-options") == "nosniff", "{path}");
            ensure!(!answer.header("referrer-policy").is_empty(), "{path}");
        }
        Ok(())
    })
}

#[test]
fn what_is_private_is_not_cached() -> Result<()> {
    on_a_site(|site| {
        let answer = site.admin.send("GET", "/api/me", None)?;
        ensure!(answer.header("cache-control").contains("no-store"), "{:?}", answer.headers);
        Ok(())
    })
}

#[test]
fn an_unknown_path_of_the_api_is_an_api_error() -> Result<()> {
    on_a_site(|site| {
        let error = site.admin.send("GET", "/api/nowhere", None)?.refused(404)?;
        ensure!(!error.message.is_empty());
        let error = site.admin.send("POST", "/api/jump-groups", Some(&serde_json::json!({ "nome": 1 })))?;
        ensure!((400..500).contains(&error.status), "{error:?}");
        error.refused(error.status)?;
        Ok(())
    })
}

#[test]
fn the_wrong_way_of_asking_is_an_api_error_too() -> Result<()> {
    on_a_site(|site| {
        let refusal = site.admin.send("PUT", "/api/users", Some(&serde_json::json!({})))?;
        ensure!(refusal.header("allow").contains("POST"), "{:?}", refusal.headers);
        ensure!(refusal.refused(405)?.code == "wrong_method");
        for path in ["/api/events", "/link/helper", "/link/agent/control"] {
            let plain = site.admin.send_with("GET", path, None, &[("origin", site.admin.base())])?;
            ensure!(plain.refused(plain.status)?.code == "not_a_web_socket", "{path}: {plain:?}");
            ensure!((400..500).contains(&plain.status), "{path}: {plain:?}");
        }
        Ok(())
    })
}

#[test]
fn a_body_that_is_too_large_is_refused() -> Result<()> {
    on_a_site(|site| {
        let large = serde_json::json!({ "name": "x".repeat(wire::limits::API_BODY_BYTES + 1) });
        let answer = site.admin.send("POST", "/api/jump-groups", Some(&large));
        // The appliance may close the connection before it was sent whole.
        ensure!(answer.is_err() || answer.is_ok_and(|answer| [400, 413].contains(&answer.status)));
        site.admin.send("GET", "/api/me", None)?.success()
    })
}
