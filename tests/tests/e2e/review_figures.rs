//! How fast a long session opens for review: eight hours with a hundred thousand events and twenty thousand connections, in headless
//! Chromium. Prints what it measured, and fails when opening takes a second or more.
//!
//! ```text
//! cargo www && cargo test --release -p tests --test e2e review_figures -- --ignored --nocapture
//! ```

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use tests::appliance::Options as ApplianceOptions;
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::site::{Site, on_a_site_started};
use tests::wait::{self, SOON};
use wire::SessionId;
use wire::api::{NewSession, Session, SessionReview};

use crate::signed_in;

const EVENTS: u64 = 100_000;
const CONNECTIONS: u64 = 20_000;
const HOURS: i64 = 8;
/// Times that each is measured.
const TIMES: usize = 9;
/// What opening may take, in milliseconds.
const GOAL: f64 = 1_000.0;

/// Notes when the axis and the first events were painted, in milliseconds since the page was asked for.
const WATCH: &str = r"
    window.opened = null;
    new MutationObserver((_, it) => {
        if (!document.querySelector('#review-area') || !document.querySelector('[data-testid=review-event]')) return;
        it.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.opened = performance.now(); }));
    }).observe(document, { childList: true, subtree: true });";

/// Opens the first session of the list and gives the milliseconds until axis and events were painted.
const FROM_LIST: &str = r"
    const done = arguments[arguments.length - 1], from = performance.now();
    new MutationObserver((_, it) => {
        if (!document.querySelector('#review-area') || !document.querySelector('[data-testid=review-event]')) return;
        it.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - from)));
    }).observe(document, { childList: true, subtree: true });
    document.querySelector('[data-testid=review-row] a').click();";

/// Scrolls the events to a share of them and gives the milliseconds until those that came into sight were painted.
const SCROLLED: &str = r"
    const [share, done] = [arguments[0], arguments[arguments.length - 1]], from = performance.now();
    const list = document.querySelector('#review-event-list');
    list.scrollTop = list.scrollHeight * share;
    const look = () => {
        const rows = [...list.querySelectorAll('li')].filter(it => {
            const box = it.getBoundingClientRect(), around = list.getBoundingClientRect();
            return box.bottom > around.top && box.top < around.bottom;
        });
        if (rows.length > 5 && rows.every(it => it.querySelector('[data-testid=review-event]'))) done(performance.now() - from);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);";

#[test]
#[ignore = "it measures, for which the machine has to be quiet: run alone, on demand"]
fn review_figures() -> Result<()> {
    // Rows by the hundred thousand are written into the embedded database's file.
    on_a_site_started(
        |options| ApplianceOptions { console: true, embedded: true, ..options },
        |site| {
            let id = long_session(site)?;
            let began = Instant::now();
            let it: SessionReview = site.admin.get(&format!("/api/review/sessions/{id}"))?;
            let first = began.elapsed();
            ensure!(
                it.events >= EVENTS && it.connections == CONNECTIONS,
                "{} events, {} connections",
                it.events,
                it.connections
            );

            let workstation = Workstation::new(&site.appliance.ready)?;
            let console = signed_in(site, &workstation, Options { extension: false, ..Options::default() })?;
            let mut report = Report::default();
            report.add("the appliance's first answer", vec![first.as_secs_f64() * 1000.0]);
            let answers: Result<Vec<f64>> = (0..TIMES)
                .map(|_| {
                    let began = Instant::now();
                    let _: SessionReview = site.admin.get(&format!("/api/review/sessions/{id}"))?;
                    Ok(began.elapsed().as_secs_f64() * 1000.0)
                })
                .collect();
            report.add("the appliance's answer", answers?);
            let from_list: Result<Vec<f64>> = (0..TIMES)
                .map(|_| {
                    console.visit("/review")?;
                    console.wait_for("review-row")?;
                    console.script_with_answer(FROM_LIST, vec![])?.as_f64().context("no number came back")
                })
                .collect();
            let from_list = report.add("opened from the list", from_list?);
            console.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH }))?;
            let loaded: Result<Vec<f64>> = (0..TIMES).map(|_| opened(&console, id)).collect();
            let loaded = report.add("opened by its address, console and all", loaded?);
            let scrolled: Result<Vec<f64>> = (1..=20)
                .map(|step| {
                    let share = f64::from(step * 37 % 100) / 100.0;
                    console.script_with_answer(SCROLLED, vec![json!(share)])?.as_f64().context("no number came back")
                })
                .collect();
            report.add("scrolled to events that were not loaded", scrolled?);
            let drawn =
                console.script("return document.querySelectorAll('[data-testid=review-event]').length", vec![])?;
            eprintln!(
                "{} events, {} connections, {HOURS} h; {drawn} events in the page; milliseconds\n{}",
                it.events, it.connections, report.text
            );
            ensure!(from_list < GOAL && loaded < GOAL, "opening took {from_list:.0} and {loaded:.0} ms");
            Ok(())
        },
    )
}

fn opened(console: &Console, id: SessionId) -> Result<f64> {
    console.visit(&format!("/review/sessions/{id}"))?;
    wait::until("the session is there", SOON, || Ok(console.script("return window.opened ?? null", vec![])?.as_f64()))
}

/// A session of eight hours, written into the database.
fn long_session(site: &Site) -> Result<SessionId> {
    let item = site.item("ledger", "10.0.0.5", "127.0.0.1", &[(0, 5432)])?;
    let session: Session = site.admin.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
    site.admin.post(&format!("/api/sessions/{}/end", session.id), &json!({}))?.success()?;
    let file = site.folder().join("appliance/sallyport.db");
    ensure!(file.exists(), "the database is not {}", file.display());
    let id = session.id.0.simple().to_string();
    let millis = HOURS * 3_600_000;
    let from = session.created_at.0 - millis;
    let numbers =
        |count: u64| format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    let statements = [
        format!(
            "UPDATE session SET created_at = {from}, ended_at = {}, connections_total = {CONNECTIONS} WHERE id = x'{id}'",
            from + millis
        ),
        format!(
            "{} INSERT INTO session_event (id, session_id, at, kind, message, user_name) SELECT randomblob(16), x'{id}', \
             {from} + i * {millis} / {EVENTS} - 1, 'noted', 'Something happened in the session for the ' || i || 'th time', NULL FROM n",
            numbers(EVENTS)
        ),
        format!(
            "{} INSERT INTO connection (id, session_id, tunnel, client_address, client_program, opened_at, established, closed_at, bytes_sent, \
             bytes_received, \"end\", end_message, stream) SELECT randomblob(16), x'{id}', 0, '127.0.0.1:' || (i % 60000), 'psql', \
             {from} + i * {millis} / {CONNECTIONS} - 1, 1, {from} + i * {millis} / {CONNECTIONS} + (i % 50) * 1000, i % 7000, i % 90000, \
             'finished', '', i FROM n",
            numbers(CONNECTIONS)
        ),
    ];
    tokio::runtime::Runtime::new()?.block_on(async {
        let database = Database::connect(format!("sqlite://{}?mode=rw", file.display())).await?;
        for statement in &statements {
            database.execute_unprepared(statement).await.with_context(|| statement.clone())?;
        }
        Ok::<_, anyhow::Error>(database.close().await?)
    })?;
    Ok(session.id)
}

#[derive(Default)]
struct Report {
    text: String,
}

impl Report {
    /// Adds a row, and gives the median.
    fn add(&mut self, what: &str, mut millis: Vec<f64>) -> f64 {
        millis.sort_by(f64::total_cmp);
        let at = |share: f64| millis[((millis.len() - 1) as f64 * share).round() as usize];
        self.text.push_str(&format!(
            "{what:<42} n {:>3}  median {:>7.1}  p95 {:>7.1}  most {:>7.1}\n",
            millis.len(),
            at(0.5),
            at(0.95),
            at(1.0)
        ));
        at(0.5)
    }
}
