//! Audit events that are handed on: to a real rsyslog over TLS and to an HTTPS address, each at least once and in order, whoever dies in
//! between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_lc_rs::hmac;
use serde_json::{Value, json};
use tests::api_client::field_message;
use tests::audit_trail::{export, last};
use tests::certificates::Certificates;
use tests::servers::{Reply, Rsyslog, TicketDesk, free_port};
use tests::site::{Site, on_a_site};
use tests::wait::{self, SOON};
use wire::api::{
    Destination, ForwardingStatus, HealthCheck, HealthChecks, HealthLevel, HealthSubject, JumpGroup, JumpGroupDraft,
    SyslogSettings, TestOutcome, WebhookSettings,
};
use wire::audit::ExportLine;

const SECRET: &str = "what posts of events are signed with";

fn make_groups(site: &Site, names: std::ops::Range<usize>) -> Result<()> {
    for name in names {
        let draft = JumpGroupDraft { name: format!("group {name}"), comments: "ünïcode".into(), revision: 0 };
        let _: JumpGroup = site.admin.post("/api/jump-groups", &draft)?.ok()?;
    }
    Ok(())
}

fn status(site: &Site, of: Destination) -> Result<ForwardingStatus> {
    let all: Vec<ForwardingStatus> = site.admin.get("/api/forwarding")?;
    all.into_iter().find(|it| it.destination == of).context("no status")
}

fn health(site: &Site) -> Result<HealthCheck> {
    let checks: HealthChecks = site.admin.get("/api/health-checks")?;
    checks.checks.into_iter().find(|it| it.subject == HealthSubject::Forwarding).context("it is looked after")
}

/// Hashes of all events by their numbers, as the export has them.
fn hashes(site: &Site) -> Result<BTreeMap<u64, String>> {
    let lines = export(&site.admin)?;
    let events = lines.split(|it| *it == b'\n').filter_map(|line| match ExportLine::read(line) {
        Ok(ExportLine::Event(it)) => Some((it.event.sequence, it.hash.to_string())),
        _ => None,
    });
    Ok(events.collect())
}

/// Numbers as they came for the first time: nothing may be left out, nothing overtake.
fn check_order(numbers: &[u64]) -> Result<()> {
    let mut highest = None;
    for &number in numbers {
        if highest.is_none_or(|it| number == it + 1) {
            highest = Some(number);
        } else {
            ensure!(highest.is_some_and(|it| number <= it), "{number} came behind {highest:?}");
        }
    }
    Ok(())
}

fn set_syslog(site: &Site, server: &Rsyslog) -> Result<SyslogSettings> {
    let now: SyslogSettings = site.admin.get("/api/settings/syslog")?;
    let draft =
        json!({ "host": "localhost", "port": server.port, "ca_pem": server.authority, "revision": now.revision });
    site.admin.put("/api/settings/syslog", &draft)?.ok()
}

fn numbers(server: &Rsyslog) -> Result<Vec<u64>> {
    let all = server.messages()?.into_iter().filter(|it| it.id != "trial");
    all.map(|it| Ok(it.value("sequence").context("no number")?.parse()?)).collect()
}

fn wait_for_messages(site: &Site, server: &Rsyslog) -> Result<()> {
    let end = last(&site.admin)?;
    wait::until_true("all events arrive", Duration::from_secs(60), || Ok(numbers(server)?.iter().any(|it| *it >= end)))
        .with_context(|| format!("{end} did not arrive: {:?}", numbers(server).ok()))
}

#[test]
fn a_syslog_server_gets_every_event_whoever_dies() -> Result<()> {
    on_a_site(|site| {
        let mut server = Rsyslog::start()?;
        ensure!(health(site)?.level == HealthLevel::Off);
        let first = last(&site.admin)? + 1;
        set_syslog(site, &server)?;
        let tried: TestOutcome = site.admin.send("POST", "/api/settings/syslog/test", None)?.ok()?;
        ensure!(tried.worked, "{tried:?}");
        make_groups(site, 0..5)?;
        wait_for_messages(site, &server)?;
        let messages = server.messages()?;
        ensure!(messages.iter().any(|it| it.id == "trial"), "{messages:#?}");
        let made = messages.iter().filter(|it| it.id == "group.created").collect::<Vec<_>>();
        ensure!(made.len() == 5, "{messages:#?}");
        let known = hashes(site)?;
        for it in messages.iter().filter(|it| it.id != "trial") {
            let number: u64 = it.value("sequence").context("no number")?.parse()?;
            ensure!(it.value("hash") == known.get(&number).map(String::as_str), "{it:?}");
            ensure!(it.program == "sallyport" && it.host == "localhost" && it.priority.ends_with("of 13"), "{it:?}");
        }
        let event: Value = serde_json::from_str(&made[0].text).with_context(|| made[0].text.clone())?;
        ensure!(event["after"]["comments"] == "ünïcode" && made[0].value("object") == Some("group 0"), "{event}");
        ensure!(numbers(&server)?.first() == Some(&first), "it does not begin with what set it up");
        ensure!(health(site)?.level == HealthLevel::Good, "{:?}", health(site)?);

        // The appliance dies right after events.
        make_groups(site, 5..30)?;
        site.appliance.program.kill()?;
        site.appliance.start_again()?;
        make_groups(site, 30..35)?;
        wait_for_messages(site, &server)?;
        check_order(&numbers(&server)?)?;

        // The server dies, and is away for a while.
        server.kill()?;
        make_groups(site, 35..40)?;
        let bad = wait::until("the dashboard tells", Duration::from_secs(30), || {
            Ok(Some(health(site)?).filter(|it| it.level == HealthLevel::Bad))
        })?;
        ensure!(bad.message.contains("The syslog server") && bad.message.contains("wait"), "{bad:?}");
        make_groups(site, 40..45)?;
        server.start_again()?;
        wait_for_messages(site, &server)?;
        check_order(&numbers(&server)?)?;
        // What stood long enough counts as arrived.
        let end = last(&site.admin)?;
        wait::until_true("it counts as arrived", Duration::from_secs(40), || {
            Ok(status(site, Destination::Syslog)?.last >= end)
        })?;
        ensure!(health(site)?.level == HealthLevel::Good);
        Ok(())
    })
}

#[test]
fn a_syslog_server_with_another_certificate_is_told_nothing() -> Result<()> {
    on_a_site(|site| {
        let server = Rsyslog::start()?;
        let other = Certificates::for_name("localhost")?;
        let draft = json!({ "host": "localhost", "port": server.port, "ca_pem": other.authority });
        site.admin.put("/api/settings/syslog", &draft)?.success()?;
        let tried: TestOutcome = site.admin.send("POST", "/api/settings/syslog/test", None)?.ok()?;
        ensure!(!tried.worked && tried.message.contains("certificate is refused"), "{tried:?}");
        make_groups(site, 0..3)?;
        wait::until_true("it is told", SOON, || {
            let it = status(site, Destination::Syslog)?;
            Ok(it.waiting >= 3 && it.obstacle.is_some_and(|why| why.contains("certificate")))
        })?;
        ensure!(server.messages()?.is_empty(), "{:?}", server.messages()?);
        // With the right one what waited comes.
        set_syslog(site, &server)?;
        wait_for_messages(site, &server)?;
        ensure!(server.messages()?.iter().filter(|it| it.id == "group.created").count() >= 3);
        // Off is off.
        let now: SyslogSettings = site.admin.get("/api/settings/syslog")?;
        site.admin.put("/api/settings/syslog", &json!({ "host": "", "revision": now.revision }))?.success()?;
        ensure!(!status(site, Destination::Syslog)?.is_on && health(site)?.level == HealthLevel::Off);
        for (body, field) in [
            (json!({ "host": "a b", "port": 1, "revision": 3 }), "host"),
            (json!({ "host": "logs.example", "port": 0, "revision": 3 }), "port"),
            (json!({ "host": "logs.example", "port": 1, "ca_pem": "x", "revision": 3 }), "ca_pem"),
        ] {
            field_message(&site.admin.put("/api/settings/syslog", &body)?.refused(422)?, field)?;
        }
        Ok(())
    })
}

/// Whether a post is signed as it says.
fn is_signed(headers: &[String], body: &str) -> Result<bool> {
    let header = headers.iter().find_map(|it| it.strip_prefix("sallyport-signature: ")).context("no signature")?;
    let (seconds, sum) = header.strip_prefix("t=").and_then(|it| it.split_once(",v1=")).context("another form")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let expected = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let expected: String = expected.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    Ok(expected == sum && now.abs_diff(seconds.parse()?) < 60)
}

fn posted(desk: &TicketDesk) -> Result<Vec<u64>> {
    let mut all = Vec::new();
    for post in desk.asked() {
        let body: Value = serde_json::from_str(&post.body)?;
        for it in body["events"].as_array().context("no events")? {
            all.push(it["event"]["sequence"].as_u64().context("no number")?);
        }
    }
    Ok(all)
}

#[test]
fn a_webhook_gets_every_event_signed_and_in_order() -> Result<()> {
    on_a_site(|site| {
        // Every third answer is no yes.
        let turn = Arc::new(AtomicUsize::new(0));
        let desk = {
            let turn = turn.clone();
            TicketDesk::start(move |_| match turn.fetch_add(1, Ordering::SeqCst) % 3 {
                2 => Reply::new(500, ""),
                _ => Reply::new(204, ""),
            })?
        };
        let first = last(&site.admin)? + 1;
        let hook = json!({ "url": format!("{}/events", desk.url()), "ca_pem": desk.authority, "secret": SECRET });
        let set: WebhookSettings = site.admin.put("/api/settings/webhook", &hook)?.ok()?;
        ensure!(set.has_secret);
        let shown = site.admin.send("GET", "/api/settings/webhook", None)?;
        ensure!(!shown.text().contains(SECRET), "{}", shown.text());
        ensure!(!site.appliance.stored()?.windows(SECRET.len()).any(|it| it == SECRET.as_bytes()), "it lies open");
        make_groups(site, 0..20)?;
        site.appliance.program.kill()?;
        site.appliance.start_again()?;
        make_groups(site, 20..25)?;
        let end = last(&site.admin)?;
        wait::until_true("all events are posted", Duration::from_secs(60), || {
            Ok(posted(&desk)?.contains(&end) && status(site, Destination::Webhook)?.last >= end)
        })?;
        let all = posted(&desk)?;
        ensure!(all.first() == Some(&first), "{all:?}");
        check_order(&all)?;
        for post in desk.asked() {
            ensure!(post.line == "POST /events HTTP/1.1" && is_signed(&post.headers, &post.body)?, "{post:?}");
        }
        let known = hashes(site)?;
        let body: Value = serde_json::from_str(&desk.asked()[0].body)?;
        let event = &body["events"][0];
        ensure!(event["hash"].as_str() == known.get(&first).map(String::as_str), "{event}");
        ensure!(body["appliance"].as_str() == Some(site.appliance.ready.url.trim_end_matches('/')), "{body}");
        Ok(())
    })
}

#[test]
fn a_webhook_that_points_elsewhere_or_is_away_makes_events_wait() -> Result<()> {
    on_a_site(|site| {
        let desk = TicketDesk::start(|_| Reply { headers: "location: /elsewhere\r\n".into(), ..Reply::new(302, "") })?;
        let hook = |url: String, ca: &str, revision: i64| json!({ "url": url, "ca_pem": ca, "secret": SECRET, "revision": revision });
        for (body, field) in [
            (hook("http://localhost/".into(), "", 0), "url"),
            (hook("https://a:b@siem.example/".into(), "", 0), "url"),
            (json!({ "url": "https://siem.example/" }), "secret"),
            (json!({ "url": "https://siem.example/", "secret": "short" }), "secret"),
        ] {
            field_message(&site.admin.put("/api/settings/webhook", &body)?.refused(422)?, field)?;
        }
        site.admin.put("/api/settings/webhook", &hook(desk.url(), &desk.authority, 0))?.success()?;
        let tried: TestOutcome = site.admin.send("POST", "/api/settings/webhook/test", None)?.ok()?;
        ensure!(!tried.worked && tried.message.contains("302"), "{tried:?}");
        wait::until_true("it is told", SOON, || {
            Ok(status(site, Destination::Webhook)?.obstacle.is_some_and(|it| it.contains("302")))
        })?;
        ensure!(desk.asked().iter().all(|it| !it.line.contains("elsewhere")), "a redirect was followed");
        // Another authority, and nobody at all.
        let other = Certificates::for_name("localhost")?;
        for (url, ca, said) in [
            (desk.url(), other.authority.as_str(), "certificate is refused"),
            (format!("https://localhost:{}/", free_port()?), desk.authority.as_str(), "cannot be reached"),
        ] {
            let now: WebhookSettings = site.admin.get("/api/settings/webhook")?;
            site.admin.put("/api/settings/webhook", &hook(url, ca, now.revision))?.success()?;
            let tried: TestOutcome = site.admin.send("POST", "/api/settings/webhook/test", None)?.ok()?;
            ensure!(!tried.worked && tried.message.contains(said), "{tried:?}");
        }
        let waiting = status(site, Destination::Webhook)?;
        ensure!(waiting.waiting > 0 && health(site)?.level == HealthLevel::Bad, "{waiting:?}");
        // The kept secret serves when nothing new is entered.
        let good = TicketDesk::start(|_| Reply::new(200, "{}"))?;
        let now: WebhookSettings = site.admin.get("/api/settings/webhook")?;
        let moved = json!({ "url": good.url(), "ca_pem": good.authority, "revision": now.revision });
        site.admin.put("/api/settings/webhook", &moved)?.success()?;
        wait::until_true("what waited comes", SOON, || Ok(status(site, Destination::Webhook)?.waiting == 0))?;
        ensure!(good.asked().iter().all(|it| is_signed(&it.headers, &it.body).is_ok_and(|it| it)), "not signed");
        Ok(())
    })
}
