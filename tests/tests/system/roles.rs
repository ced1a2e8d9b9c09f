//! Teams, jump item roles and memberships: who sees and does what, why, and what ends when it is taken away.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::{ApiClient, field_message};
use tests::site::{Site, TECHNICIAN_PASSWORD, on_a_site};
use wire::api::{
    ItemPermission, ItemStatus, JumpGroup, JumpGroupDraft, JumpItem, JumpItemRole, JumpItemRoleDraft, JumpMethod,
    Membership, Memberships, NewSession, NewUser, Principal, Role, Session, SessionEnd, Team, TeamDraft,
    TunnelJumpDraft, User, UserAccess, UserChange,
};
use wire::{JumpGroupId, JumpItemId, JumpItemRoleId, SecretText, UserId};

use crate::policies::{draft, make};

/// A technician whom nothing is allowed yet.
pub(crate) fn newcomer(site: &Site, user_name: &str) -> Result<(UserId, ApiClient)> {
    let new = NewUser {
        user_name: user_name.into(),
        email: None,
        display_name: format!("{user_name} of Operations"),
        role: Role::Technician,
        password: SecretText::new(TECHNICIAN_PASSWORD.into()),
        methods: None,
        default_role_id: None,
        personal_role_id: None,
        session_policy_id: None,
    };
    let user: User = site.admin.post("/api/users", &new)?.ok()?;
    let client = site.admin.stranger();
    client.sign_in(user_name, TECHNICIAN_PASSWORD)?;
    Ok((user.id, client))
}

pub(crate) fn role(site: &Site, name: &str, permissions: &[ItemPermission]) -> Result<JumpItemRole> {
    let draft = JumpItemRoleDraft {
        name: name.into(),
        description: String::new(),
        permissions: permissions.to_vec(),
        revision: 0,
    };
    site.admin.post("/api/jump-item-roles", &draft)?.ok()
}

fn team(site: &Site, name: &str, members: &[UserId]) -> Result<Team> {
    let draft = TeamDraft { name: name.into(), comments: String::new(), members: members.to_vec(), revision: 0 };
    site.admin.post("/api/teams", &draft)?.ok()
}

pub(crate) fn group(site: &Site, name: &str) -> Result<JumpGroup> {
    let draft = JumpGroupDraft { name: name.into(), comments: String::new(), revision: 0 };
    site.admin.post("/api/jump-groups", &draft)?.ok()
}

pub(crate) fn set_members(site: &Site, group: JumpGroupId, members: &[(Principal, JumpItemRoleId)]) -> Result<()> {
    let path = format!("/api/jump-groups/{group}/members");
    let known: Memberships = site.admin.get(&path)?;
    let members = members.iter().map(|(principal, role_id)| Membership {
        principal: *principal,
        role_id: *role_id,
        jump_policy_id: None,
    });
    site.admin.put(&path, &Memberships { members: members.collect(), revision: known.revision })?.success()
}

fn items(client: &ApiClient) -> Result<Vec<String>> {
    Ok(client.get::<Vec<JumpItem>>("/api/jump-items")?.into_iter().map(|it| it.definition.name).collect())
}

fn changed(item: &JumpItem, change: impl FnOnce(&mut TunnelJumpDraft)) -> TunnelJumpDraft {
    // Whoever is not shown which credentials an item has says nothing of them.
    let mut draft = TunnelJumpDraft { credentials: None, ..item.definition.clone() };
    change(&mut draft);
    draft
}

#[test]
fn who_is_in_no_list_sees_nothing_and_learns_nothing() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (id, eva) = newcomer(site, "eva")?;
        ensure!(items(&eva)?.is_empty() && eva.get::<Vec<JumpGroup>>("/api/jump-groups")?.is_empty());
        // An item that is there and one that is not read alike, whatever is asked of them.
        let nothing = JumpItemId(uuid::Uuid::nil());
        let mut answers = Vec::new();
        for id in [item.id, nothing] {
            let path = format!("/api/jump-items/{id}");
            answers.push([
                eva.send("GET", &path, None)?.refused(404)?.message,
                eva.put(&path, &item.definition)?.refused(404)?.message,
                eva.delete(&path)?.refused(404)?.message,
                eva.post("/api/sessions", &NewSession::of(id))?.refused(404)?.message,
                eva.patch("/api/jump-items", &json!({ "item_ids": [id], "comments": "mine" }))?.refused(404)?.message,
                eva.post("/api/jump-items/remove", &json!({ "item_ids": [id] }))?.refused(404)?.message,
                eva.send("PUT", &format!("/api/me/favourites/{id}"), None)?.refused(404)?.message,
            ]);
        }
        ensure!(answers[0] == answers[1], "{answers:?}");
        let refusal = eva.post("/api/jump-items", &item.definition)?.refused(422)?;
        ensure!(field_message(&refusal, "group_id")? == "Choose a group.", "{refusal:?}");

        // Reports alone show no items either.
        set_members(site, site.group, &[(Principal::User(id), JumpItemRoleId::AUDITOR)])?;
        ensure!(items(&eva)?.is_empty(), "an auditor is offered items");
        let tagger = role(site, "Tagger", &[ItemPermission::EditTag])?;
        let status =
            || -> Result<ItemStatus> { Ok(eva.get::<JumpItem>(&format!("/api/jump-items/{}", item.id))?.status) };
        set_members(site, site.group, &[(Principal::User(id), tagger.id)])?;
        ensure!(status()? == ItemStatus::NotPermitted, "an item is shown as ready that cannot be used");
        set_members(site, site.group, &[(Principal::User(id), JumpItemRoleId::START_SESSIONS_ONLY)])?;
        ensure!(items(&eva)? == ["db"] && status()? == ItemStatus::Ready);
        let _: Session = eva.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        Ok(())
    })
}

#[test]
fn each_change_of_an_item_takes_its_permission() -> Result<()> {
    use ItemPermission::{Add, AssignGroup, EditBehaviour, EditComments, EditIdentity, EditTag, Remove, Start};
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let other = group(site, "Laboratory")?;
        let (id, eva) = newcomer(site, "eva")?;
        let path = format!("/api/jump-items/{}", item.id);
        type Change = fn(&mut TunnelJumpDraft);
        let changes: [(ItemPermission, Change); 4] = [
            (EditIdentity, |it| it.hostname = "127.0.0.2".into()),
            (EditBehaviour, |it| it.local_address = "127.9.9.9".into()),
            (EditTag, |it| it.tag = Some("billing".into())),
            (EditComments, |it| it.comments = "Careful.".into()),
        ];
        for (permission, change) in changes {
            let without: Vec<_> =
                ItemPermission::ALL.into_iter().map(|(it, _)| it).filter(|it| *it != permission).collect();
            let (with, without) =
                (role(site, "With", &[permission])?, role(site, &format!("Without {permission:?}"), &without)?);
            let now: JumpItem = site.admin.get(&path)?;
            set_members(site, site.group, &[(Principal::User(id), without.id)])?;
            let refusal = eva.put(&path, &changed(&now, change))?.refused(403)?;
            ensure!(refusal.code == "not_permitted" && refusal.message.contains(permission.words()), "{refusal:?}");
            ensure!(site.admin.get::<JumpItem>(&path)?.definition == now.definition, "it was changed in spite of that");
            set_members(site, site.group, &[(Principal::User(id), with.id)])?;
            let after: JumpItem = eva.put(&path, &changed(&now, change))?.ok()?;
            let expected = TunnelJumpDraft { revision: now.definition.revision + 1, ..changed(&now, change) };
            ensure!(after.definition == expected, "{after:?}");
            set_members(site, site.group, &[])?;
            site.admin.delete(&format!("/api/jump-item-roles/{}", with.id))?.success()?;
        }

        // Moving takes the permission in both groups; where nothing is shown, the group reads as none.
        let (mover, user) = (role(site, "Mover", &[AssignGroup])?, JumpItemRoleId::START_SESSIONS_ONLY);
        let now: JumpItem = site.admin.get(&path)?;
        let moved = changed(&now, |it| it.group_id = other.id);
        set_members(site, site.group, &[(Principal::User(id), mover.id)])?;
        ensure!(field_message(&eva.put(&path, &moved)?.refused(422)?, "group_id")? == "Choose a group.");
        set_members(site, other.id, &[(Principal::User(id), user)])?;
        eva.put(&path, &moved)?.refused(403)?;
        set_members(site, other.id, &[(Principal::User(id), mover.id)])?;
        set_members(site, site.group, &[(Principal::User(id), user)])?;
        eva.put(&path, &moved)?.refused(403)?;
        set_members(site, site.group, &[(Principal::User(id), mover.id)])?;
        eva.put(&path, &moved)?.success()?;

        // Making and removing.
        eva.post("/api/jump-items", &changed(&now, |it| it.name = "new".into()))?.refused(403)?;
        eva.delete(&path)?.refused(403)?;
        eva.post("/api/jump-items/remove", &json!({ "item_ids": [item.id] }))?.refused(403)?;
        eva.post("/api/sessions", &NewSession::of(item.id))?.refused(403)?;
        // Many at once: all of them, or none.
        let mut own = now.definition.clone();
        own.name = "other".into();
        let in_first: JumpItem = site.admin.post("/api/jump-items", &own)?.ok()?;
        let commenter = role(site, "Commenter", &[EditComments])?;
        set_members(site, site.group, &[(Principal::User(id), commenter.id)])?;
        let both = json!({ "item_ids": [in_first.id, item.id], "comments": "Changed." });
        ensure!(eva.patch("/api/jump-items", &both)?.refused(403)?.code == "not_permitted");
        let untouched: JumpItem = site.admin.get(&format!("/api/jump-items/{}", in_first.id))?;
        ensure!(untouched.definition.comments == own.comments, "half of a refused change is there");
        eva.patch("/api/jump-items", &json!({ "item_ids": [in_first.id], "comments": "Changed." }))?.success()?;
        // Copies take the permission where they come from and where they go.
        let copy = json!({ "item_ids": [in_first.id], "group_ids": [other.id] });
        eva.post("/api/jump-items/copy", &copy)?.refused(403)?;
        set_members(site, site.group, &[(Principal::User(id), mover.id)])?;
        eva.post("/api/jump-items/copy", &copy)?.success()?;
        set_members(site, other.id, &[(Principal::User(id), user)])?;
        eva.post("/api/jump-items/copy", &copy)?.refused(403)?;
        set_members(site, other.id, &[])?;
        eva.post("/api/jump-items/copy", &copy)?.refused(422)?;

        let maker = role(site, "Maker", &[Add, Remove, Start])?;
        for group in [site.group, other.id] {
            set_members(site, group, &[(Principal::User(id), maker.id)])?;
        }
        eva.post("/api/jump-items", &changed(&now, |it| it.name = "new".into()))?.success()?;
        let _: Session = eva.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        eva.post("/api/jump-items/remove", &json!({ "item_ids": [item.id] }))?.success()?;
        // Who may not remove any more may not undo either.
        set_members(site, other.id, &[(Principal::User(id), mover.id)])?;
        eva.post("/api/jump-items/restore", &json!({ "item_ids": [item.id] }))?.refused(403)?;
        set_members(site, other.id, &[(Principal::User(id), maker.id)])?;
        eva.post("/api/jump-items/restore", &json!({ "item_ids": [item.id] }))?.success()?;
        eva.delete(&path)?.success()
    })
}

#[test]
fn the_most_specific_membership_wins_and_is_explained() -> Result<()> {
    on_a_site(|site| {
        site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let (id, eva) = newcomer(site, "eva")?;
        let (ops, dba) = (team(site, "Operations", &[id])?, team(site, "Databases", &[id])?);
        let (nobody, tagger) = (role(site, "Nobody", &[])?, role(site, "Tagger", &[ItemPermission::EditTag])?);
        let explained = || -> Result<(String, Vec<String>)> {
            let access: UserAccess = site.admin.get(&format!("/api/users/{id}/access"))?;
            let of_group = access.groups.into_iter().find(|it| it.group_id == site.group).context("no such group")?;
            let given = of_group.permissions.into_iter().filter(|it| !it.given_by.is_empty());
            Ok((
                of_group.because,
                given.map(|it| format!("{:?} by {}", it.permission, it.given_by.join(", "))).collect(),
            ))
        };
        let (because, given) = explained()?;
        ensure!(because.contains("no default role") && given.is_empty(), "{because} {given:?}");

        let of_default =
            UserChange { default_role_id: Some(Some(JumpItemRoleId::START_SESSIONS_ONLY)), ..UserChange::default() };
        site.admin.patch(&format!("/api/users/{id}"), &of_default)?.success()?;
        let (because, given) = explained()?;
        ensure!(because.contains("default role Start Sessions Only"), "{because}");
        ensure!(given == ["Start by Start Sessions Only"] && items(&eva)? == ["db"], "{given:?}");

        let of_teams =
            [(Principal::Team(ops.id), JumpItemRoleId::START_SESSIONS_ONLY), (Principal::Team(dba.id), tagger.id)];
        set_members(site, site.group, &of_teams)?;
        let (because, given) = explained()?;
        ensure!(because.contains("team Operations") && because.contains("team Databases"), "{because}");
        ensure!(
            given == ["Start by Start Sessions Only (team Operations)", "EditTag by Tagger (team Databases)"],
            "{given:?}"
        );

        let with_own = [of_teams[0], of_teams[1], (Principal::User(id), nobody.id)];
        set_members(site, site.group, &with_own)?;
        let (because, given) = explained()?;
        ensure!(because.contains("this user the role Nobody") && given.is_empty(), "{because} {given:?}");
        ensure!(items(&eva)?.is_empty(), "a role of one's own that allows nothing counts before those of teams");

        // Policies of the rows that decide, and let the user start, are named.
        let named = || -> Result<Vec<String>> {
            let access: UserAccess = site.admin.get(&format!("/api/users/{id}/access"))?;
            Ok(access.groups.into_iter().find(|it| it.group_id == site.group).context("no such group")?.policies)
        };
        ensure!(named()?.is_empty(), "{:?}", named()?);
        let (of_ops, of_dba, of_eva) =
            (make(site, &draft("Of ops"))?.id, make(site, &draft("Of dba"))?.id, make(site, &draft("Of eva"))?.id);
        let path = format!("/api/jump-groups/{}/members", site.group);
        let set = |rows: &[(Principal, JumpItemRoleId, wire::JumpPolicyId)]| -> Result<()> {
            let known: Memberships = site.admin.get(&path)?;
            let row = |(principal, role_id, policy): &(Principal, JumpItemRoleId, wire::JumpPolicyId)| Membership {
                principal: *principal,
                role_id: *role_id,
                jump_policy_id: Some(*policy),
            };
            let members = rows.iter().map(row).collect();
            site.admin.put(&path, &Memberships { members, revision: known.revision })?.success()
        };
        let teams = [(of_teams[0].0, of_teams[0].1, of_ops), (of_teams[1].0, of_teams[1].1, of_dba)];
        set(&teams)?;
        ensure!(named()? == ["Of ops"], "{:?}", named()?);
        set(&[teams[0], teams[1], (Principal::User(id), JumpItemRoleId::START_SESSIONS_ONLY, of_eva)])?;
        ensure!(named()? == ["Of eva"], "{:?}", named()?);

        let access: UserAccess =
            site.admin.get(&format!("/api/users/{}/access", site.admin.get::<wire::api::Me>("/api/me")?.user.id))?;
        ensure!(access.groups.iter().all(|it| it.policies.is_empty()), "{access:?}");
        ensure!(access.groups[0].because.contains("Administrators"), "{access:?}");
        Ok(())
    })
}

#[test]
fn a_session_ends_when_its_permission_is_taken_away() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let elsewhere = group(site, "Laboratory")?;
        let (id, eva) = newcomer(site, "eva")?;
        let ops = team(site, "Operations", &[id])?;
        let user = JumpItemRoleId::START_SESSIONS_ONLY;
        let own = role(site, "Own", &[ItemPermission::Start])?;
        let person = format!("/api/users/{id}");
        let team_path = format!("/api/teams/{}", ops.id);
        let role_path = format!("/api/jump-item-roles/{}", own.id);
        let item_path = format!("/api/jump-items/{}", item.id);
        let empty = TeamDraft { name: "Operations".into(), comments: String::new(), members: vec![], revision: 0 };
        let weaker = JumpItemRoleDraft {
            name: "Own".into(),
            description: String::new(),
            permissions: vec![ItemPermission::EditTag],
            revision: 0,
        };
        let no_method = UserChange { methods: Some(Vec::new()), ..UserChange::default() };
        let no_default = UserChange { default_role_id: Some(None), ..UserChange::default() };
        let default = UserChange { default_role_id: Some(Some(user)), ..UserChange::default() };
        let every_method = UserChange { methods: Some(JumpMethod::every()), ..UserChange::default() };
        let by_team = [(Principal::Team(ops.id), user)];
        let by_user = [(Principal::User(id), own.id)];

        type Deed<'a> = Box<dyn Fn() -> Result<()> + 'a>;
        let deeds: Vec<(&str, Deed<'_>, Deed<'_>)> = vec![
            (
                "a membership",
                Box::new(|| set_members(site, site.group, &by_team)),
                Box::new(|| set_members(site, site.group, &[])),
            ),
            (
                "membership in the team",
                Box::new(|| set_members(site, site.group, &by_team)),
                Box::new(|| site.admin.put(&team_path, &empty)?.success()),
            ),
            (
                "what the role allows",
                Box::new(|| set_members(site, site.group, &by_user)),
                Box::new(|| site.admin.put(&role_path, &weaker)?.success()),
            ),
            (
                "the default role",
                Box::new(|| {
                    set_members(site, site.group, &[])?;
                    site.admin.patch(&person, &default)?.success()
                }),
                Box::new(|| site.admin.patch(&person, &no_default)?.success()),
            ),
            (
                "the method",
                Box::new(|| site.admin.patch(&person, &default)?.success()),
                Box::new(|| site.admin.patch(&person, &no_method)?.success()),
            ),
            (
                "the group: the item is moved",
                Box::new(|| {
                    site.admin.patch(&person, &every_method)?.success()?;
                    site.admin.patch(&person, &no_default)?.success()?;
                    site.admin
                        .put(
                            &role_path,
                            &JumpItemRoleDraft {
                                permissions: vec![ItemPermission::Start],
                                revision: 1,
                                ..weaker.clone()
                            },
                        )?
                        .success()?;
                    set_members(site, site.group, &by_user)
                }),
                Box::new(|| site.admin.put(&item_path, &changed(&item, |it| it.group_id = elsewhere.id))?.success()),
            ),
        ];
        for (what, give, take) in deeds {
            give().with_context(|| format!("giving {what}"))?;
            let session: Session = eva.post("/api/sessions", &NewSession::of(item.id))?.ok().context(what)?;
            // What does not concern it leaves it alone.
            team(site, &format!("Other than {what}"), &[])?;
            ensure!(site.session(session.id)?.session.end.is_none(), "{what}: it ended for something else");
            take().with_context(|| format!("taking away {what}"))?;
            let ended = site.wait_for_session(session.id, "it ends", |it| it.session.end.is_some())?.session;
            ensure!(ended.end == Some(SessionEnd::AccessRemoved), "{what}: {ended:?}");
            let message = ended.end_message.unwrap_or_default();
            ensure!(message == "Ana Administrator took away the permission to use the item.", "{what}: {message}");
            let again = eva.post("/api/sessions", &NewSession::of(item.id))?;
            ensure!(again.refused(404).is_ok() || again.refused(403).is_ok(), "{what}: {}", again.text());
        }
        Ok(())
    })
}

#[test]
fn what_others_depend_on_or_changed_is_said() -> Result<()> {
    on_a_site(|site| {
        let (id, _) = newcomer(site, "eva")?;
        let own = role(site, "Own", &[ItemPermission::Start])?;
        let role_path = format!("/api/jump-item-roles/{}", own.id);
        set_members(site, site.group, &[(Principal::User(id), own.id)])?;
        ensure!(site.admin.delete(&role_path)?.refused(409)?.code == "in_use");
        set_members(site, site.group, &[])?;
        let default = UserChange { default_role_id: Some(Some(own.id)), ..UserChange::default() };
        site.admin.patch(&format!("/api/users/{id}"), &default)?.success()?;
        ensure!(site.admin.delete(&role_path)?.refused(409)?.code == "in_use");
        let roles: Vec<JumpItemRole> = site.admin.get("/api/jump-item-roles")?;
        ensure!(roles.iter().find(|it| it.id == own.id).is_some_and(|it| it.used == 1), "{roles:?}");
        let built_in = format!("/api/jump-item-roles/{}", JumpItemRoleId::ADMINISTRATOR);
        ensure!(site.admin.delete(&built_in)?.refused(409)?.code == "built_in");

        // Two administrators look at the same thing; the second is told.
        let mut draft = JumpItemRoleDraft {
            name: "Own".into(),
            description: "first".into(),
            permissions: vec![ItemPermission::Start],
            revision: own.revision,
        };
        site.admin.put(&role_path, &draft)?.success()?;
        draft.description = "second".into();
        ensure!(site.admin.put(&role_path, &draft)?.refused(409)?.code == "changed_meanwhile");
        let members = format!("/api/jump-groups/{}/members", site.group);
        let known: Memberships = site.admin.get(&members)?;
        site.admin.put(&members, &known)?.success()?;
        ensure!(site.admin.put(&members, &known)?.refused(409)?.code == "changed_meanwhile");
        let ops = team(site, "Operations", &[id])?;
        let same = TeamDraft { name: "Ops".into(), comments: String::new(), members: vec![], revision: ops.revision };
        site.admin.put(&format!("/api/teams/{}", ops.id), &same)?.success()?;
        ensure!(site.admin.put(&format!("/api/teams/{}", ops.id), &same)?.refused(409)?.code == "changed_meanwhile");

        // Twice in a list, a name twice, somebody who is gone.
        let twice = Membership { principal: Principal::User(id), role_id: own.id, jump_policy_id: None };
        let known: Memberships = site.admin.get(&members)?;
        let refusal =
            site.admin.put(&members, &Memberships { members: vec![twice.clone(), twice], ..known })?.refused(422)?;
        field_message(&refusal, "members")?;
        let same_name = TeamDraft { name: "Ops".into(), comments: String::new(), members: vec![], revision: 0 };
        field_message(&site.admin.post("/api/teams", &same_name)?.refused(422)?, "name")?;
        let gone = TeamDraft {
            name: "Gone".into(),
            comments: String::new(),
            members: vec![UserId(uuid::Uuid::nil())],
            revision: 0,
        };
        field_message(&site.admin.post("/api/teams", &gone)?.refused(422)?, "members")?;
        let teams: Vec<Team> = site.admin.get("/api/teams")?;
        ensure!(teams.len() == 1, "half of a refused team is there: {teams:?}");
        Ok(())
    })
}
