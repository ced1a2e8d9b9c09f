//! Whatever ends a session cuts its connections at once, at both ends, and everybody is told why.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use tests::api_client::ApiClient;
use tests::helper::HelperByHand;
use tests::jumpoint::jumpoint;
use tests::servers::{Gauge, Silent};
use tests::site::{OpenSession, Site, TECHNICIAN_PASSWORD, on_a_site, on_a_site_with_clock};
use tests::wait;
use wire::JumpItemRoleId;
use wire::api::{
    JumpItem, JumpPolicyDraft, JumpointChange, NewSession, Session, SessionEnd, SessionState, User, UserChange,
};
use wire::helper_messages::HelperEvent;
use wire::stream::EndReason;

use crate::policies::{approval_by, ask, decide, draft, guard, make, schedule, somebody};

/// Within this every connection is cut.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Connections that do nothing.
const IDLE: usize = 3;

/// A session of a technician with connections that do nothing, and one that moves bytes as fast as it can.
struct Victim {
    session: OpenSession,
    item: JumpItem,
    clients: Vec<JoinHandle<Instant>>,
}

struct Stage<'a> {
    site: &'a Site,
    tom: Arc<ApiClient>,
    helper: HelperByHand,
    silent: Silent,
    gauge: Gauge,
}

impl Stage<'_> {
    fn item(&self, name: &str) -> Result<JumpItem> {
        let ports = [(0, self.silent.port().into()), (0, self.gauge.port().into())];
        self.site.item(name, "127.0.0.1", "127.0.0.1", &ports)
    }

    fn begin(&mut self, name: &str) -> Result<Victim> {
        let item = self.item(name)?;
        self.begin_on(item)
    }

    fn begin_on(&mut self, item: JumpItem) -> Result<Victim> {
        let session: Session = self.tom.post("/api/sessions", &NewSession::of(item.id))?.ok()?;
        let ticket = self.tom.send("POST", &format!("/api/sessions/{}/ticket", session.id), None)?.ok()?;
        let local = self.helper.open_tunnels(&ticket)?;
        let session = OpenSession { id: session.id, local };
        let mut clients = Vec::new();
        for _ in 0..IDLE {
            clients.push(until_it_ends(session.address(0)?, b"hello")?);
        }
        let mut endless = vec![b'd'];
        endless.extend(u64::MAX.to_be_bytes());
        clients.push(until_it_ends(session.address(1)?, &endless)?);
        self.site.wait_for_session(session.id, "its connections stand", |it| {
            it.session.connections_open as usize == IDLE + 1 && it.session.bytes_received > 1 << 20
        })?;
        wait::until_true("the target has them", wait::SOON, || Ok(self.silent.open() == IDLE))?;
        Ok(Victim { session, item, clients })
    }

    /// Does something that ends the session, and looks at both ends and the records.
    fn check(
        &mut self,
        victim: Victim,
        end: SessionEnd,
        words: &str,
        deed: impl FnOnce(&JumpItem) -> Result<()>,
    ) -> Result<()> {
        let began = Instant::now();
        let silent = &self.silent;
        let closed = thread::scope(|scope| -> Result<Instant> {
            let target = scope.spawn(|| -> Result<Instant> {
                wait::until_true("the target's sockets are closed", wait::SOON, || Ok(silent.open() == 0))?;
                Ok(Instant::now())
            });
            deed(&victim.item)?;
            target.join().map_err(|_| anyhow!("the watcher of the target panicked"))?
        });
        let at_target = closed.context("at the target")?.duration_since(began);
        ensure!(at_target < AT_ONCE, "the target's connections were cut after {at_target:?}");
        for client in victim.clients {
            let at_client = client.join().map_err(|_| anyhow!("a client panicked"))?.duration_since(began);
            ensure!(at_client < AT_ONCE, "a client's connection was cut after {at_client:?}");
        }
        let id = victim.session.id;
        let told = self.helper.wait_for_event(wait::SOON, |event| match event {
            HelperEvent::SessionEnded { session_id, message } if *session_id == id => Some(message.clone()),
            _ => None,
        })?;
        let is_written = |it: &wire::api::SessionDetails| {
            it.session.state == SessionState::Ended
                && it.connections.iter().all(|row| row.closed_at.is_some())
                && it.events.iter().any(|event| event.kind == "ended")
        };
        let record = self.site.wait_for_session(id, "the end is written down", is_written)?;
        ensure!(record.session.end == Some(end), "{:?}", record.session);
        let message = record.session.end_message.clone().unwrap_or_default();
        ensure!(message.contains(words) && told == message, "{message:?}, and the helper was told {told:?}");
        ensure!(
            record.events.iter().any(|event| event.kind == "ended" && event.message == message),
            "{:?}",
            record.events
        );
        ensure!(record.connections.len() == IDLE + 1, "{:?}", record.connections);
        for row in &record.connections {
            ensure!(row.end == Some(EndReason::SessionEnded), "{row:?}");
        }
        wait::until_true("the jumpoint's log says why", wait::SOON, || {
            Ok(self.site.jumpoint.program.log().contains(&format!("the appliance ends the session: {message}")))
        })
    }
}

/// A connection that says something and reads until it is cut; when that was.
fn until_it_ends(to: SocketAddr, first: &[u8]) -> Result<JoinHandle<Instant>> {
    let mut stream = TcpStream::connect(to)?;
    stream.write_all(first)?;
    Ok(thread::spawn(move || {
        // However it ends, it ends.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        Instant::now()
    }))
}

fn user(site: &Site, name: &str) -> Result<String> {
    let users: Vec<User> = site.admin.get("/api/users")?;
    let user = users.into_iter().find(|user| user.user_name == name).context("no such user")?;
    Ok(format!("/api/users/{}", user.id))
}

#[test]
fn every_end_of_a_session_cuts_its_connections_at_once() -> Result<()> {
    on_a_site(|site| {
        let tom = site.technician("tom")?;
        let helper = site.start_helper()?;
        let mut stage = Stage { site, tom: Arc::new(tom), helper, silent: Silent::start()?, gauge: Gauge::start()? };
        let admin = &site.admin;

        let (tom, victim) = (Arc::clone(&stage.tom), stage.begin("ended by the user")?);
        let end = format!("/api/sessions/{}/end", victim.session.id);
        stage.check(victim, SessionEnd::ByUser, "Tom Technician ended", |_| tom.send("POST", &end, None)?.success())?;

        let victim = stage.begin("ended by an administrator")?;
        let end = format!("/api/sessions/{}/end", victim.session.id);
        stage.check(victim, SessionEnd::ByAdministrator, "administrator Ana", |_| {
            admin.send("POST", &end, None)?.success()
        })?;

        let victim = stage.begin("removed item")?;
        stage.check(victim, SessionEnd::ItemRemoved, "Ana Administrator removed the item", |item| {
            admin.delete(&format!("/api/jump-items/{}", item.id))?.success()
        })?;

        let jumpoint_path = format!("/api/jumpoints/{}", site.jumpoint.id);
        for (name, off, on) in [
            (
                "jumpoint disabled",
                JumpointChange { enabled: Some(false), ..JumpointChange::default() },
                JumpointChange { enabled: Some(true), ..JumpointChange::default() },
            ),
            (
                "method off",
                JumpointChange { protocol_tunnel_enabled: Some(false), ..JumpointChange::default() },
                JumpointChange { protocol_tunnel_enabled: Some(true), ..JumpointChange::default() },
            ),
        ] {
            let victim = stage.begin(name)?;
            stage.check(victim, SessionEnd::JumpointDisabled, "The jumpoint ams-1 was disabled", |_| {
                admin.patch(&jumpoint_path, &off)?.success()
            })?;
            admin.patch(&jumpoint_path, &on)?.success()?;
        }

        let (path, victim) = (user(site, "tom")?, stage.begin("disabled user")?);
        stage.check(victim, SessionEnd::UserDisabled, "disabled or removed", |_| {
            admin.patch(&path, &UserChange { enabled: Some(false), ..UserChange::default() })?.success()
        })?;
        admin.patch(&path, &UserChange { enabled: Some(true), ..UserChange::default() })?.success()?;
        stage.tom.sign_in("tom", TECHNICIAN_PASSWORD)?;

        let victim = stage.begin("permission taken away")?;
        stage.check(victim, SessionEnd::AccessRemoved, "Ana Administrator took away the permission", |_| {
            admin.patch(&path, &UserChange { default_role_id: Some(None), ..UserChange::default() })?.success()
        })?;
        let role = Some(Some(JumpItemRoleId::ADMINISTRATOR));
        admin.patch(&path, &UserChange { default_role_id: role, ..UserChange::default() })?.success()?;

        let victim = stage.begin("removed user")?;
        stage.check(victim, SessionEnd::UserDisabled, "disabled or removed", |_| admin.delete(&path)?.success())?;

        stage.tom = Arc::new(site.technician("tim")?);
        let node = jumpoint(admin, site.jumpoint.id)?.nodes.remove(0).id;
        let victim = stage.begin("removed node")?;
        stage.check(victim, SessionEnd::JumpointDisabled, "disabled or removed", |_| {
            admin.delete(&format!("{jumpoint_path}/nodes/{node}"))?.success()
        })
    })
}

#[test]
fn a_policy_that_runs_out_cuts_connections_at_once() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let tom = Arc::new(site.technician("tom")?);
        let helper = site.start_helper()?;
        let mut stage = Stage { site, tom: Arc::clone(&tom), helper, silent: Silent::start()?, gauge: Gauge::start()? };
        let (bob_id, bob) = somebody(site, "bob")?;

        let hours = JumpPolicyDraft { schedule: Some(schedule(true, true)), ..draft("Office hours") };
        let hours = make(site, &hours)?;
        let item = stage.item("schedule closes")?;
        guard(site, &item, Some(hours.id))?;
        let victim = stage.begin_on(item)?;
        stage.check(victim, SessionEnd::ScheduleClosed, "schedule of its policy closed", |_| {
            clock.pass(Duration::from_secs(11 * 60))
        })?;

        let eyes = JumpPolicyDraft { approval: Some(approval_by(&[bob_id])), ..draft("Four eyes") };
        let eyes = make(site, &eyes)?;
        let item = stage.item("approval runs out")?;
        guard(site, &item, Some(eyes.id))?;
        decide(&bob, ask(&tom, &item, 5)?.id, true)?;
        let victim = stage.begin_on(item)?;
        stage.check(victim, SessionEnd::ApprovalEnded, "approval that it rested on ran out", |_| {
            clock.pass(Duration::from_secs(6 * 60))
        })?;

        let item = stage.item("approval taken back")?;
        guard(site, &item, Some(eyes.id))?;
        let request = ask(&tom, &item, 5)?;
        decide(&bob, request.id, true)?;
        let victim = stage.begin_on(item)?;
        stage.check(victim, SessionEnd::ApprovalRevoked, "bob", |_| {
            bob.send("POST", &format!("/api/approvals/{}/revoke", request.id), None)?.success()
        })?;

        let victim = stage.begin("tool taken away")?;
        let path = "/api/session-policies/global";
        let mut none: Value = site.admin.get(path)?;
        none["tools"] = json!([{ "tool": "protocol_tunneling", "rule": "disabled" }, { "tool": "stored_credentials", "rule": "enabled" }]);
        stage.check(victim, SessionEnd::NotAllowed, "session policy does not allow", |_| {
            site.admin.put(path, &none)?.success()
        })
    })
}
