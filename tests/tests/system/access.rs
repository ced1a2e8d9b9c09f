//! Who may use what, and how much of it: decisions that are made again, bounds, what other users of the machine may read.

use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, ensure};
use tests::site::on_a_site;
use wire::api::{JumpItem, NewSession, Session, SessionEnd, SessionState};

#[test]
fn what_held_at_jump_is_asked_again_for_the_ticket() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let session = site.jump(&item)?;
        site.jumpoint.program.kill()?;
        site.jumpoint.wait_until_offline(&site.admin)?;
        let path = format!("/api/sessions/{}/ticket", session.id);
        let refusal = site.admin.send("POST", &path, None)?.refused(409)?;
        ensure!(refusal.code == "jumpoint_offline" && !refusal.next_step.is_empty(), "{refusal:?}");
        ensure!(site.session(session.id)?.session.state == SessionState::Ready);
        site.jumpoint.start_again()?;
        site.jumpoint.wait_until_online(&site.admin)?;
        site.ticket(session.id)?;
        Ok(())
    })
}

#[test]
fn a_technician_does_not_end_the_sessions_of_others_by_removing_the_item() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let path = format!("/api/jump-items/{}", item.id);
        let (tom, tim) = (site.technician("tom")?, site.technician("tim")?);
        let own: Session = tim.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        let refusal = tom.delete(&path)?.refused(409)?;
        ensure!(refusal.code == "in_use" && refusal.message.contains("Tom Technician"), "{refusal:?}");
        tom.get::<JumpItem>(&path)?;
        site.admin.delete(&path)?.success()?;
        let ended = site.session(own.id)?.session;
        ensure!(ended.state == SessionState::Ended && ended.end == Some(SessionEnd::ItemRemoved), "{ended:?}");
        ensure!(ended.end_message.as_deref() == Some("Ana Administrator removed the item."), "{ended:?}");

        let item = site.item("web", "127.0.0.1", "127.0.0.1", &[(0, 80)])?;
        let _: Session = tom.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        tom.delete(&format!("/api/jump-items/{}", item.id))?.success()
    })
}

#[test]
fn sessions_of_one_user_are_counted() -> Result<()> {
    on_a_site(|site| {
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let mut last = site.jump(&item)?;
        for _ in 1..50 {
            last = site.jump(&item)?;
        }
        let refusal = site.admin.post("/api/sessions", &NewSession::of(item.id))?.refused(409)?;
        ensure!(refusal.code == "too_many_sessions" && refusal.message.contains("50"), "{refusal:?}");
        let tom = site.technician("tom")?;
        let _: Session = tom.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        site.admin.send("POST", &format!("/api/sessions/{}/end", last.id), None)?.success()?;
        site.jump(&item)?;
        Ok(())
    })
}

#[test]
fn the_data_is_for_its_owner_alone() -> Result<()> {
    on_a_site(|site| {
        let data = site.folder().join("appliance");
        let mode = |path: &std::path::Path| -> Result<u32> { Ok(path.metadata()?.permissions().mode() & 0o777) };
        ensure!(mode(&data)? == 0o700, "{:o}", mode(&data)?);
        let embedded = site.appliance.database().is_none();
        for name in ["sallyport.db", "sallyport.db-wal"].into_iter().filter(|_| embedded) {
            ensure!(mode(&data.join(name))? == 0o600, "{name}: {:o}", mode(&data.join(name))?);
        }
        Ok(())
    })
}
