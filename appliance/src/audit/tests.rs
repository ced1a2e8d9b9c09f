use std::time::{Duration, Instant};

use futures_util::{TryStreamExt, future};
use tokio_util::sync::CancellationToken;
use wire::audit::{Action, AuditEvent, Changed, ExportReader, LinkedEvent, ObjectKind, Outcome, Verified, next_hash};
use wire::{JumpGroupId, Timestamp};

use super::*;
use crate::store::JumpGroupRecord;

struct Desk {
    audit: Audit,
    store: Store,
    stopping: CancellationToken,
    folder: tempfile::TempDir,
}

async fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("sallyport.db")).await.unwrap();
    let (audit, appender) = Audit::open(store.clone(), folder.path()).await.unwrap();
    let stopping = CancellationToken::new();
    tokio::spawn(appender.run(stopping.clone()));
    Desk { audit, store, stopping, folder }
}

fn group(number: u128) -> JumpGroupRecord {
    let id = JumpGroupId(uuid::Uuid::from_u128(number));
    JumpGroupRecord {
        id,
        name: number.to_string(),
        comments: String::new(),
        owner: None,
        created_at: Timestamp(1),
        revision: 0,
    }
}

fn entry(it: &JumpGroupRecord) -> Entry {
    Entry::of(Action::GroupCreated, ObjectKind::Group, it.id.0, &it.name)
}

async fn verified(audit: &Audit) -> Verified {
    let file = audit.export("https://gate", 0).await.unwrap().unwrap();
    let pieces: Vec<bytes::Bytes> = file.try_collect().await.unwrap();
    let mut reader = ExportReader::new(Some(audit.key()));
    pieces.iter().for_each(|piece| reader.push(piece).unwrap());
    reader.finish().unwrap()
}

#[tokio::test]
async fn a_change_and_its_events_are_kept_together_or_not_at_all() {
    let desk = desk().await;
    let before = verified(&desk.audit).await.last;
    let change = desk.audit.begin().await.unwrap();
    change.insert_jump_group(&group(1)).await.unwrap();
    assert!(change.jump_group(group(1).id).await.unwrap().is_some(), "the change does not see itself");
    assert!(desk.store.jump_group(group(1).id).await.unwrap().is_none(), "others see it before its time");
    drop(change);
    assert!(desk.store.jump_groups().await.unwrap().is_empty());
    let change = desk.audit.begin().await.unwrap();
    change.insert_jump_group(&group(1)).await.unwrap();
    // What fails inside takes nothing else with it.
    assert!(change.insert_jump_group(&group(1)).await.is_err());
    change.commit(&By::appliance(), [entry(&group(1))]).await.unwrap();
    assert_eq!(desk.store.jump_groups().await.unwrap().len(), 1);
    assert_eq!(verified(&desk.audit).await.last, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_events_at_the_same_time_make_one_chain() {
    let desk = desk().await;
    let changes = (0..60).map(|number| {
        let audit = desk.audit.clone();
        tokio::spawn(async move {
            let change = audit.begin().await.unwrap();
            change.insert_jump_group(&group(number)).await.unwrap();
            change.commit(&By::appliance(), [entry(&group(number))]).await.unwrap();
        })
    });
    let events = (0..600).map(|number| {
        let audit = desk.audit.clone();
        tokio::spawn(async move { audit.append(&By::nobody("192.0.2.1"), entry(&group(number))).await.unwrap() })
    });
    let all: Vec<_> = changes.chain(events).collect();
    future::join_all(all).await.into_iter().for_each(|it| it.unwrap());
    let whole = verified(&desk.audit).await;
    assert!(whole.last >= 661 && whole.heads >= 3, "{whole:?}");
    assert!(desk.audit.findings().is_empty());
    // Whoever comes when the appender has ended writes for themselves.
    desk.stopping.cancel();
    desk.audit.append(&By::appliance(), entry(&group(1))).await.unwrap();
    desk.audit.close().await;
    let (again, _) = Audit::open(desk.store.clone(), desk.folder.path()).await.unwrap();
    assert!(again.findings().is_empty(), "{:?}", again.findings());
    assert!(verified(&again).await.last > whole.last);
}

/// An event that somebody with the database adds as the appliance would.
async fn forge(desk: &Desk) {
    let mut open = desk.store.begin_audited().await.unwrap();
    let sequence = open.tail().sequence + 1;
    let event = AuditEvent {
        sequence,
        at: Timestamp(1),
        actor: By::appliance().actor,
        address: None,
        action: Action::GroupCreated,
        object: None,
        outcome: Outcome::Succeeded,
        message: String::new(),
        before: Changed::default(),
        after: Changed::default(),
    };
    let hash = next_hash(&open.tail().hash, &event);
    open.append(&[LinkedEvent { event, hash }]).await.unwrap();
    open.commit().await.unwrap();
}

#[tokio::test]
async fn an_event_that_somebody_else_added_is_found_however_well_it_fits() {
    let desk = desk().await;
    desk.audit.append(&By::appliance(), entry(&group(1))).await.unwrap();
    assert!(desk.audit.findings().is_empty());
    forge(&desk).await;
    desk.audit.append(&By::appliance(), entry(&group(2))).await.unwrap();
    assert_eq!(desk.audit.findings().len(), 1);
    // It goes on, and says it once.
    desk.audit.append(&By::appliance(), entry(&group(3))).await.unwrap();
    assert_eq!(desk.audit.findings().len(), 1, "{:?}", desk.audit.findings());
}

#[tokio::test]
async fn a_change_that_nobody_waited_for_is_no_finding() {
    let desk = desk().await;
    for number in 0..200 {
        let change = desk.audit.begin().await.unwrap();
        change.insert_jump_group(&group(number)).await.unwrap();
        let by = By::appliance();
        let committing = change.commit(&by, [entry(&group(number))]);
        // Dropped at any moment of it.
        let _ = tokio::time::timeout(Duration::from_micros(number as u64 * 20), committing).await;
    }
    let change = desk.audit.begin().await.unwrap();
    change.commit(&By::appliance(), [entry(&group(1000))]).await.unwrap();
    assert!(desk.audit.findings().is_empty(), "{:?}", desk.audit.findings());
    verified(&desk.audit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_writes_while_it_runs_is_found_without_a_change() {
    const COPIED: &str = "at, actor_kind, actor_id, actor_name, actor_token, address, action, object_kind, object_id, object_name, outcome, message, before, after, hash";
    let forged = format!(
        "INSERT INTO audit_event SELECT sequence + 1, {COPIED} FROM audit_event WHERE sequence = (SELECT max(sequence) FROM audit_event)"
    );
    // Where the last signed head is decides which of two things is seen first.
    for (statement, said) in [
        (forged.as_str(), ["added by somebody else"; 2]),
        ("UPDATE audit_event SET actor_name = 'eve' WHERE sequence = 3", ["was altered"; 2]),
        ("DELETE FROM audit_event WHERE sequence = 2", ["is missing", "event 2, or one before it, was altered"]),
    ] {
        let desk = desk().await;
        for number in 0..5 {
            desk.audit.append(&By::appliance(), entry(&group(number))).await.unwrap();
        }
        desk.audit.look_again(true).await.unwrap();
        assert!(desk.audit.findings().is_empty(), "{:?}", desk.audit.findings());
        for trigger in ["audit_event_no_update", "audit_event_no_delete"] {
            desk.store.run_any(&format!("DROP TRIGGER {trigger}")).await;
        }
        desk.store.run_any(statement).await;
        desk.audit.look_again(true).await.ok();
        let found = desk.audit.findings();
        let is_told = |it: &Finding| said.iter().any(|said| it.what.contains(said));
        assert!(found.len() == 1 && is_told(&found[0]), "{statement}: {found:?}");
        desk.audit.look_again(true).await.ok();
        assert_eq!(desk.audit.findings().len(), 1, "{statement}");
        desk.stopping.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stalls_is_told_and_refuses() {
    let desk = desk().await;
    assert!(desk.audit.failing().is_none());
    // Whoever holds the turn stands for a database that does not answer.
    let turn = desk.audit.turn.clone().lock_owned().await;
    let by = By::appliance();
    let (refused, begun) = future::join(desk.audit.append(&by, entry(&group(1))), desk.audit.begin()).await;
    assert!(matches!(refused, Err(StoreError::NotAudited(_))), "{refused:?}");
    assert!(matches!(begun.err(), Some(StoreError::Busy)));
    assert!(desk.audit.failing().is_some());
    drop(turn);
    desk.audit.append(&by, entry(&group(2))).await.unwrap();
    assert!(desk.audit.failing().is_none() && desk.audit.findings().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: cargo test --release -p appliance audit -- --ignored --nocapture"]
#[expect(clippy::print_stdout, reason = "it is what the measurement is for")]
async fn how_many_events_a_second() {
    const EVENTS: usize = 50_000;
    let desk = desk().await;
    let began = Instant::now();
    let workers = (0..1000).map(|_| {
        let audit = desk.audit.clone();
        tokio::spawn(async move {
            for number in 0..EVENTS / 1000 {
                let it = entry(&group(number as u128)).made(&serde_json::json!({ "reason": "wrong_password" }));
                audit.append(&By::nobody("192.0.2.1"), it).await.unwrap();
            }
        })
    });
    future::join_all(workers.collect::<Vec<_>>()).await.into_iter().for_each(|it| it.unwrap());
    println!("{:.0} events/s appended", EVENTS as f64 / began.elapsed().as_secs_f64());
    let alone = change_median(&desk, 0).await;
    println!("a change with its event takes {alone:.2} ms alone");
    let stopping = desk.stopping.child_token();
    let load = {
        let (audit, stopping) = (desk.audit.clone(), stopping.clone());
        tokio::spawn(async move {
            // 5,000 a second, from 50 people at a time.
            let (mut ticks, mut appended) = (tokio::time::interval(Duration::from_millis(10)), 0);
            while !stopping.is_cancelled() {
                ticks.tick().await;
                let people = (0..50).map(|number| {
                    let it = entry(&group(number)).made(&serde_json::json!({ "reason": "wrong_password" }));
                    let audit = audit.clone();
                    async move { audit.append(&By::nobody("192.0.2.1"), it).await }
                });
                appended += future::join_all(people).await.into_iter().filter(Result::is_ok).count();
            }
            appended
        })
    };
    let began = Instant::now();
    let beside = change_median(&desk, 10_000).await;
    stopping.cancel();
    let rate = load.await.unwrap() as f64 / began.elapsed().as_secs_f64();
    println!("a change with its event takes {beside:.2} ms beside {rate:.0} events/s");
    let began = Instant::now();
    let whole = verified(&desk.audit).await;
    println!("{:.0} events/s exported and verified", whole.events as f64 / began.elapsed().as_secs_f64());
}

/// Milliseconds that a change with its event takes, in the middle of 2,000; groups are numbered from `first`.
async fn change_median(desk: &Desk, first: u128) -> f64 {
    let mut all = Vec::new();
    for number in first..first + 2_000 {
        let began = Instant::now();
        let change = desk.audit.begin().await.unwrap();
        change.insert_jump_group(&group(number)).await.unwrap();
        change.commit(&By::appliance(), [entry(&group(number))]).await.unwrap();
        all.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
