//! Enrolment and presence of jumpoints.

use anyhow::{Context, Result, bail, ensure};
use tests::appliance::{Appliance, Options};
use tests::jumpoint::{enrol, jumpoint, new_key};
use tests::site::on_a_site;
use tests::wait;
use wire::api::Jumpoint;

#[test]
fn a_node_tells_about_itself() -> Result<()> {
    on_a_site(|site| {
        let jumpoint = jumpoint(&site.admin, site.jumpoint.id)?;
        ensure!(jumpoint.protocol_tunnel_enabled && jumpoint.enabled && jumpoint.nodes.len() == 1, "{jumpoint:?}");
        let node = &jumpoint.nodes[0];
        ensure!(!node.hostname.is_empty() && !node.version.is_empty() && !node.os.is_empty(), "{node:?}");
        ensure!(node.last_seen_at.is_some() && node.remote_address.is_some(), "{node:?}");
        ensure!(jumpoint.enrolment_keys.is_empty(), "the used key is still listed");
        Ok(())
    })
}

#[test]
fn an_enrolment_key_is_worth_one_agent() -> Result<()> {
    on_a_site(|site| {
        let key = new_key(&site.admin, site.jumpoint.id)?;
        enrol(&key, None, &site.folder().join("second"))?;
        let Err(error) = enrol(&key, None, &site.folder().join("third")) else { bail!("the key worked twice") };
        ensure!(format!("{error:#}").to_lowercase().contains("key"), "{error:#}");
        Ok(())
    })
}

#[test]
fn a_revoked_key_is_worth_nothing() -> Result<()> {
    on_a_site(|site| {
        let key = new_key(&site.admin, site.jumpoint.id)?;
        let listed = jumpoint(&site.admin, site.jumpoint.id)?.enrolment_keys;
        ensure!(listed.len() == 1);
        let path = format!("/api/jumpoints/{}/enrolment-keys/{}", site.jumpoint.id, listed[0].id);
        site.admin.delete(&path)?.success()?;
        ensure!(enrol(&key, None, &site.folder().join("second")).is_err());
        ensure!(enrol("sp1.bm90IGEga2V5", None, &site.folder().join("third")).is_err());
        ensure!(enrol("not a key", None, &site.folder().join("fourth")).is_err());
        Ok(())
    })
}

#[test]
fn a_node_comes_and_goes() -> Result<()> {
    on_a_site(|site| {
        site.jumpoint.program.kill()?;
        site.jumpoint.wait_until_offline(&site.admin)?;
        site.jumpoint.start_again()?;
        site.jumpoint.wait_until_online(&site.admin)?;
        let status = site.jumpoint.program.stop()?;
        ensure!(status.success(), "a node that is asked to stop ends in order: {status}");
        Ok(())
    })
}

#[test]
fn a_removed_node_is_not_let_in_again() -> Result<()> {
    on_a_site(|site| {
        let node = jumpoint(&site.admin, site.jumpoint.id)?.nodes.remove(0);
        site.admin.delete(&format!("/api/jumpoints/{}/nodes/{}", site.jumpoint.id, node.id))?.success()?;
        site.jumpoint.wait_until_offline(&site.admin)?;
        site.jumpoint.program.stop()?;
        site.jumpoint.start_again()?;
        std::thread::sleep(std::time::Duration::from_secs(2));
        let after: Jumpoint = jumpoint(&site.admin, site.jumpoint.id)?;
        ensure!(!after.online && after.nodes.is_empty(), "{after:?}");
        Ok(())
    })
}

#[test]
fn the_private_key_is_for_its_owner_alone() -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    on_a_site(|site| {
        let state = site.folder().join("jumpoint-ams-1");
        for entry in std::fs::read_dir(&state)? {
            let entry = entry?;
            let mode = entry.metadata()?.permissions().mode() & 0o777;
            ensure!(mode & 0o077 == 0 || !entry.file_name().to_string_lossy().contains("key"), "{entry:?}: {mode:o}");
        }
        Ok(())
    })
}

#[test]
fn a_node_refuses_an_appliance_whose_certificate_authority_changed() -> Result<()> {
    on_a_site(|site| {
        let listen = format!("127.0.0.1:{}", site.appliance.port()?);
        site.appliance.program.stop()?;
        // Another appliance in its place: same address, another authority.
        let folder = site.folder().join("impostor");
        std::fs::create_dir_all(&folder)?;
        let _impostor = Appliance::start(Options { listen, ..Options::new(&folder.join("data")) }, &folder)?;
        let node = &mut site.jumpoint.program;
        wait::until_true("the node says why it does not connect", wait::SOON * 2, || {
            node.check_alive()?;
            let log = node.log();
            let refused = log.lines().find(|line| line.contains("not connected") && line.contains("certificate"));
            // Nothing that waiting would mend: somebody has to act.
            Ok(refused.is_some_and(|line| line.contains("ERROR") && line.contains("is not accepted")))
        })
        .with_context(|| node.log())
    })
}
