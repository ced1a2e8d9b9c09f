//! Who may ask the helper for what.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tests::appliance::{Appliance, Options};
use tests::helper::framed;
use tests::servers::Echo;
use tests::site::on_a_site;
use wire::helper_messages::{HelperError, HelperReply, HelperRequest};
use wire::limits::NATIVE_MESSAGE_BYTES;

#[test]
fn it_serves_only_the_appliance_it_was_installed_for() -> Result<()> {
    on_a_site(|site| {
        let mut helper = site.start_helper()?;
        ensure!(matches!(helper.hello()?, HelperReply::Hello { .. }));
        for origin in ["https://elsewhere.example", "https://localhost", "http://localhost", "null", ""] {
            helper.origin = origin.into();
            match helper.hello()? {
                HelperReply::Failed { error: HelperError::OriginNotServed { origin: said } } => ensure!(said == origin),
                other => bail!("{origin:?} was served: {other:?}"),
            }
        }
        Ok(())
    })
}

#[test]
fn a_page_of_another_address_learns_nothing() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let installed = site.install_helper("workstation")?;
        let mut helper = installed.start(site.folder())?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        helper.origin = "https://elsewhere.example".into();
        let session_id = open.id;
        let mut answers = Vec::new();
        for request in [
            HelperRequest::Hello { protocol: 1 },
            HelperRequest::RetryListening { session_id },
            HelperRequest::OpenTunnels { session_id, ticket: wire::SecretText::new("made up".into()) },
        ] {
            answers.push(serde_json::to_string(&helper.request(request)?)?);
        }
        // A damaged configuration is told to every page, for whose it is cannot be known; in whose folder it lies is not.
        std::fs::write(installed.config_file(), format!("[[appliance]]\nurl = 5 # {}\n", site.appliance.ready.url))?;
        let damaged = helper.request(HelperRequest::Hello { protocol: 1 })?;
        ensure!(
            matches!(&damaged, HelperReply::Failed { error: HelperError::ConfigurationDamaged { .. } }),
            "{damaged:?}"
        );
        answers.push(serde_json::to_string(&damaged)?);
        let (port, home) = (site.appliance.port()?.to_string(), installed.home.display().to_string());
        for answer in answers {
            ensure!(!answer.contains("localhost") && !answer.contains(&port) && !answer.contains(&home), "{answer}");
        }
        Ok(())
    })
}

#[test]
fn one_origin_does_not_see_the_sessions_of_another() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "echo", echo.port())?;
        let HelperReply::Hello { sessions, .. } = helper.hello()? else { bail!("no hello") };
        ensure!(sessions.len() == 1 && sessions[0].session_id == open.id);
        helper.origin = "https://elsewhere.example".into();
        let reply = helper.request(HelperRequest::CloseTunnels { session_id: open.id })?;
        ensure!(matches!(reply, HelperReply::Failed { .. }), "{reply:?}");
        std::net::TcpStream::connect(open.address(0)?)?;
        Ok(())
    })
}

#[test]
fn another_version_of_the_messages_is_told_who_is_older() -> Result<()> {
    on_a_site(|site| {
        let mut helper = site.start_helper()?;
        match helper.request(HelperRequest::Hello { protocol: 0 })? {
            HelperReply::Failed { error: HelperError::Incompatible { theirs: 0, older, .. } } => {
                ensure!(!older.is_empty());
                Ok(())
            }
            other => bail!("{other:?}"),
        }
    })
}

#[test]
fn malformed_messages_are_answered_and_survived() -> Result<()> {
    on_a_site(|site| {
        let mut helper = site.start_helper()?;
        let not_json = framed(b"this is no JSON");
        let no_message = framed(br#"{"origin":"https://localhost","page":1}"#);
        let empty = framed(b"");
        let no_text = framed(&[0xff, 0xfe, 0x00]);
        let deep = framed("[".repeat(100_000).as_bytes());
        for bytes in [not_json, no_message, empty, no_text, deep] {
            helper.send_bytes(&bytes)?;
        }
        ensure!(matches!(helper.hello()?, HelperReply::Hello { .. }), "the helper did not survive");
        Ok(())
    })
}

#[test]
fn an_oversized_message_is_not_taken_and_an_announced_one_not_waited_for_with_memory() -> Result<()> {
    on_a_site(|site| {
        let mut helper = site.start_helper()?;
        let large = vec![b' '; NATIVE_MESSAGE_BYTES + 1];
        helper.send_bytes(&framed(&large))?;
        ensure!(matches!(helper.hello()?, HelperReply::Hello { .. }), "the helper did not survive");

        // A length of 4 GiB that is only announced: an orderly end or an answer, and not the memory.
        let mut other = site.install_helper("second")?.start(site.folder())?;
        other.send_bytes(&u32::MAX.to_ne_bytes())?;
        other.send_bytes(b"x")?;
        std::thread::sleep(Duration::from_millis(300));
        if other.program.ended()?.is_none() {
            let status = std::fs::read_to_string(format!("/proc/{}/status", other.program.pid()))?;
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
            let kib: u64 = resident.trim().trim_end_matches(" kB").parse()?;
            ensure!(kib < 100 * 1024, "the helper holds {kib} KiB");
        }
        Ok(())
    })
}

#[test]
fn a_changed_certificate_authority_is_refused_in_words() -> Result<()> {
    on_a_site(|site| {
        let installed = site.install_helper("workstation")?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let session = site.jump(&item)?;
        let ticket = site.ticket(session.id)?;
        let listen = format!("127.0.0.1:{}", site.appliance.port()?);
        site.appliance.program.stop()?;
        // Another appliance in its place: same address, another authority.
        let folder = site.folder().join("impostor");
        std::fs::create_dir_all(&folder)?;
        let _impostor = Appliance::start(Options { listen, ..Options::new(&folder.join("data")) }, &folder)?;
        let mut helper = installed.start(site.folder())?;
        let reply = helper.request(HelperRequest::OpenTunnels { session_id: session.id, ticket: ticket.ticket })?;
        match reply {
            HelperReply::Failed { error: HelperError::CertificateRefused { detail, .. } } => {
                ensure!(!detail.is_empty());
                Ok(())
            }
            other => bail!("{other:?}"),
        }
    })
}

#[test]
fn a_session_can_be_closed_while_the_appliance_does_not_answer() -> Result<()> {
    on_a_site(|site| {
        // It accepts and says nothing, as behind a firewall that swallows everything after the handshake.
        let silent = tests::servers::Silent::start()?;
        let home = site.folder().join("workstation");
        let dial = format!("127.0.0.1:{}", silent.port());
        let installed = tests::helper::InstalledHelper::install(
            &site.appliance.ready,
            &home,
            &home.join("manifests"),
            Some(&dial),
        )?;
        let mut helper = installed.start(site.folder())?;
        let session_id = wire::SessionId(uuid::Uuid::from_u128(7));
        let open = HelperRequest::OpenTunnels { session_id, ticket: wire::SecretText::new("unused".into()) };
        let asked = helper.ask(open)?;
        tests::wait::until_true("the helper dials", tests::wait::SOON, || Ok(silent.open() > 0))?;
        let began = std::time::Instant::now();
        let closed = helper.request(HelperRequest::CloseTunnels { session_id })?;
        ensure!(closed == HelperReply::Done, "{closed:?}");
        ensure!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
        let opened = helper.answer(asked)?;
        ensure!(matches!(opened, HelperReply::Failed { error: HelperError::NoSuchSession }), "{opened:?}");
        tests::wait::until_true("the helper hangs up", tests::wait::SOON, || Ok(silent.open() == 0))
    })
}

#[test]
fn an_appliance_that_is_down_is_told() -> Result<()> {
    on_a_site(|site| {
        let mut helper = site.start_helper()?;
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 7)])?;
        let session = site.jump(&item)?;
        let ticket = site.ticket(session.id)?;
        site.appliance.program.kill()?;
        let reply = helper.request(HelperRequest::OpenTunnels { session_id: session.id, ticket: ticket.ticket })?;
        ensure!(matches!(reply, HelperReply::Failed { error: HelperError::ApplianceUnreachable { .. } }), "{reply:?}");
        Ok(())
    })
}

#[test]
fn install_status_and_uninstall_do_what_they_say() -> Result<()> {
    on_a_site(|site| {
        let installed = site.install_helper("workstation")?;
        let manifest = installed.manifests.join("org.sallyport.helper.json");
        let text = std::fs::read_to_string(&manifest)?;
        ensure!(text.contains("chrome-extension://") && text.contains("sallyport-helper"), "{text}");
        let status = installed.call(&["status"])?;
        ensure!(status.stdout.contains(&site.appliance.ready.url), "{}", status.stdout);
        let gone = installed.call(&["uninstall"])?;
        ensure!(gone.status.success(), "{} {}", gone.stdout, gone.stderr);
        let chromium = installed.home.join(".config/chromium/NativeMessagingHosts/org.sallyport.helper.json");
        ensure!(!chromium.exists(), "uninstall left {}", chromium.display());
        Ok(())
    })
}

#[test]
fn what_the_appliance_said_of_its_extension_outlives_its_absence_and_goes_with_it() -> Result<()> {
    on_a_site(|site| {
        let installed = site.install_helper("workstation")?;
        let manifest = installed.manifests.join("org.sallyport.helper.json");
        let folder = installed.manifests.display().to_string();
        let ca = site.appliance.ready.ca.display().to_string();
        let url = site.appliance.ready.url.clone();
        let call = |arguments: &[&str]| -> Result<()> {
            let said = installed.call(&[arguments, &["--manifest-dir", &folder]].concat())?;
            ensure!(said.status.success(), "{arguments:?}: {}{}", said.stdout, said.stderr);
            Ok(())
        };
        let before = std::fs::read_to_string(&manifest)?;
        ensure!(before.matches("chrome-extension://").count() == 2, "{before}");
        site.appliance.program.stop()?;
        call(&["install", "--appliance", &url, "--ca", &ca])?;
        ensure!(std::fs::read_to_string(&manifest)? == before, "the packed extension was forgotten");
        call(&["install", "--appliance", "https://localhost:1", "--ca", &ca])?;
        call(&["uninstall", "--appliance", &url])?;
        let after = std::fs::read_to_string(&manifest)?;
        ensure!(after.matches("chrome-extension://").count() == 1, "{after}");
        Ok(())
    })
}
