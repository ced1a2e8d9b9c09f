//! Many items at once: changed, copied, removed and brought back, all of them or none.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::api_client::{ApiClient, field_message};
use tests::site::{Site, on_a_site};
use wire::JumpGroupId;
use wire::api::{
    CopyJumpItems, ItemPermission, JumpGroup, JumpGroupDraft, JumpItem, JumpItemIds, JumpItemRole, JumpItemsRemoved,
    NewSession, PolicyChoice, Principal, Session, SessionEnd, SessionPolicy, SessionPolicyChoice, SessionState,
};
use wire::limits::{ITEMS_PER_CHANGE, UNDO_SECONDS};

use crate::policies::{draft, guard, make};
use crate::roles::{newcomer, role, set_members};

fn group(site: &Site, name: &str) -> Result<JumpGroupId> {
    let draft = JumpGroupDraft { name: name.into(), comments: String::new(), revision: 0 };
    let made: JumpGroup = site.admin.post("/api/jump-groups", &draft)?.ok()?;
    Ok(made.id)
}

fn three(site: &Site) -> Result<Vec<JumpItem>> {
    ["a", "b", "c"].iter().map(|name| site.item(name, "10.0.0.5", "127.4.0.9", &[(0, 22), (5432, 5432)])).collect()
}

fn ids(items: &[JumpItem]) -> JumpItemIds {
    JumpItemIds { item_ids: items.iter().map(|it| it.id).collect() }
}

fn names(client: &ApiClient) -> Result<Vec<String>> {
    let items: Vec<JumpItem> = client.get("/api/jump-items")?;
    Ok(items.into_iter().map(|it| it.definition.name).collect())
}

#[test]
fn only_what_is_named_changes_in_all_of_them_or_in_none() -> Result<()> {
    on_a_site(|site| {
        let lab = group(site, "Lab")?;
        let items = three(site)?;
        let all = ids(&items).item_ids;
        let change = json!({ "item_ids": all, "group_id": lab, "tag": "billing" });
        let changed: Vec<JumpItem> = site.admin.send("PATCH", "/api/jump-items", Some(&change))?.ok()?;
        ensure!(changed.len() == 3, "{changed:?}");
        for before in &items {
            let after: JumpItem = site.admin.get(&format!("/api/jump-items/{}", before.id))?;
            let mut expected = before.definition.clone();
            expected.group_id = lab;
            expected.tag = Some("billing".into());
            expected.revision += 1;
            ensure!(after.definition == expected, "{:?}", after.definition);
            ensure!(after.group_name == "Lab" && after.updated_at > before.updated_at);
        }
        // An empty tag takes it away.
        let change = json!({ "item_ids": all, "tag": "" });
        site.admin.send("PATCH", "/api/jump-items", Some(&change))?.success()?;
        let one: JumpItem = site.admin.get(&format!("/api/jump-items/{}", items[0].id))?;
        ensure!(one.definition.tag.is_none());

        // What is wrong for one is done to none.
        let refused =
            |change: Value, status: u16| site.admin.send("PATCH", "/api/jump-items", Some(&change))?.refused(status);
        let nothing = uuid::Uuid::nil();
        for (field, change) in [
            ("hostname", json!({ "item_ids": all, "hostname": "https://db" })),
            ("local_address", json!({ "item_ids": all, "local_address": "10.0.0.1" })),
            ("group_id", json!({ "item_ids": all, "group_id": nothing })),
            ("jumpoint_id", json!({ "item_ids": all, "jumpoint_id": nothing, "tag": "x" })),
            ("comments", json!({ "item_ids": all, "comments": "x".repeat(2_001), "tag": "x" })),
            ("item_ids", json!({ "item_ids": [], "tag": "x" })),
            ("item_ids", json!({ "item_ids": [all[0], all[0]], "tag": "x" })),
            ("item_ids", json!({ "item_ids": vec![nothing; ITEMS_PER_CHANGE + 1], "tag": "x" })),
        ] {
            field_message(&refused(change, 422)?, field)?;
        }
        refused(json!({ "item_ids": [all[0], all[1], nothing], "tag": "x" }), 404)?;
        for item in &items {
            let it: JumpItem = site.admin.get(&format!("/api/jump-items/{}", item.id))?;
            ensure!(it.definition.tag.is_none() && it.definition.hostname == "10.0.0.5", "{:?}", it.definition);
        }
        Ok(())
    })
}

#[test]
fn copies_are_items_of_their_own() -> Result<()> {
    on_a_site(|site| {
        let (lab, store) = (group(site, "Lab")?, group(site, "Store")?);
        let items = three(site)?;
        let wanted = CopyJumpItems {
            item_ids: ids(&items[..2]).item_ids,
            group_ids: vec![lab, store],
            ..CopyJumpItems::default()
        };
        let copies: Vec<JumpItem> = site.admin.post("/api/jump-items/copy", &wanted)?.ok()?;
        ensure!(copies.len() == 4);
        let original = &items[0];
        let copy = copies.iter().find(|it| it.definition.name == "a" && it.group_name == "Lab");
        let copy = copy.ok_or_else(|| anyhow::anyhow!("no copy in the Lab: {copies:?}"))?;
        ensure!(copy.id != original.id && copy.definition.tunnels == original.definition.tunnels);
        // What is changed in one stays in the other.
        let change = json!({ "item_ids": [copy.id], "comments": "the copy" });
        site.admin.send("PATCH", "/api/jump-items", Some(&change))?.success()?;
        let kept: JumpItem = site.admin.get(&format!("/api/jump-items/{}", original.id))?;
        ensure!(kept.definition == original.definition);

        let gone = CopyJumpItems { group_ids: vec![lab, JumpGroupId(uuid::Uuid::nil())], ..wanted.clone() };
        field_message(&site.admin.post("/api/jump-items/copy", &gone)?.refused(422)?, "group_ids")?;
        let none = CopyJumpItems { group_ids: vec![], ..wanted };
        field_message(&site.admin.post("/api/jump-items/copy", &none)?.refused(422)?, "group_ids")?;
        ensure!(names(&site.admin)?.len() == 7, "a refused copy was made");
        Ok(())
    })
}

#[test]
fn copies_keep_the_policies_or_get_their_own() -> Result<()> {
    on_a_site(|site| {
        let lab = group(site, "Lab")?;
        let (one, other) = (make(site, &draft("One"))?.id, make(site, &draft("Other"))?.id);
        let rules = json!({
            "name": "Short", "for_users": false, "for_items": true, "tools": [],
            "idle": { "kind": "after", "minutes": 5 },
        });
        let short: SessionPolicy = site.admin.post("/api/session-policies", &rules)?.ok()?;
        let of_users = json!({ "name": "Of users", "for_users": true, "for_items": false, "tools": [],
            "idle": { "kind": "after", "minutes": 5 } });
        let of_users: SessionPolicy = site.admin.post("/api/session-policies", &of_users)?.ok()?;
        let item = three(site)?.remove(0);
        guard(site, &item, Some(one))?;
        let wanted = CopyJumpItems { item_ids: vec![item.id], group_ids: vec![lab], ..CopyJumpItems::default() };
        let copied = |client: &ApiClient, wanted: &CopyJumpItems| -> Result<JumpItem> {
            let made: Vec<JumpItem> = client.post("/api/jump-items/copy", wanted)?.ok()?;
            made.into_iter().next().context("no copy")
        };
        let policies = |it: &JumpItem| (it.definition.jump_policy_id, it.definition.session_policy_id);
        ensure!(policies(&copied(&site.admin, &wanted)?) == (Some(one), None), "a copy keeps them");
        let bare = CopyJumpItems { jump_policy: Some(PolicyChoice::Nothing), ..wanted.clone() };
        ensure!(policies(&copied(&site.admin, &bare)?) == (None, None));
        let own = CopyJumpItems {
            jump_policy: Some(PolicyChoice::Policy(other)),
            session_policy: Some(SessionPolicyChoice::Policy(short.id)),
            ..wanted.clone()
        };
        let copy = copied(&site.admin, &own)?;
        let now = |it: &JumpItem| site.admin.get::<JumpItem>(&format!("/api/jump-items/{}", it.id));
        ensure!(policies(&copy) == (Some(other), Some(short.id)) && policies(&now(&item)?) == (Some(one), None));
        // What the original gets later is its own.
        guard(site, &item, None)?;
        ensure!(policies(&now(&copy)?) == (Some(other), Some(short.id)) && policies(&now(&item)?) == (None, None));
        guard(site, &item, Some(one))?;

        // A policy that is not there, or not for items.
        let nothing = PolicyChoice::Policy(wire::JumpPolicyId(uuid::Uuid::nil()));
        let gone = CopyJumpItems { jump_policy: Some(nothing), ..wanted.clone() };
        field_message(&site.admin.post("/api/jump-items/copy", &gone)?.refused(422)?, "jump_policy_id")?;
        let choice = SessionPolicyChoice::Policy(of_users.id);
        let wrong = CopyJumpItems { session_policy: Some(choice), ..wanted.clone() };
        field_message(&site.admin.post("/api/jump-items/copy", &wrong)?.refused(422)?, "session_policy_id")?;

        // It takes in the other group what giving an item a policy takes there; what stays takes nothing.
        use ItemPermission::{AssignGroup, EditPolicy, EditSessionPolicy};
        let (eva, client) = newcomer(site, "eva")?;
        let mover = role(site, "Mover", &[AssignGroup])?;
        let guardian = role(site, "Guardian", &[AssignGroup, EditPolicy])?;
        let both = role(site, "Both", &[AssignGroup, EditPolicy, EditSessionPolicy])?;
        let give = |group, role: &JumpItemRole| set_members(site, group, &[(Principal::User(eva), role.id)]);
        give(site.group, &both)?;
        give(lab, &mover)?;
        let same = CopyJumpItems { jump_policy: Some(PolicyChoice::Policy(one)), ..wanted.clone() };
        copied(&client, &wanted)?;
        copied(&client, &same)?;
        for refused in [&bare, &own] {
            let refusal = client.post("/api/jump-items/copy", refused)?.refused(403)?;
            ensure!(refusal.message.contains("Change the jump policy"), "{refusal:?}");
        }
        give(site.group, &mover)?;
        give(lab, &guardian)?;
        ensure!(policies(&copied(&client, &bare)?) == (None, None));
        let refusal = client.post("/api/jump-items/copy", &own)?.refused(403)?;
        ensure!(refusal.message.contains("Change the session policy"), "{refusal:?}");
        give(lab, &both)?;
        ensure!(policies(&copied(&client, &own)?) == (Some(other), Some(short.id)));
        Ok(())
    })
}

#[test]
fn removed_items_come_back_with_everything_for_who_removed_them() -> Result<()> {
    on_a_site(|site| {
        let items = three(site)?;
        let (tom, tim) = (site.technician("tom")?, site.technician("tim")?);
        for client in [&tom, &tim] {
            client.send("PUT", &format!("/api/me/favourites/{}", items[0].id), None)?.success()?;
        }
        let over: Session = tim.post("/api/sessions", &NewSession::of(items[0].id))?.ok()?;
        tim.send("POST", &format!("/api/sessions/{}/end", over.id), None)?.success()?;
        let running: Session = tom.post("/api/sessions", &NewSession::of(items[1].id))?.ok()?;
        let before: JumpItem = tim.get(&format!("/api/jump-items/{}", items[0].id))?;

        let two = ids(&items[..2]);
        let answer: JumpItemsRemoved = tom.post("/api/jump-items/remove", &two)?.ok()?;
        ensure!(answer.restorable_until > before.created_at);
        for client in [&site.admin, &tom, &tim] {
            ensure!(names(client)? == ["c"], "{:?}", names(client)?);
            client.send("GET", &format!("/api/jump-items/{}", items[0].id), None)?.refused(404)?;
            client.post("/api/sessions", &NewSession::of(items[0].id))?.refused(404)?;
            client.send("PUT", &format!("/api/me/favourites/{}", items[0].id), None)?.refused(404)?;
        }
        let groups: Vec<JumpGroup> = site.admin.get("/api/jump-groups")?;
        ensure!(groups.iter().map(|it| it.item_count).sum::<u32>() == 1, "{groups:?}");
        let ended: Session = site.session(running.id)?.session;
        ensure!(ended.state == SessionState::Ended && ended.end == Some(SessionEnd::ItemRemoved), "{ended:?}");

        // Others cannot, nor can part of it be done, nor what is there be changed while it is gone.
        for client in [&site.admin, &tim] {
            let refusal = client.post("/api/jump-items/restore", &two)?.refused(409)?;
            ensure!(refusal.code == "not_restorable" && refusal.message.contains("30"), "{refusal:?}");
        }
        tom.post("/api/jump-items/restore", &ids(&items))?.refused(409)?;
        let change = json!({ "item_ids": two.item_ids, "tag": "x" });
        tom.send("PATCH", "/api/jump-items", Some(&change))?.refused(404)?;
        tom.post("/api/jump-items/remove", &two)?.refused(404)?;
        ensure!(names(&tom)? == ["c"]);

        let back: Vec<JumpItem> = tom.post("/api/jump-items/restore", &two)?.ok()?;
        ensure!(back.len() == 2 && names(&site.admin)? == ["a", "b", "c"]);
        let after: JumpItem = tim.get(&format!("/api/jump-items/{}", items[0].id))?;
        ensure!(after == before && after.favourite && after.used_by_you_at.is_some(), "{after:?}\n{before:?}");
        tom.post("/api/jump-items/restore", &two)?.refused(409)?;
        Ok(())
    })
}

#[test]
fn nobody_removes_many_where_another_works() -> Result<()> {
    on_a_site(|site| {
        let items = three(site)?;
        let (tom, tim) = (site.technician("tom")?, site.technician("tim")?);
        let running: Session = tim.post("/api/sessions", &NewSession::of(items[2].id))?.ok()?;
        let refusal = tom.post("/api/jump-items/remove", &ids(&items))?.refused(409)?;
        ensure!(refusal.code == "in_use" && refusal.message.contains("Tom Technician"), "{refusal:?}");
        ensure!(names(&tom)?.len() == 3, "some were removed");
        ensure!(site.session(running.id)?.session.state == SessionState::Ready);
        site.admin.post("/api/jump-items/remove", &ids(&items))?.success()?;
        ensure!(site.session(running.id)?.session.state == SessionState::Ended);
        Ok(())
    })
}

#[test]
fn the_time_to_bring_items_back_ends() -> Result<()> {
    on_a_site(|site| {
        let items = three(site)?;
        site.admin.post("/api/jump-items/remove", &ids(&items))?.success()?;
        // A group whose items were all removed can go at once; then they have nowhere to come back to.
        let lab = group(site, "Lab")?;
        let change = json!({ "item_ids": ids(&items).item_ids, "group_id": lab });
        site.admin.post("/api/jump-items/restore", &ids(&items))?.success()?;
        site.admin.send("PATCH", "/api/jump-items", Some(&change))?.success()?;
        site.admin.delete(&format!("/api/jump-items/{}", items[0].id))?.success()?;
        site.admin.post("/api/jump-items/restore", &ids(&items[..1]))?.success()?;
        site.admin.delete(&format!("/api/jump-groups/{lab}"))?.refused(409)?;
        site.admin.post("/api/jump-items/remove", &ids(&items[..2]))?.success()?;
        std::thread::sleep(Duration::from_secs(u64::from(UNDO_SECONDS) + 1));
        site.admin.post("/api/jump-items/restore", &ids(&items[..2]))?.refused(409)?;
        ensure!(names(&site.admin)? == ["c"]);
        site.admin.delete(&format!("/api/jump-items/{}", items[2].id))?.success()?;
        site.admin.delete(&format!("/api/jump-groups/{lab}"))?.success()?;
        site.admin.post("/api/jump-items/restore", &ids(&items[2..]))?.refused(409)?;
        ensure!(names(&site.admin)?.is_empty());
        Ok(())
    })
}
