//! Jump groups of one user alone: who sees them, what their owner may do, what becomes of them.

use anyhow::{Context, Result, ensure};
use tests::api_client::ApiClient;
use tests::site::{Site, on_a_site};
use wire::api::{
    ItemPermission, JumpGroup, JumpItem, JumpItemRole, JumpItemRoleDraft, Memberships, NewSession, Session, SessionEnd,
    TunnelJumpDraft, User, UserChange,
};
use wire::{JumpItemRoleId, UserId};

fn user(site: &Site, name: &str) -> Result<(UserId, ApiClient)> {
    let client = site.technician(name)?;
    let users: Vec<User> = site.admin.get("/api/users")?;
    let user = users.into_iter().find(|it| it.user_name == name).context("there is no such user")?;
    Ok((user.id, client))
}

fn give(site: &Site, user: UserId, role: Option<JumpItemRoleId>) -> Result<()> {
    let change = UserChange { personal_role_id: Some(role), ..UserChange::default() };
    site.admin.patch(&format!("/api/users/{user}"), &change)?.success()
}

fn personal(client: &ApiClient) -> Result<Vec<JumpGroup>> {
    let groups: Vec<JumpGroup> = client.get("/api/jump-groups")?;
    Ok(groups.into_iter().filter(|it| it.owner.is_some()).collect())
}

#[test]
fn a_personal_group_is_seen_by_its_owner_and_administrators_alone() -> Result<()> {
    on_a_site(|site| {
        let ((tom_id, tom), (eva_id, eva)) = (user(site, "tom")?, user(site, "eva")?);
        ensure!(personal(&tom)?.is_empty(), "there is one without a role");
        let draft = JumpItemRoleDraft {
            name: "Own things".into(),
            description: String::new(),
            permissions: vec![ItemPermission::Start, ItemPermission::Add, ItemPermission::Remove],
            revision: 0,
        };
        let role: JumpItemRole = site.admin.post("/api/jump-item-roles", &draft)?.ok()?;
        give(site, tom_id, Some(role.id))?;
        give(site, tom_id, Some(role.id))?;
        let group = personal(&tom)?.pop().context("tom has no personal group")?;
        ensure!(
            group.owner.as_ref().is_some_and(|it| it.user_id == tom_id) && group.permissions.len() == 3,
            "{group:?}"
        );
        // Eva may do everything in shared groups, and nothing here, with a personal role of her own or without.
        give(site, eva_id, Some(JumpItemRoleId::ADMINISTRATOR))?;
        ensure!(personal(&eva)?.iter().all(|it| it.id != group.id), "eva sees tom's group");
        ensure!(personal(&site.admin)?.len() == 2, "an administrator does not see both");

        let mine = TunnelJumpDraft { group_id: group.id, ..site.draft("mine", "127.0.0.1", "127.0.0.1", &[(0, 22)]) };
        eva.post("/api/jump-items", &mine)?.refused(422)?;
        let item: JumpItem = tom.post("/api/jump-items", &mine)?.ok()?;
        eva.post("/api/sessions", &NewSession::of(item.id))?.refused(404)?;
        let seen: Vec<JumpItem> = eva.get("/api/jump-items")?;
        ensure!(seen.is_empty(), "{seen:?}");
        let session: Session = tom.post("/api/sessions", &NewSession::of(item.id))?.ok()?;

        // No list of members, and not removed as long as its owner is to have it, or there is something in it.
        let members: Memberships = site.admin.get(&format!("/api/jump-groups/{}/members", group.id))?;
        let refusal = site.admin.put(&format!("/api/jump-groups/{}/members", group.id), &members)?.refused(409)?;
        ensure!(refusal.code == "personal_group", "{refusal:?}");
        site.admin.delete(&format!("/api/jump-groups/{}", group.id))?.refused(409)?;
        site.admin.delete(&format!("/api/jump-item-roles/{}", role.id))?.refused(409)?;

        // What is taken away ends sessions; it comes back with everything in it.
        give(site, tom_id, None)?;
        site.wait_for_session(session.id, "it ends", |it| it.session.end == Some(SessionEnd::AccessRemoved))?;
        ensure!(personal(&tom)?.is_empty());
        let refusal = site.admin.delete(&format!("/api/users/{tom_id}"))?.refused(409)?;
        let said = &refusal.message;
        ensure!(said.contains("personal group of") && said.contains("holds 1 item (mine)"), "{refusal:?}");
        give(site, tom_id, Some(role.id))?;
        tom.delete(&format!("/api/jump-items/{}", item.id))?.success()?;
        site.admin.delete(&format!("/api/users/{tom_id}"))?.success()?;
        ensure!(personal(&site.admin)?.iter().all(|it| it.id != group.id), "the group is left behind");
        Ok(())
    })
}
