//! Whatever is removed says first what depends on it, by name; and what named it does so no more.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::audit_trail::{events_after, last};
use tests::site::{Site, on_a_site};
use wire::api::{
    ApprovalRule, ItemPermission, JumpItem, JumpPolicy, JumpPolicyDraft, Me, Membership, Memberships, Principal,
    PrincipalUses, Team, TeamDraft, UserChange,
};
use wire::audit::AuditEvent;
use wire::{JumpItemRoleId, UserId};

use crate::policies::{approval_by, change, draft, make};
use crate::roles::{group, newcomer, role, set_members};

fn team(site: &Site, name: &str, members: &[UserId]) -> Result<Team> {
    let draft = TeamDraft { name: name.into(), comments: String::new(), members: members.to_vec(), revision: 0 };
    site.admin.post("/api/teams", &draft)?.ok()
}

fn policy(site: &Site, name: &str) -> Result<JumpPolicy> {
    let all: Vec<JumpPolicy> = site.admin.get("/api/jump-policies")?;
    all.into_iter().find(|it| it.definition.name == name).with_context(|| format!("there is no {name}"))
}

fn actions(events: &[AuditEvent]) -> Vec<&str> {
    events.iter().map(|it| it.action.name()).collect()
}

fn one<'a>(events: &'a [AuditEvent], action: &str) -> Result<&'a AuditEvent> {
    events.iter().find(|it| it.action.name() == action).with_context(|| format!("{action} is not in {events:#?}"))
}

#[test]
fn the_last_who_could_approve_stays() -> Result<()> {
    on_a_site(|site| {
        let (eva, _) = newcomer(site, "eva")?;
        let night = team(site, "Night shift", &[eva])?;
        let rule = ApprovalRule { teams: vec![night.id], ..approval_by(&[]) };
        let four_eyes = make(site, &JumpPolicyDraft { approval: Some(rule.clone()), ..draft("Four eyes") })?;
        make(site, &JumpPolicyDraft { approval: Some(rule), ..draft("Six eyes") })?;
        let (team_path, user_path) = (format!("/api/teams/{}", night.id), format!("/api/users/{eva}"));
        let uses = |path: &str| site.admin.get::<PrincipalUses>(&format!("{path}/uses"));
        let both = ["Four eyes", "Six eyes"];
        ensure!(uses(&team_path)?.approves == both && uses(&team_path)?.last_to_approve == both);
        // She is the only one in the team.
        ensure!(uses(&user_path)?.last_to_approve == both && uses(&user_path)?.approves.is_empty());
        ensure!(uses(&user_path)?.teams == ["Night shift"]);
        for (path, name) in [(&team_path, "the team Night shift"), (&user_path, "the user eva")] {
            let refusal = site.admin.delete(path)?.refused(409)?;
            ensure!(refusal.code == "in_use" && refusal.next_step.contains("Name somebody else"), "{refusal:?}");
            ensure!(
                refusal.message.contains("Four eyes and Six eyes") && refusal.message.contains(name),
                "{refusal:?}"
            );
        }

        let me: Me = site.admin.get("/api/me")?;
        let four_eyes = change(site, &four_eyes, |it| {
            it.approval.iter_mut().for_each(|rule| rule.users.push(me.user.id));
        })?;
        let refusal = site.admin.delete(&team_path)?.refused(409)?;
        ensure!(refusal.message.contains("policy Six eyes") && !refusal.message.contains("Four"), "{refusal:?}");
        site.admin.delete(&format!("/api/jump-policies/{}", policy(site, "Six eyes")?.id))?.success()?;

        // A provider would go on putting people into it.
        let provider = json!({
            "name": "Corp", "issuer": "https://localhost:1", "client_id": "sallyport", "client_secret": "a secret",
            "groups_claim": "groups", "teams": [{ "group": "ops", "teams": [night.id] }],
        });
        let made: serde_json::Value = site.admin.post("/api/settings/sign-on", &provider)?.ok()?;
        ensure!(uses(&team_path)?.providers == ["Corp"], "{:?}", uses(&team_path)?);
        let refusal = site.admin.delete(&team_path)?.refused(409)?;
        ensure!(refusal.code == "in_use" && refusal.message.contains("provider Corp"), "{refusal:?}");
        let id = made["id"].as_str().context("no id")?;
        site.admin.delete(&format!("/api/settings/sign-on/{id}"))?.success()?;

        // Then it vanishes from the policy too, in one change.
        let before = last(&site.admin)?;
        site.admin.delete(&team_path)?.success()?;
        let happened = events_after(&site.admin, before)?;
        let changed = one(&happened, "policy.changed")?;
        ensure!(actions(&happened) == ["policy.changed", "team.removed"], "{happened:#?}");
        ensure!(changed.before["approval"]["teams"] == json!([night.id]), "{changed:#?}");
        ensure!(changed.after["approval"]["teams"] == json!([]), "{changed:#?}");
        let now = policy(site, "Four eyes")?.definition;
        let rule = now.approval.context("no approval")?;
        ensure!(rule.teams.is_empty() && rule.users == [me.user.id], "{rule:?}");
        ensure!(now.revision == four_eyes.definition.revision + 1, "whoever looks at it is not told");
        site.admin.delete(&user_path)?.success()?;
        site.admin.send("GET", &format!("{user_path}/uses"), None)?.refused(404)?;
        site.admin.send("GET", &format!("{team_path}/uses"), None)?.refused(404)?;
        Ok(())
    })
}

#[test]
fn what_roles_groups_and_jumpoints_are_used_by_is_named_and_counted() -> Result<()> {
    on_a_site(|site| {
        let (eva, _) = newcomer(site, "eva")?;
        let (max, _) = newcomer(site, "max")?;
        let lab = group(site, "Lab")?;
        let own = role(site, "Own", &[ItemPermission::Start])?;
        set_members(site, site.group, &[(Principal::User(eva), own.id), (Principal::User(max), own.id)])?;
        set_members(site, lab.id, &[(Principal::User(eva), own.id)])?;
        let default = UserChange { default_role_id: Some(Some(own.id)), ..UserChange::default() };
        site.admin.patch(&format!("/api/users/{max}"), &default)?.success()?;
        let said = |path: &str| -> Result<String> {
            let refusal = site.admin.delete(path)?.refused(409)?;
            ensure!(refusal.code == "in_use" && refusal.next_step.contains("first"), "{refusal:?}");
            Ok(refusal.message)
        };
        let role_path = format!("/api/jump-item-roles/{}", own.id);
        let expected = "The role Own is held by 3 members of groups (Lab and Production) and 1 user (max) by default or in a personal group.";
        ensure!(said(&role_path)? == expected, "{}", said(&role_path)?);
        for id in [site.group, lab.id] {
            set_members(site, id, &[])?;
        }
        ensure!(!said(&role_path)?.contains("members of groups"), "{}", said(&role_path)?);

        let jumpoint_path = format!("/api/jumpoints/{}", site.jumpoint.id);
        let group_path = format!("/api/jump-groups/{}", site.group);
        let first = site.item("db-1", "10.0.0.5", "127.4.0.9", &[(0, 22)])?;
        ensure!(said(&jumpoint_path)? == "1 item (db-1) goes through the jumpoint ams-1.", "{}", said(&jumpoint_path)?);
        for number in 2..=8 {
            site.item(&format!("db-{number}"), "10.0.0.5", "127.4.0.9", &[(0, 22)])?;
        }
        let many = "8 items (db-1, db-2, db-3, db-4, db-5 and 3 more)";
        let expected = format!("{many} go through the jumpoint ams-1.");
        ensure!(said(&jumpoint_path)? == expected, "{}", said(&jumpoint_path)?);
        let credential = json!({
            "name": "root", "group_id": site.group, "kind": "password", "user_name": "root",
            "secret": { "text": "a stored password" }, "revision": 0,
        });
        site.admin.post("/api/credentials", &credential)?.success()?;
        let expected = format!("The group Production still holds {many} and 1 credential (root).");
        ensure!(said(&group_path)? == expected, "{}", said(&group_path)?);
        ensure!(site.admin.get::<JumpItem>(&format!("/api/jump-items/{}", first.id)).is_ok(), "a refusal removed it");
        Ok(())
    })
}

#[test]
fn memberships_of_who_is_removed_end_with_an_event() -> Result<()> {
    on_a_site(|site| {
        let ((eva, _), (max, _)) = (newcomer(site, "eva")?, newcomer(site, "max")?);
        let night = team(site, "Night shift", &[eva, max])?;
        let lab = group(site, "Lab")?;
        let starts = JumpItemRoleId::START_SESSIONS_ONLY;
        let (of_team, of_max) = ((Principal::Team(night.id), starts), (Principal::User(max), starts));
        set_members(site, site.group, &[of_team, of_max])?;
        set_members(site, lab.id, &[of_team])?;
        let members = |id| site.admin.get::<Memberships>(&format!("/api/jump-groups/{id}/members"));
        let known = members(site.group)?;
        let uses: PrincipalUses = site.admin.get(&format!("/api/teams/{}/uses", night.id))?;
        ensure!(uses.groups == ["Lab", "Production"], "{uses:?}");

        let before = last(&site.admin)?;
        site.admin.delete(&format!("/api/teams/{}", night.id))?.success()?;
        let happened = events_after(&site.admin, before)?;
        let expected = ["group.members_changed", "group.members_changed", "team.removed"];
        ensure!(actions(&happened) == expected, "{happened:#?}");
        let changed = happened.iter().find(|it| it.object.as_ref().is_some_and(|it| it.name == "Production"));
        let changed = changed.context("no event of the group")?;
        let row = |who: Principal| Membership { principal: who, role_id: starts, jump_policy_id: None };
        let (team_row, max_row) = (row(Principal::Team(night.id)), row(Principal::User(max)));
        ensure!(changed.before["members"] == json!([team_row, max_row]), "{changed:#?}");
        ensure!(changed.after["members"] == json!([max_row]), "{changed:#?}");
        // Whoever looked at the list before is told.
        ensure!(members(site.group)?.revision == known.revision + 1);
        let path = format!("/api/jump-groups/{}/members", site.group);
        let refusal = site.admin.put(&path, &Memberships { members: vec![], ..known })?.refused(409)?;
        ensure!(refusal.code == "changed_meanwhile", "{refusal:?}");
        ensure!(members(site.group)?.members == [max_row] && members(lab.id)?.members.is_empty());

        let day = team(site, "Day shift", &[max])?;
        let before = last(&site.admin)?;
        site.admin.delete(&format!("/api/users/{max}"))?.success()?;
        let happened = events_after(&site.admin, before)?;
        let expected = ["group.members_changed", "team.changed", "user.removed"];
        ensure!(actions(&happened) == expected, "{happened:#?}");
        let left = one(&happened, "team.changed")?;
        ensure!(left.before["members"] == json!([max]) && left.after["members"] == json!([]), "{left:#?}");
        let teams: Vec<Team> = site.admin.get("/api/teams")?;
        ensure!(teams.iter().any(|it| it.id == day.id && it.members.is_empty() && it.revision == day.revision + 1));
        Ok(())
    })
}
