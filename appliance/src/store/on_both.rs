//! What the embedded database and one on a server have to do alike: `SALLYPORT_TEST_DATABASE` says with which these run.

use tempfile::TempDir;
use uuid::Uuid;
use wire::api::{
    Connection, CredentialFacts, CredentialKind, Giving, ItemCredential, JumpPolicyDraft, Membership, Principal, Role,
    SessionEvent, SessionState, Tunnel, TunnelDefinition, TunnelJumpDraft,
};
use wire::stream::EndReason;
use wire::{
    ConnectionId, CredentialId, JumpGroupId, JumpItemId, JumpItemRoleId, JumpPolicyId, JumpointId, SessionEventId,
    SessionId, TeamId, Timestamp, UserId,
};

use super::{
    ConnectionRecord, CredentialRecord, JumpGroupRecord, JumpItemRecord, JumpointRecord, LetterRecord,
    SessionEventRecord, SessionRecord, Store, StoreError, TeamRecord, UserEdit, UserRecord,
};
use crate::jump::policy::Policy;
use crate::jump::removal::Removed;
use crate::random;

async fn fresh() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Store::fresh(folder.path()).await, folder)
}

async fn user(store: &Store, name: &str, role: Role) -> UserId {
    let id = UserId(random::id());
    let user = UserRecord {
        id,
        user_name: name.into(),
        display_name: name.into(),
        email: None,
        role,
        enabled: true,
        methods: Vec::new(),
        default_role: None,
        personal_role: None,
        session_policy: None,
        password_hash: "hash".into(),
        created_at: Timestamp(1),
        last_sign_in_at: None,
        revision: 0,
    };
    store.insert_user(&user).await.unwrap();
    id
}

async fn group(store: &Store, name: &str) -> JumpGroupId {
    let id = JumpGroupId(random::id());
    let group = JumpGroupRecord {
        id,
        name: name.into(),
        comments: String::new(),
        owner: None,
        created_at: Timestamp(1),
        revision: 0,
    };
    store.insert_jump_group(&group).await.unwrap();
    id
}

async fn jumpoint(store: &Store, name: &str) -> JumpointId {
    let id = JumpointId(random::id());
    let it = JumpointRecord {
        id,
        name: name.into(),
        comments: String::new(),
        enabled: true,
        protocol_tunnel_enabled: true,
        created_at: Timestamp(1),
        revision: 0,
    };
    store.insert_jumpoint(&it).await.unwrap();
    id
}

fn item(group_id: JumpGroupId, jumpoint_id: JumpointId, name: &str) -> JumpItemRecord {
    JumpItemRecord {
        id: JumpItemId(random::id()),
        definition: TunnelJumpDraft {
            name: name.into(),
            jumpoint_id,
            group_id,
            hostname: "db".into(),
            local_address: "127.0.0.1".into(),
            tunnels: vec![TunnelDefinition { local_port: 0, remote_port: 22, label: String::new() }],
            tag: None,
            comments: String::new(),
            jump_policy_id: None,
            session_policy_id: None,
            credentials: None,
            revision: 0,
        },
        created_at: Timestamp(1),
        updated_at: Timestamp(1),
        last_used_at: None,
    }
}

async fn policy(store: &Store, name: &str) -> JumpPolicyId {
    let id = JumpPolicyId(random::id());
    let definition = JumpPolicyDraft { name: name.into(), ..Policy::missing(id).definition };
    store.insert_jump_policy(&Policy { id, definition }, Timestamp(1)).await.unwrap();
    id
}

fn session(user: UserId, item: &JumpItemRecord) -> (SessionRecord, SessionEventRecord) {
    let id = SessionId(random::id());
    let record = SessionRecord {
        id,
        item_id: Some(item.id),
        item_name: item.definition.name.clone(),
        user_id: user,
        user_name: "ana".into(),
        hostname: "db".into(),
        jumpoint_id: item.definition.jumpoint_id,
        jumpoint_name: "ams".into(),
        node_hostname: None,
        user_address: "192.0.2.1".into(),
        state: SessionState::Ready,
        end: None,
        end_message: None,
        created_at: Timestamp(5),
        tunnelling_at: None,
        ended_at: None,
        tunnels: Vec::<Tunnel>::new(),
        bytes_sent: u64::MAX,
        bytes_received: 7,
        connections_total: 0,
        node_id: None,
        node_run: Some(Uuid::from_u128(9)),
        resume_hash: Some(vec![0, 255, 0]),
        seen_at: None,
        approvals: Vec::new(),
        link_grace_seconds: Some(90),
        ticket: Some("4711".into()),
        told_of_end: vec!["ana@example.org".into()],
        joined: None,
        policy: None,
        recording: None,
        capture: None,
        group_id: None,
    };
    let event = SessionEvent {
        id: SessionEventId(random::id()),
        at: Timestamp(5),
        kind: "began".into(),
        message: "It began.".into(),
        user_name: None,
    };
    (record, SessionEventRecord { session_id: id, event })
}

#[tokio::test]
async fn lists_come_in_the_order_of_bytes() {
    let (store, _folder) = fresh().await;
    for name in ["ä", "b", "A-1", "a", "Z", "A 1"] {
        group(&store, name).await;
    }
    let names: Vec<_> = store.jump_groups().await.unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["A 1", "A-1", "Z", "a", "b", "ä"]);
}

#[tokio::test]
async fn names_are_taken_once_and_what_is_needed_stays() {
    let (store, _folder) = fresh().await;
    user(&store, "Ana", Role::Administrator).await;
    let again =
        UserRecord { id: UserId(random::id()), user_name: "aNA".into(), ..store.users().await.unwrap().remove(0) };
    assert!(matches!(store.insert_user(&again).await, Err(StoreError::Duplicate)));
    assert!(store.user_by_name("ANA").await.unwrap().is_some());
    let (ops, ams) = (group(&store, "Ops").await, jumpoint(&store, "ams").await);
    let db = item(ops, ams, "db");
    store.insert_jump_item(&db).await.unwrap();
    assert!(matches!(store.delete_jump_group(ops).await, Err(StoreError::Dependent)));
    assert!(matches!(store.delete_jumpoint(ams).await, Err(StoreError::Dependent)));
    let nowhere = item(JumpGroupId(random::id()), ams, "lost");
    assert!(matches!(store.insert_jump_item(&nowhere).await, Err(StoreError::Dependent)));
    assert!(store.remove_jump_items(&[db.id], Removed { by: again.id, at: Timestamp(9) }).await.unwrap());
    store.delete_jump_group(ops).await.unwrap();
}

#[tokio::test]
async fn a_text_is_kept_whatever_it_holds() {
    let (store, _folder) = fresh().await;
    let text = "Grüße 日本語 🔑 \\ ' \" % _ \u{1}";
    store.set_setting("key", text).await.unwrap();
    assert_eq!(store.setting("key").await.unwrap().as_deref(), Some(text));
    // One that no text of PostgreSQL holds: something is kept, and nothing fails.
    store.set_setting("key\0", "a\0b").await.unwrap();
    assert!(store.setting("key\0").await.unwrap().is_some_and(|it| it.starts_with('a') && it.ends_with('b')));
}

#[tokio::test]
async fn a_session_comes_back_as_it_was_written() {
    let (store, _folder) = fresh().await;
    let ana = user(&store, "ana", Role::Technician).await;
    let db = item(group(&store, "Ops").await, jumpoint(&store, "ams").await, "db");
    store.insert_jump_item(&db).await.unwrap();
    let (mut record, first) = session(ana, &db);
    store.insert_session(&record, &first).await.unwrap();
    record.bytes_sent = u64::try_from(i64::MAX).unwrap();
    assert_eq!(store.session(record.id).await.unwrap().as_ref(), Some(&record));
    assert_eq!(store.session_events(record.id).await.unwrap(), [first.event]);
    assert_eq!(store.own_items(ana).await.unwrap()[&db.id].used_at, Some(Timestamp(5)));
    store.set_favourite(ana, db.id, true).await.unwrap();
    let own = store.own_items(ana).await.unwrap()[&db.id];
    assert_eq!((own.favourite, own.used_at), (true, Some(Timestamp(5))));
    let of_tunnel = |tunnel, stream, sent, closed_at| ConnectionRecord {
        session_id: record.id,
        connection: Connection {
            id: ConnectionId(random::id()),
            tunnel,
            client_address: Some("127.0.0.1:5".into()),
            client_program: None,
            opened_at: Timestamp(6),
            established: true,
            closed_at: None::<Timestamp>.or(closed_at),
            bytes_sent: sent,
            bytes_received: 1,
            end: closed_at.map(|_| EndReason::SessionEnded),
            end_message: String::new(),
            fault: closed_at.and(EndReason::SessionEnded.fault()),
        },
        stream: Some(stream),
    };
    let mut rows: Vec<_> = (0..20).map(|it| of_tunnel(u16::try_from(it % 2).unwrap(), it, 1 << 40, None)).collect();
    store.save_connections(&rows).await.unwrap();
    rows[0] = ConnectionRecord { connection: of_tunnel(0, 0, 3, Some(Timestamp(7))).connection, ..rows[0].clone() };
    rows[0].connection.id = store.connections_so_far(record.id, 9).await.unwrap().open[0].1.id;
    store.save_connections(&rows[..1]).await.unwrap();
    let so_far = store.connections_so_far(record.id, 9).await.unwrap();
    assert_eq!((so_far.open.len(), so_far.ended.len()), (19, 1));
    let mut sums = so_far.sums;
    sums.sort_by_key(|it| it.tunnel);
    let sums: Vec<_> = sums.iter().map(|it| (it.connections, it.bytes_sent)).collect();
    assert_eq!(sums, [(10, 9 * (1 << 40) + 3), (10, 10 * (1 << 40))]);
}

#[tokio::test]
async fn a_limit_holds_however_many_write_at_the_same_time() {
    let (store, _folder) = fresh().await;
    let letter = || LetterRecord {
        id: random::id(),
        to: "ana@example.org".into(),
        subject: "s".into(),
        text: "t".into(),
        posted_at: Timestamp(1),
        attempts: 0,
        next_attempt_at: Timestamp(1),
        failed_at: None,
        reason: None,
    };
    let posts = (0..30).map(|_| store.insert_letter(letter(), 5));
    let posted = futures_util::future::join_all(posts).await;
    assert_eq!(posted.iter().filter(|it| it.is_ok()).count(), 5);
    let full = posted.iter().filter(|it| matches!(it, Err(StoreError::OutboxFull))).count();
    assert_eq!(full, 25, "{posted:?}");
    assert_eq!(store.waiting_letters().await.unwrap().0, 5);
}

#[tokio::test]
async fn what_is_named_while_it_is_removed_is_either_there_or_refused() {
    let (store, _folder) = fresh().await;
    let (ops, ams) = (group(&store, "Ops").await, jumpoint(&store, "ams").await);
    for round in 0..12 {
        let night = policy(&store, &format!("night {round}")).await;
        let mut named = item(ops, ams, "db");
        named.definition.jump_policy_id = Some(night);
        let (inserted, removed) = tokio::join!(store.insert_jump_item(&named), store.delete_jump_policy(night));
        assert!(inserted.is_ok() != removed.is_ok(), "{inserted:?} {removed:?}");
        assert_eq!(store.jump_policy(night).await.unwrap().is_some(), inserted.is_ok());
    }
}

#[tokio::test]
async fn a_credential_is_kept_as_it_was_and_stays_while_an_item_names_it() {
    let (store, _folder) = fresh().await;
    let (ops, lab, ams) = (group(&store, "Ops").await, group(&store, "Lab").await, jumpoint(&store, "ams").await);
    let record = |group_id| CredentialRecord {
        id: CredentialId(random::id()),
        facts: CredentialFacts {
            name: "root".into(),
            group_id,
            kind: CredentialKind::SshKey,
            user_name: "root".into(),
            comments: "Grüße".into(),
            giving: Giving::CopiedOnly,
        },
        secret: vec![1, 0, 255],
        passphrase: Some(vec![0]),
        created_at: Timestamp(1),
        secret_at: Timestamp(2),
        revision: 0,
    };
    let root = record(ops);
    store.insert_credential(&root).await.unwrap();
    assert_eq!(store.credential(root.id).await.unwrap().as_ref(), Some(&root));
    assert!(matches!(store.insert_credential(&record(ops)).await, Err(StoreError::Duplicate)));
    store.insert_credential(&record(lab)).await.unwrap();
    assert!(store.update_credential(&root).await.unwrap());
    assert!(matches!(store.update_credential(&root).await, Err(StoreError::ChangedMeanwhile)));
    assert!(matches!(store.delete_jump_group(ops).await, Err(StoreError::Dependent)));
    for round in 0..8 {
        let mut named = item(ops, ams, &format!("db {round}"));
        let of = CredentialRecord {
            facts: CredentialFacts { name: format!("{round}"), ..record(ops).facts },
            ..record(ops)
        };
        store.insert_credential(&of).await.unwrap();
        named.definition.credentials = Some(vec![ItemCredential { credential_id: of.id, remote_port: Some(22) }]);
        let (inserted, removed) = tokio::join!(store.insert_jump_item(&named), store.delete_credential(of.id));
        assert!(inserted.is_ok() != removed.is_ok(), "{inserted:?} {removed:?}");
        assert_eq!(store.credential(of.id).await.unwrap().is_some(), inserted.is_ok());
        assert_eq!(store.credential_uses().await.unwrap().contains_key(&of.id), inserted.is_ok());
    }
    assert!(store.delete_credential(root.id).await.unwrap());
}

#[tokio::test]
async fn members_change_while_their_teams_go() {
    let (store, _folder) = fresh().await;
    let ops = group(&store, "Ops").await;
    let mut revision = 0;
    for round in 0..12 {
        let team = TeamRecord {
            id: TeamId(random::id()),
            name: format!("team {round}"),
            comments: String::new(),
            members: Vec::new(),
            created_at: Timestamp(1),
            revision: 0,
        };
        store.insert_team(&team).await.unwrap();
        let principal = Principal::Team(team.id);
        let member = Membership { principal, role_id: JumpItemRoleId::AUDITOR, jump_policy_id: None };
        store.set_memberships(ops, std::slice::from_ref(&member), revision).await.unwrap();
        revision += 1;
        let members = [member];
        let (set, gone) = tokio::join!(store.set_memberships(ops, &members, revision), store.delete_team(team.id));
        assert!(gone.unwrap());
        assert!(matches!(set, Ok(true) | Err(StoreError::Dependent)), "{set:?}");
        revision += i64::from(set.is_ok());
        assert!(store.memberships(ops).await.unwrap().unwrap().0.is_empty());
    }
}

#[tokio::test]
async fn bulk_changes_in_another_order_do_not_stop_each_other() {
    let (store, _folder) = fresh().await;
    let (ops, ams) = (group(&store, "Ops").await, jumpoint(&store, "ams").await);
    let mut there: Vec<_> = (0..40).map(|it| item(ops, ams, &format!("item {it}"))).collect();
    store.insert_jump_items(&there).await.unwrap();
    let mut backwards: Vec<_> = there.iter().rev().cloned().collect();
    for revision in 0..5 {
        there.iter_mut().chain(&mut backwards).for_each(|it| it.definition.revision = revision);
        let (one, other) = tokio::join!(store.update_jump_items(&there), store.update_jump_items(&backwards));
        let (held, refused) = if one.is_ok() { (one, other) } else { (other, one) };
        assert!(held.unwrap() && matches!(refused, Err(StoreError::ChangedMeanwhile)), "{refused:?}");
    }
}

#[tokio::test]
async fn who_looked_at_an_older_revision_writes_nothing() {
    let (store, _folder) = fresh().await;
    let (ops, ams) = (group(&store, "Ops").await, jumpoint(&store, "ams").await);
    let group = store.jump_group(ops).await.unwrap().unwrap();
    let renamed = JumpGroupRecord { name: "Operations".into(), ..group.clone() };
    assert!(store.update_jump_group(&renamed).await.unwrap());
    assert!(matches!(store.update_jump_group(&group).await, Err(StoreError::ChangedMeanwhile)));
    assert_eq!(store.jump_group(ops).await.unwrap(), Some(JumpGroupRecord { revision: 1, ..renamed }));
    let gone = JumpGroupRecord { id: JumpGroupId(random::id()), ..group };
    assert!(!store.update_jump_group(&gone).await.unwrap());

    let jumpoint = store.jumpoint(ams).await.unwrap().unwrap();
    let disabled = JumpointRecord { enabled: false, ..jumpoint.clone() };
    assert!(store.update_jumpoint(&disabled).await.unwrap());
    assert!(matches!(store.update_jumpoint(&jumpoint).await, Err(StoreError::ChangedMeanwhile)));
    assert_eq!(store.jumpoint(ams).await.unwrap(), Some(JumpointRecord { revision: 1, ..disabled }));

    let ana = user(&store, "ana", Role::Administrator).await;
    let named = |name: &str, revision| UserEdit { display_name: Some(name.into()), revision, ..UserEdit::default() };
    store.edit_user(ana, named("Ana", Some(0))).await.unwrap().unwrap();
    let stale = store.edit_user(ana, named("Anna", Some(0))).await;
    assert!(matches!(stale, Err(StoreError::ChangedMeanwhile)), "{stale:?}");
    let whichever = store.edit_user(ana, named("Anne", None)).await.unwrap().unwrap();
    assert_eq!((whichever.display_name.as_str(), whichever.revision), ("Anne", 2));

    let mut db = item(ops, ams, "db");
    store.insert_jump_item(&db).await.unwrap();
    let (record, first) = session(ana, &db);
    store.insert_session(&record, &first).await.unwrap();
    db.definition.comments = "of the first".into();
    assert!(store.update_jump_items(std::slice::from_ref(&db)).await.unwrap());
    let stale = store.update_jump_items(std::slice::from_ref(&db)).await;
    assert!(matches!(stale, Err(StoreError::ChangedMeanwhile)), "{stale:?}");
    db.definition.revision = 1;
    db.last_used_at = Some(record.created_at);
    db.definition.credentials = Some(Vec::new());
    assert_eq!(store.jump_item(db.id).await.unwrap(), Some(db));
}
