//! A ticket system that is asked over HTTPS: what is sent to it, and that whatever is not a clear yes is a no.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{ApiClient, field_message};
use tests::servers::{Reply, TicketDesk, free_port};
use tests::site::on_a_site;
use wire::api::{TicketSystemSettings, TicketTestResult};

fn put(admin: &ApiClient, settings: &Value) -> Result<i64> {
    let set: TicketSystemSettings = admin.put("/api/settings/ticket-system", settings)?.ok()?;
    Ok(set.revision)
}

fn ask(admin: &ApiClient, ticket: &str) -> Result<TicketTestResult> {
    admin.post("/api/settings/ticket-system/test", &json!({ "ticket": ticket }))?.ok()
}

/// A desk that knows tickets by what is asked for.
fn desk() -> Result<TicketDesk> {
    TicketDesk::start(|asked| {
        let path = asked.line.split(' ').nth(1).unwrap_or_default();
        let ticket = path.rsplit('/').next().unwrap_or_default();
        match ticket {
            "4711" => Reply::new(200, r#"{"state":"open","text":"Change the disk of db-prod-1"}"#),
            "4712" => Reply::new(200, r#"{"state":"closed","text":"It was closed on Monday."}"#),
            "500" => Reply::new(500, r#"{"state":"open"}"#),
            "html" => Reply::new(200, "<html>open</html>"),
            "moved" => Reply { headers: "location: /4711\r\n".into(), ..Reply::new(302, "") },
            "endless" => Reply::new(200, &format!(r#"{{"state":"open","x":"{}"}}"#, "x".repeat(70_000))),
            "slow" => Reply { after: Duration::from_secs(10), ..Reply::new(200, r#"{"state":"open"}"#) },
            _ => Reply::new(404, r#"{"text":"There is no such ticket."}"#),
        }
    })
}

fn settings(desk: &TicketDesk, revision: i64) -> Value {
    json!({
        "url": format!("{}/api/tickets/{{ticket}}", desk.url()), "ca_pem": desk.authority, "time_out_seconds": 2,
        "condition": { "pointer": "/state", "equals": "open" }, "message_pointer": "/text",
        "headers": [{ "name": "Authorization", "value": "Bearer very-secret" }], "revision": revision,
    })
}

#[test]
fn a_ticket_is_good_when_the_system_says_so_and_never_else() -> Result<()> {
    on_a_site(|site| {
        let none = ask(&site.admin, "4711")?;
        ensure!(!none.outcome.worked && none.outcome.message == "No ticket system is set up.", "{none:?}");
        let desk = desk()?;
        put(&site.admin, &settings(&desk, 0))?;
        let good = ask(&site.admin, "4711")?;
        ensure!(good.outcome.worked && good.status == Some(200), "{good:?}");
        ensure!(good.outcome.message.contains("Change the disk of db-prod-1"), "{good:?}");
        ensure!(good.asked.contains("/api/tickets/4711\nAuthorization: (kept secret)"), "{}", good.asked);
        for (ticket, status, said) in [
            ("4712", Some(200), "It was closed on Monday."),
            ("4713", Some(404), "There is no such ticket."),
            ("500", Some(500), "it failed itself (500"),
            ("html", Some(200), "it did not answer in JSON"),
            ("moved", Some(302), "it points to another address (302"),
            ("endless", None, "its answer is longer than 64 KiB"),
            ("slow", None, "did not answer in time"),
        ] {
            let began = Instant::now();
            let answer = ask(&site.admin, ticket)?;
            ensure!(!answer.outcome.worked && answer.outcome.message.contains(said), "{ticket}: {answer:?}");
            ensure!(answer.status == status && !answer.outcome.next_step.is_empty(), "{ticket}: {answer:?}");
            ensure!(began.elapsed() < Duration::from_secs(5), "{ticket} took {:?}", began.elapsed());
        }
        // No redirect was followed: the ticket that it points to was asked about once, at the beginning.
        let asked = desk.asked();
        ensure!(asked.iter().filter(|it| it.line.contains("/4711 ")).count() == 1, "{asked:?}");
        ensure!(
            asked.iter().all(|it| it.headers.iter().any(|line| line == "authorization: Bearer very-secret")),
            "{asked:?}"
        );
        Ok(())
    })
}

#[test]
fn a_system_that_cannot_be_believed_or_reached_is_a_no() -> Result<()> {
    on_a_site(|site| {
        let (desk, other) = (desk()?, desk()?);
        let mut revision = 0;
        for (ca_pem, url, said) in [
            (other.authority.clone(), desk.url(), "certificate is refused: it was not issued by"),
            (String::new(), desk.url(), "certificate is refused"),
            (desk.authority.clone(), format!("https://localhost:{}", free_port()?), "cannot be reached"),
        ] {
            let mut changed = settings(&desk, revision);
            changed["ca_pem"] = json!(ca_pem);
            changed["url"] = json!(format!("{url}/api/tickets/{{ticket}}"));
            revision = put(&site.admin, &changed)?;
            let answer = ask(&site.admin, "4711")?;
            ensure!(!answer.outcome.worked && answer.outcome.message.contains(said), "{said}: {answer:?}");
        }
        ensure!(desk.asked().is_empty() && other.asked().is_empty(), "a stranger was told the header");
        Ok(())
    })
}

#[test]
fn a_ticket_stays_where_it_belongs() -> Result<()> {
    on_a_site(|site| {
        let desk = TicketDesk::start(|_| Reply::new(200, "{}"))?;
        let settings = json!({
            "url": format!("{}/api/{{ticket}}/state?id={{ticket}}&by=gate", desk.url()), "ca_pem": desk.authority, "method": "POST",
            "body": r#"{"id":"{ticket}","by":"{user} for {item}","fixed":[1,true]}"#, "headers": [],
        });
        put(&site.admin, &settings)?;
        for ticket in [
            "../../admin",
            "1?x=y#z",
            "1 HTTP/1.1",
            "\",\"admin\":true,\"x\":\"",
            "{user}",
            "a%2fb",
            "ä\u{2028}\\",
            "x&id=2",
        ] {
            ensure!(ask(&site.admin, ticket)?.outcome.worked, "{ticket}");
            let asked = desk.asked().pop().context("nothing was asked")?;
            let path =
                asked.line.strip_prefix("POST ").and_then(|it| it.strip_suffix(" HTTP/1.1")).context("another line")?;
            ensure!(path.starts_with("/api/") && path.split(['/', '?']).count() == 5, "{ticket}: {path}");
            ensure!(path.matches('&').count() == 1 && path.ends_with("&by=gate"), "{ticket}: {path}");
            let body: Value = serde_json::from_str(&asked.body)?;
            ensure!(body == json!({ "id": ticket, "by": "ana for Test", "fixed": [1, true] }), "{ticket}: {body}");
        }
        let before = desk.asked().len();
        for ticket in [".", ".."] {
            let answer = ask(&site.admin, ticket)?;
            ensure!(!answer.outcome.worked && answer.asked.is_empty(), "{ticket}: {answer:?}");
        }
        for ticket in ["", " ", "1\r\nX-Admin: 1", &"x".repeat(256)] {
            let refused =
                site.admin.post("/api/settings/ticket-system/test", &json!({ "ticket": ticket }))?.refused(422)?;
            field_message(&refused, "ticket")?;
        }
        ensure!(desk.asked().len() == before, "it was asked all the same");
        Ok(())
    })
}

#[test]
fn headers_stay_where_they_are() -> Result<()> {
    on_a_site(|site| {
        let desk = desk()?;
        let first = settings(&desk, 0);
        put(&site.admin, &first)?;
        let shown = site.admin.send("GET", "/api/settings/ticket-system", None)?;
        ensure!(shown.text().contains("Authorization") && !shown.text().contains("very-secret"), "{}", shown.text());
        let mut kept = first.clone();
        kept["headers"] = json!([{ "name": "Authorization" }]);
        kept["revision"] = json!(1);
        let mut elsewhere = kept.clone();
        elsewhere["url"] = json!("https://evil.example/{ticket}");
        let refused = site.admin.put("/api/settings/ticket-system", &elsewhere)?.refused(422)?;
        ensure!(field_message(&refused, "headers[0].value")?.contains("again"), "{refused:?}");
        put(&site.admin, &kept)?;
        ensure!(ask(&site.admin, "4711")?.outcome.worked, "the kept header is not used");
        let asked = desk.asked().pop().context("nothing was asked")?;
        ensure!(asked.headers.iter().any(|line| line == "authorization: Bearer very-secret"), "{asked:?}");
        let refused = site.admin.put("/api/settings/ticket-system", &kept)?.refused(409)?;
        ensure!(refused.code == "changed_meanwhile", "{refused:?}");
        let data = site.appliance.stored()?;
        ensure!(!data.windows(11).any(|it| it == b"very-secret"), "the header lies open in the database");
        let wrong = json!({
            "url": "http://tickets.example/{ticket}", "method": "POST", "body": "{", "ca_pem": "x", "time_out_seconds": 0,
            "condition": { "pointer": "state", "equals": "" }, "message_pointer": "x",
            "headers": [{ "name": "Host", "value": "a\r\nb" }], "revision": 2,
        });
        let refused = site.admin.put("/api/settings/ticket-system", &wrong)?.refused(422)?;
        for field in [
            "url",
            "body",
            "ca_pem",
            "time_out_seconds",
            "condition.pointer",
            "message_pointer",
            "headers[0].name",
            "headers[0].value",
        ] {
            field_message(&refused, field)?;
        }
        put(&site.admin, &json!({ "revision": 2 }))?;
        ensure!(!ask(&site.admin, "4711")?.outcome.worked, "it is still asked");
        Ok(())
    })
}
