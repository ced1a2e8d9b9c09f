//! The audit trail on a PostgreSQL server: what the server itself refuses, and what is found when its owner goes around that.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::appliance::Options;
use tests::audit_trail::{export, heads, verify};
use tests::database;
use tests::site::on_a_site_started;
use wire::api::{HealthChecks, HealthLevel, HealthSubject, JumpGroup, JumpGroupDraft};

#[test]
fn the_server_keeps_the_trail_as_it_is_and_tampering_is_found() -> Result<()> {
    let server = database::server()?;
    let url = server.fresh_database()?;
    let name = url.rsplit_once('/').context("a URL")?.1.to_owned();
    on_a_site_started(
        |options| Options { database: Some(url), ..options },
        |site| {
            for statement in [
                "update audit_event set message = 'x'",
                "delete from audit_event",
                "truncate audit_event",
                "update audit_head set signature = 'x'",
                "delete from audit_head",
                "truncate audit_head",
            ] {
                let refused = server.ask_in(&name, statement).err().map(|it| format!("{it:#}")).unwrap_or_default();
                ensure!(refused.contains("only ever added to"), "{statement}: {refused}");
            }
            let key = heads(&site.admin)?.public_key;
            verify(&export(&site.admin)?, &key)??;

            // What cannot be written down does not happen.
            let draft = JumpGroupDraft { name: "later".into(), comments: String::new(), revision: 0 };
            server.ask_in(&name, "alter table audit_event add constraint no_more check (sequence < 0) not valid")?;
            let refused = site.admin.post("/api/jump-groups", &draft)?.refused(503)?;
            ensure!(refused.code == "not_audited", "{refused:?}");
            let groups: Vec<JumpGroup> = site.admin.get("/api/jump-groups")?;
            ensure!(groups.iter().all(|it| it.name != "later"), "{groups:?}");
            server.ask_in(&name, "alter table audit_event drop constraint no_more")?;
            site.admin.post("/api/jump-groups", &draft)?.success()?;

            let tamper = "drop trigger audit_event_append_only on audit_event; \
                          update audit_event set actor_name = 'eve' where sequence = 2";
            server.ask_in(&name, tamper)?;
            ensure!(verify(&export(&site.admin)?, &key)?.is_err(), "the export is whole");
            Ok(())
        },
    )
}

/// Holds the trail's end for a while.
const HOLD: &str = "begin; lock table audit_tail in access exclusive mode; select pg_sleep(25); commit";

#[test]
fn a_server_that_stalls_is_told_and_what_has_to_be_audited_is_refused() -> Result<()> {
    let server = database::server()?;
    let url = server.fresh_database()?;
    let name = url.rsplit_once('/').context("a URL")?.1.to_owned();
    on_a_site_started(
        |options| Options { database: Some(url), ..options },
        |site| {
            let level = |site: &tests::site::Site| -> Result<HealthLevel> {
                let checks: HealthChecks = site.admin.get("/api/health-checks")?;
                let trail = checks.checks.into_iter().find(|it| it.subject == HealthSubject::AuditTrail);
                Ok(trail.context("it is looked after")?.level)
            };
            ensure!(level(site)? == HealthLevel::Good);
            let draft = JumpGroupDraft { name: "later".into(), comments: String::new(), revision: 0 };
            std::thread::scope(|scope| -> Result<()> {
                let holding = scope.spawn(|| server.ask_in(&name, HOLD));
                std::thread::sleep(Duration::from_secs(1));
                let began = Instant::now();
                let refused = site.admin.post("/api/jump-groups", &draft)?;
                ensure!(refused.status == 503, "{refused:?}");
                ensure!(began.elapsed() < Duration::from_secs(15), "it took {:?}", began.elapsed());
                ensure!(level(site)? == HealthLevel::Bad);
                holding.join().ok().context("the holder panicked")?.map(|_| ())
            })?;
            let groups: Vec<JumpGroup> = site.admin.get("/api/jump-groups")?;
            ensure!(groups.iter().all(|it| it.name != "later"), "{groups:?}");
            site.admin.post("/api/jump-groups", &draft)?.success()?;
            ensure!(level(site)? == HealthLevel::Good);
            let key = heads(&site.admin)?.public_key;
            verify(&export(&site.admin)?, &key)??;
            Ok(())
        },
    )
}
