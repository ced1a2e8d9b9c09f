//! Every way to tamper with the audit trail that somebody with the database file has, and that each is found: when the appliance
//! starts, and by whoever verifies an export.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use appliance::store::Store;
use sea_orm::{ConnectionTrait, Database};
use tests::appliance::Options;
use tests::audit_trail::{events, export, heads, last, verify};
use tests::site::{Site, on_a_site_started};
use tests::wait;
use wire::api::{HealthChecks, HealthLevel, HealthSubject, JumpGroup, JumpGroupDraft};
use wire::audit::{Action, AuditEvent, ChainHash, LinkedEvent, next_hash};

/// On an appliance with the embedded database, whatever the other tests use: this is about who has its file.
pub(crate) fn on_files(test: impl FnOnce(&mut Site) -> Result<()>) -> Result<()> {
    on_a_site_started(|options| Options { embedded: true, ..options }, test)
}

/// Runs these statements on a database file, whoever else has it open.
pub(crate) fn sql(file: &Path, statements: &[impl AsRef<str>]) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let database = Database::connect(format!("sqlite://{}?mode=rw", file.display())).await?;
        for statement in statements {
            let statement = statement.as_ref();
            database.execute_unprepared(statement).await.with_context(|| statement.to_owned())?;
        }
        Ok(database.close().await?)
    })
}

/// What keeps nobody who has the file from changing it.
pub(crate) const NO_TRIGGERS: [&str; 4] = [
    "DROP TRIGGER audit_event_no_update",
    "DROP TRIGGER audit_event_no_delete",
    "DROP TRIGGER audit_head_no_update",
    "DROP TRIGGER audit_head_no_delete",
];

fn all_events(file: &Path) -> Result<Vec<LinkedEvent>> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let store = Store::open_sqlite(file).await?;
        let events = store.audit_events_after(0, 10_000).await?.into_iter().map(|it| it.1).collect::<Result<_, _>>()?;
        store.close().await?;
        Ok(events)
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Statements that write these hashes, and what the appliance notes of the end.
fn hashes(links: &[(u64, ChainHash)]) -> Vec<String> {
    let mut all: Vec<String> = links
        .iter()
        .map(|(sequence, hash)| format!("UPDATE audit_event SET hash = x'{hash}' WHERE sequence = {sequence}"))
        .collect();
    if let Some((sequence, hash)) = links.last() {
        all.push(format!("UPDATE audit_tail SET sequence = {sequence}, hash = x'{hash}'"));
    }
    all
}

/// Hashes of a chain that is hashed anew.
fn hashed_anew(events: &[AuditEvent]) -> Vec<(u64, ChainHash)> {
    let mut last = ChainHash::ZERO;
    let mut link = |event: &AuditEvent| {
        last = next_hash(&last, event);
        (event.sequence, last)
    };
    events.iter().map(&mut link).collect()
}

/// What somebody does with the trail, in the words of SQL.
struct Attack {
    name: String,
    statements: Vec<String>,
    /// Whether whoever verifies an export made later finds it too; the appliance always does.
    in_export: bool,
}

fn attack(name: &str, statements: &[&str]) -> Attack {
    Attack { name: name.into(), statements: statements.iter().map(|it| (*it).into()).collect(), in_export: true }
}

/// Every column of an event with another value that its type allows.
const COLUMNS: [(&str, &str); 16] = [
    ("sequence", "100000"),
    ("at", "at + 1"),
    ("actor_kind", "'appliance'"),
    ("actor_id", "x'00000000000000000000000000000009'"),
    ("actor_name", "'eve'"),
    ("actor_token", "'x'"),
    ("address", "'192.0.2.9'"),
    ("action", "'team.removed'"),
    ("object_kind", "'team'"),
    ("object_id", "x'00000000000000000000000000000009'"),
    ("object_name", "'x'"),
    ("outcome", "'refused'"),
    ("message", "'x'"),
    ("before", "'{\"x\":1}'"),
    ("after", "'{\"x\":1}'"),
    ("hash", "zeroblob(32)"),
];

fn attacks(links: &[LinkedEvent]) -> Result<Vec<Attack>> {
    let events: Vec<AuditEvent> = links.iter().map(|it| it.event.clone()).collect();
    let end = events.last().context("no events")?.sequence;
    let of_group = events.iter().find(|it| it.action == Action::GroupChanged).context("no group was changed")?.sequence;
    let mut all = Vec::new();
    for (column, value) in COLUMNS {
        all.push(attack(
            &format!("another {column}"),
            &[&format!("UPDATE audit_event SET {column} = {value} WHERE sequence = {of_group}")],
        ));
    }
    for (column, value) in [("action", "'x.y'"), ("before", "'{'"), ("object_kind", "NULL"), ("hash", "x'00'")] {
        let statement = format!("UPDATE audit_event SET {column} = {value} WHERE sequence = {of_group}");
        all.push(attack(&format!("no {column} at all"), &[&statement]));
    }
    all.push(attack("one removed", &[&format!("DELETE FROM audit_event WHERE sequence = {of_group}")]));
    all.push(attack(
        "one removed and the others moved up",
        &[
            &format!("DELETE FROM audit_event WHERE sequence = {of_group}"),
            &format!("UPDATE audit_event SET sequence = -(sequence - 1) WHERE sequence > {of_group}"),
            "UPDATE audit_event SET sequence = -sequence WHERE sequence < 0",
            "UPDATE audit_tail SET sequence = sequence - 1",
        ],
    ));
    all.push(attack(
        "two swapped",
        &[
            &format!("UPDATE audit_event SET sequence = -1 WHERE sequence = {of_group}"),
            &format!("UPDATE audit_event SET sequence = {of_group} WHERE sequence = {}", of_group + 1),
            &format!("UPDATE audit_event SET sequence = {} WHERE sequence = -1", of_group + 1),
        ],
    ));
    let copy = |sequence: u64| {
        format!(
            "INSERT INTO audit_event SELECT {sequence}, at, actor_kind, actor_id, actor_name, actor_token, address, action, object_kind, \
             object_id, object_name, outcome, message, before, after, hash FROM audit_event WHERE sequence = {of_group}"
        )
    };
    all.push(attack("one added at the end", &[&copy(end + 1)]));
    all.push(attack(
        "one added in between",
        &[
            &format!("UPDATE audit_event SET sequence = -(sequence + 1) WHERE sequence > {of_group}"),
            "UPDATE audit_event SET sequence = -sequence WHERE sequence < 0",
            &copy(of_group + 1),
            "UPDATE audit_tail SET sequence = sequence + 1",
        ],
    ));
    all.push(attack("the last removed", &[&format!("DELETE FROM audit_event WHERE sequence = {end}")]));
    let cut = end - 3;
    let tail = &links[usize::try_from(cut - 1)?];
    let cut_off = [
        format!("DELETE FROM audit_event WHERE sequence > {cut}"),
        format!("UPDATE audit_tail SET sequence = {cut}, hash = x'{}'", tail.hash),
    ];
    all.push(attack("cut off", &[&cut_off[0], &cut_off[1]]));
    let no_later_heads = format!("DELETE FROM audit_head WHERE sequence > {cut}");
    all.push(attack("cut off with its heads", &[&cut_off[0], &cut_off[1], &no_later_heads]));
    all.push(attack("cut off without any head", &[&cut_off[0], &cut_off[1], "DELETE FROM audit_head"]));
    all.push(attack("all removed", &["DELETE FROM audit_event", "DELETE FROM audit_head", "DELETE FROM audit_tail"]));
    all.push(attack("another end noted", &["UPDATE audit_tail SET hash = zeroblob(32)"]));
    all.push(attack("a later end noted", &["UPDATE audit_tail SET sequence = sequence + 5"]));
    for one in all.iter_mut().rev().take(2) {
        // What is noted of the end is no part of the trail.
        one.in_export = one.name.starts_with("a later");
    }

    let mut altered = events.clone();
    altered[usize::try_from(of_group - 1)?].actor.name = "eve".into();
    let mut anew = vec![format!("UPDATE audit_event SET actor_name = 'eve' WHERE sequence = {of_group}")];
    anew.extend(hashes(&hashed_anew(&altered)));
    for (name, more) in [
        ("altered and hashed anew", ""),
        ("altered and hashed anew, without heads", "DELETE FROM audit_head"),
        (
            "altered and hashed anew, with the heads' hashes",
            "UPDATE audit_head SET hash = (SELECT hash FROM audit_event e WHERE e.sequence = audit_head.sequence)",
        ),
    ] {
        let mut statements = anew.clone();
        statements.extend((!more.is_empty()).then(|| more.to_owned()));
        all.push(Attack { name: name.into(), statements, in_export: true });
    }
    let mut forged = events[usize::try_from(of_group - 1)?].clone();
    forged.sequence = end + 1;
    let hash = next_hash(&links.last().context("no events")?.hash, &forged);
    let mut statements = vec![copy(end + 1)];
    statements.extend(hashes(&[(end + 1, hash)]));
    all.push(Attack { name: "one added at the end and hashed".into(), statements, in_export: false });
    all.push(attack(
        "a head removed",
        &["DELETE FROM audit_head WHERE sequence = (SELECT min(sequence) FROM audit_head)"],
    ));
    all.push(attack(
        "a head's signature altered",
        &[&format!("UPDATE audit_head SET signature = {}", quoted(&"0".repeat(128)))],
    ));
    Ok(all)
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

struct Desk {
    data: PathBuf,
    pristine: PathBuf,
    key: String,
}

impl Desk {
    /// Some events, and the appliance is stopped.
    fn new(site: &mut Site) -> Result<Self> {
        for name in ["a", "b"] {
            let draft = JumpGroupDraft { name: name.into(), comments: String::new(), revision: 0 };
            let made: JumpGroup = site.admin.post("/api/jump-groups", &draft)?.ok()?;
            let draft = JumpGroupDraft { comments: "changed".into(), ..draft };
            site.admin.put(&format!("/api/jump-groups/{}", made.id), &draft)?.success()?;
        }
        let key = heads(&site.admin)?.public_key;
        site.appliance.program.stop()?;
        let (data, pristine) = (site.folder().join("appliance"), site.folder().join("pristine"));
        copy_folder(&data, &pristine)?;
        Ok(Self { data, pristine, key })
    }

    fn file(&self) -> PathBuf {
        self.data.join("sallyport.db")
    }

    /// The folder as it was when the appliance stopped.
    fn restore(&self) -> Result<()> {
        std::fs::remove_dir_all(&self.data)?;
        copy_folder(&self.pristine, &self.data)
    }

    /// Starts the appliance with what lies there. Whether it finds something wrong, and whether its export is whole.
    fn look(&self, site: &mut Site) -> Result<(Vec<String>, Option<String>)> {
        site.appliance.start_again()?;
        let findings = heads(&site.admin)?.findings.into_iter().map(|it| it.what).collect::<Vec<_>>();
        let said = !events(&site.admin, "category=audit.broken")?.is_empty();
        ensure!(said != findings.is_empty(), "the trail does not tell what was found: {findings:?}");
        let broken = verify(&export(&site.admin)?, &self.key)?.err().map(|it| it.to_string());
        site.appliance.program.stop()?;
        Ok((findings, broken))
    }
}

#[test]
fn every_way_to_tamper_with_the_database_is_found() -> Result<()> {
    on_files(|site| {
        let desk = Desk::new(site)?;
        let links = all_events(&desk.file())?;
        let untouched = desk.look(site)?;
        ensure!(untouched == (vec![], None), "nothing was done, and {untouched:?}");
        let mut missed = Vec::new();
        for attack in attacks(&links)? {
            desk.restore()?;
            let triggers = NO_TRIGGERS.iter().map(|it| (*it).to_owned());
            let statements: Vec<String> = triggers.chain(attack.statements).collect();
            sql(&desk.file(), &statements).with_context(|| attack.name.clone())?;
            let (findings, broken) = desk.look(site).with_context(|| attack.name.clone())?;
            let is_head_removed = attack.name == "a head removed";
            // The newest head still covers everything: nothing of the events can be altered.
            if (findings.is_empty() || (attack.in_export && broken.is_none())) && !is_head_removed {
                missed.push(format!("{}: found {findings:?}, the export {broken:?}", attack.name));
            }
        }
        ensure!(missed.is_empty(), "{}", missed.join("\n"));
        Ok(())
    })
}

#[test]
fn what_is_kept_beside_the_database_is_looked_at_too() -> Result<()> {
    on_files(|site| {
        let desk = Desk::new(site)?;
        let kept = desk.data.join("audit-heads");
        std::fs::remove_file(&kept)?;
        let (findings, _) = desk.look(site)?;
        ensure!(findings.len() == 1 && findings[0].contains("audit-heads"), "{findings:?}");
        // It stays on record.
        let (again, _) = desk.look(site)?;
        ensure!(again == findings, "{again:?}");

        desk.restore()?;
        let text = std::fs::read_to_string(&kept)?;
        let mut value: serde_json::Value = serde_json::from_str(&text)?;
        value["newest"]["at"] = 1.into();
        std::fs::write(&kept, value.to_string())?;
        let (findings, _) = desk.look(site)?;
        ensure!(findings.len() == 1 && findings[0].contains("not signed with the appliance's key"), "{findings:?}");

        // An older copy of the database.
        desk.restore()?;
        site.appliance.start_again()?;
        let draft = JumpGroupDraft { name: "later".into(), comments: String::new(), revision: 0 };
        site.admin.post("/api/jump-groups", &draft)?.success()?;
        site.appliance.program.stop()?;
        for name in ["sallyport.db", "sallyport.db-wal", "sallyport.db-shm"] {
            let (from, to) = (desk.pristine.join(name), desk.data.join(name));
            if to.exists() {
                std::fs::remove_file(&to)?;
            }
            if from.exists() {
                std::fs::copy(from, to)?;
            }
        }
        let (findings, broken) = desk.look(site)?;
        ensure!(findings.len() == 1 && findings[0].contains("cut off") && broken.is_some(), "{findings:?} {broken:?}");
        Ok(())
    })
}

#[test]
fn the_database_refuses_by_itself_and_tampering_under_a_running_appliance_is_found() -> Result<()> {
    on_files(|site| {
        let file = site.folder().join("appliance/sallyport.db");
        for statement in [
            "UPDATE audit_event SET message = 'x'",
            "DELETE FROM audit_event",
            "UPDATE audit_head SET signature = 'x'",
            "DELETE FROM audit_head",
        ] {
            let refused = sql(&file, &[statement]).err().map(|it| format!("{it:#}")).unwrap_or_default();
            ensure!(refused.contains("only ever added to"), "{statement}: {refused}");
        }
        let (key, end) = (heads(&site.admin)?.public_key, last(&site.admin)?);
        let links = all_events(&file)?;
        let hash = links[usize::try_from(end - 3)?].hash;
        let mut statements: Vec<String> = NO_TRIGGERS.iter().map(|it| (*it).to_owned()).collect();
        statements.push(format!("DELETE FROM audit_event WHERE sequence > {}", end - 2));
        statements.push(format!("UPDATE audit_tail SET sequence = {}, hash = x'{hash}'", end - 2));
        sql(&file, &statements)?;
        let draft = JumpGroupDraft { name: "later".into(), comments: String::new(), revision: 0 };
        site.admin.post("/api/jump-groups", &draft)?.success()?;
        let findings = heads(&site.admin)?.findings;
        ensure!(findings.len() == 1 && findings[0].what.contains("while the appliance ran"), "{findings:?}");
        ensure!(verify(&export(&site.admin)?, &key)?.is_err(), "the export is whole");
        let checks: HealthChecks = site.admin.get("/api/health-checks")?;
        let trail = checks.checks.into_iter().find(|it| it.subject == HealthSubject::AuditTrail);
        ensure!(trail.as_ref().is_some_and(|it| it.level == HealthLevel::Bad), "{trail:?}");
        let seen = crate::metrics::scrape(site)?;
        ensure!(seen.value("sallyport_audit_findings", &[]) == 1.0, "{seen:?}");
        Ok(())
    })
}

#[test]
fn an_event_that_is_altered_under_a_running_appliance_is_found_without_another_change() -> Result<()> {
    on_files(|site| {
        let file = site.folder().join("appliance/sallyport.db");
        let draft = JumpGroupDraft { name: "a".into(), comments: String::new(), revision: 0 };
        site.admin.post("/api/jump-groups", &draft)?.success()?;
        let end = last(&site.admin)?;
        let mut statements: Vec<String> = NO_TRIGGERS.iter().map(|it| (*it).to_owned()).collect();
        statements.push(format!("UPDATE audit_event SET actor_name = 'eve' WHERE sequence = {end}"));
        sql(&file, &statements)?;
        let found = wait::until("it is found", Duration::from_secs(60), || {
            Ok(heads(&site.admin)?.findings.into_iter().next())
        })?;
        ensure!(found.what.contains(&format!("event {end} was altered")), "{found:?}");
        ensure!(events(&site.admin, "category=audit.broken")?.len() == 1, "the trail does not tell");
        Ok(())
    })
}
