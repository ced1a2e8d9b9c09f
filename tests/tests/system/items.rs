//! What may be entered for a Protocol Tunnel Jump.

use anyhow::{Result, ensure};
use tests::api_client::field_message;
use tests::site::on_a_site;
use wire::api::{ItemStatus, JumpGroup, JumpGroupDraft, JumpItem, TunnelJumpDraft};
use wire::{JumpGroupId, JumpointId};

/// Bad input and the field whose message has to say so.
#[test]
fn bad_input_is_refused_at_its_field() -> Result<()> {
    on_a_site(|site| {
        let good = site.draft("db", "10.0.0.5", "127.4.0.9", &[(5432, 5432)]);
        let change = |edit: &dyn Fn(&mut TunnelJumpDraft)| {
            let mut draft = good.clone();
            edit(&mut draft);
            draft
        };
        let cases: [(&str, &str, TunnelJumpDraft); 14] = [
            ("name", "129", change(&|it| it.name = "n".repeat(129))),
            ("name", "name", change(&|it| it.name = "  ".into())),
            ("local_address", "127.0.0.1", change(&|it| it.local_address = "10.0.0.1".into())),
            ("local_address", "127.0.0.1", change(&|it| it.local_address = "128.0.0.1".into())),
            ("local_address", "127.0.0.1", change(&|it| it.local_address = "localhost".into())),
            ("tunnels[0].remote_port", "65535", change(&|it| it.tunnels[0].remote_port = 0)),
            ("tunnels[0].remote_port", "65535", change(&|it| it.tunnels[0].remote_port = 65_536)),
            ("tunnels[0].local_port", "65535", change(&|it| it.tunnels[0].local_port = 65_536)),
            ("tunnels[1].local_port", "5432", change(&|it| it.tunnels.push(it.tunnels[0].clone()))),
            ("tunnels", "pair", change(&|it| it.tunnels.clear())),
            ("hostname", "https://", change(&|it| it.hostname = "https://db".into())),
            ("hostname", "host name", change(&|it| it.hostname = "$(reboot)".into())),
            ("jumpoint_id", "jumpoint", change(&|it| it.jumpoint_id = JumpointId(uuid::Uuid::nil()))),
            ("group_id", "group", change(&|it| it.group_id = JumpGroupId(uuid::Uuid::nil()))),
        ];
        for (field, word, draft) in cases {
            let refusal = site.admin.post("/api/jump-items", &draft)?.refused(422)?;
            let message = field_message(&refusal, field)?;
            ensure!(message.to_lowercase().contains(word), "{field}: {message:?} does not say {word:?}");
        }
        let items: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
        ensure!(items.is_empty(), "refused items were kept: {items:?}");
        Ok(())
    })
}

#[test]
fn the_limits_themselves_are_allowed() -> Result<()> {
    on_a_site(|site| {
        let mut draft = site.draft(&"ä".repeat(128), "db.example.org", "127.255.255.254", &[(65_535, 65_535), (1, 1)]);
        draft.tag = Some("billing".into());
        draft.comments = "the big one".into();
        let item: JumpItem = site.admin.post("/api/jump-items", &draft)?.ok()?;
        draft.credentials = Some(Vec::new());
        ensure!(item.definition == draft, "kept {:?}", item.definition);
        ensure!(item.jumpoint_name == "ams-1" && item.group_name == "Production");
        ensure!(item.status == ItemStatus::Ready);
        Ok(())
    })
}

#[test]
fn an_item_can_be_edited_moved_and_removed() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "10.0.0.5", "127.4.0.9", &[(5432, 5432)])?;
        let lab: JumpGroup = site
            .admin
            .post("/api/jump-groups", &JumpGroupDraft { name: "Lab".into(), comments: String::new(), revision: 0 })?
            .ok()?;
        let path = format!("/api/jump-items/{}", item.id);
        let draft = TunnelJumpDraft { name: "db-2".into(), group_id: lab.id, ..item.definition.clone() };
        let changed: JumpItem = site.admin.put(&path, &draft)?.ok()?;
        ensure!(changed.group_name == "Lab" && changed.definition.name == "db-2");
        let bad = TunnelJumpDraft { name: String::new(), ..changed.definition };
        field_message(&site.admin.put(&path, &bad)?.refused(422)?, "name")?;
        let kept: JumpItem = site.admin.get(&path)?;
        ensure!(kept.definition.name == "db-2", "a refused change was kept");
        site.admin.delete(&path)?.success()?;
        site.admin.send("GET", &path, None)?.refused(404)?;
        Ok(())
    })
}

#[test]
fn a_group_with_items_is_not_removed_behind_their_back() -> Result<()> {
    on_a_site(|site| {
        site.item("db", "10.0.0.5", "127.4.0.9", &[(5432, 5432)])?;
        let refusal = site.admin.delete(&format!("/api/jump-groups/{}", site.group))?.refused(409)?;
        let expected = "The group Production still holds 1 item (db).";
        ensure!(refusal.code == "in_use" && refusal.message == expected, "{refusal:?}");
        Ok(())
    })
}
