//! The workstation's side: a port in use, helper or extension missing, another appliance's helper, reload, other pages, the browser quits.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tests::appliance::{Appliance, Options as ApplianceOptions};
use tests::browser::{Browser, Options, Workstation, trust};
use tests::console::NewItem;
use tests::helper::InstalledHelper;
use tests::program::Program;
use tests::servers::{Echo, find_program, free_port};
use tests::site::{Site, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{SessionEnd, SessionPage, SessionState};
use wire::helper_messages::EXTENSION_ID;

use crate::{ready_console, signed_in};

fn echo_item(echo: &Echo) -> NewItem<'static> {
    let pairs: &'static [(u16, u16)] = Box::leak(Box::new([(0, echo.port())]));
    NewItem {
        name: "echo",
        jumpoint: "ams-1",
        hostname: "127.0.0.1",
        local_address: "127.32.0.1",
        pairs,
        group: "Production",
    }
}

fn echoes(mut stream: &TcpStream) -> Result<()> {
    stream.set_read_timeout(Some(SOON))?;
    stream.write_all(b"still here")?;
    let mut answer = [0; 10];
    stream.read_exact(&mut answer)?;
    ensure!(&answer == b"still here");
    Ok(())
}

#[test]
fn a_missing_helper_is_told_and_found_once_it_is_there() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.wait_for_helper_state("missing")?;
        console.visit("/helper")?;
        console.wait_for_text("main", |text| text.contains("sallyport-helper install"))?;
        console.screenshot("get-the-helper-missing")?;
        workstation.install_helper(&site.appliance.ready)?;
        console.wait_for_helper()?;
        console.screenshot("get-the-helper-ready")?;
        Ok(())
    })
}

#[test]
fn a_missing_extension_is_told() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let console = signed_in(site, &workstation, Options { extension: false, ..Options::default() })?;
        console.wait_for_helper_state("missing")?;
        console.visit("/helper")?;
        console.wait_for_text("main", |text| text.to_lowercase().contains("extension"))?;
        console.screenshot("get-the-helper-no-extension")?;
        Ok(())
    })
}

#[test]
fn a_helper_of_another_appliance_is_told() -> Result<()> {
    on_a_site_with_console(|site| {
        let other = second_appliance(site)?;
        let workstation = Workstation::new(&site.appliance.ready)?;
        InstalledHelper::install(
            &other.ready,
            &workstation.home(),
            &workstation.profile().join("NativeMessagingHosts"),
            None,
        )?;
        let console = signed_in(site, &workstation, Options::default())?;
        console.wait_for_helper_state("broken")?;
        console.visit("/helper")?;
        let said = console.wait_for_text("main", |text| text.contains("not installed for this appliance"))?;
        console.screenshot("get-the-helper-other-appliance")?;
        // Whose helper it is, is no page's business but that appliance's.
        ensure!(!said.contains(&other.ready.url), "{said}");
        Ok(())
    })
}

fn second_appliance(site: &Site) -> Result<Appliance> {
    let folder = site.folder().join("other");
    std::fs::create_dir_all(&folder)?;
    Appliance::start(ApplianceOptions { console: true, ..ApplianceOptions::new(&folder.join("data")) }, &folder)
}

#[test]
fn a_page_of_another_origin_gets_nothing_from_the_extension() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        let other = second_appliance(site)?;
        let (workstation, console) = ready_console(site)?;
        console.create_item(&echo_item(&echo))?;
        console.jump("echo")?;
        let address = console.tunnel(1)?[0];
        drop(console);
        // The same workstation, now with a page of somebody else that the browser trusts as far as TLS goes.
        trust(&workstation.home(), &other.ready.ca)?;
        let browser = Browser::start(&workstation, Options::default())?;
        browser.go_to(&other.ready.url)?;
        let ask = "const [id, done] = arguments; \
            const port = chrome.runtime.connect(id, { name: 'sallyport' }); const said = []; \
            port.onMessage.addListener(it => { said.push(it); \
              if (it.type != 'extension') done(JSON.stringify(said)); }); \
            port.onDisconnect.addListener(() => done(JSON.stringify(said))); \
            port.postMessage({ type: 'hello', protocol: 1, id: 1 });";
        let said = browser.script_with_answer(ask, vec![json!(EXTENSION_ID)])?;
        let said = said.as_str().context("no answer")?.to_owned();
        ensure!(said.contains("origin_not_served") || said.contains("origin_refused"), "{said}");
        ensure!(!said.contains("\"sessions\""), "{said}");
        ensure!(TcpStream::connect(address).is_err(), "the first browser's tunnels outlived it");
        Ok(())
    })
}

#[test]
fn a_reload_keeps_the_tunnels_and_the_page_finds_them_again() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        let (_workstation, console) = ready_console(site)?;
        console.create_item(&echo_item(&echo))?;
        console.jump("echo")?;
        let address = console.tunnel(1)?[0];
        let stream = TcpStream::connect(address)?;
        echoes(&stream)?;
        let helper = console.helpers()?;
        ensure!(helper.len() == 1, "{helper:?}");
        console.reload()?;
        ensure!(console.address(0)? == address);
        echoes(&stream)?;
        ensure!(console.helpers()? == helper, "another helper process");
        // Another page of the console and back.
        console.visit("/sessions")?;
        console.wait_for("sessions")?;
        echoes(&stream)?;
        console.open_tab(&site.appliance.ready.url)?;
        console.wait_for_helper()?;
        echoes(&stream)?;
        ensure!(console.helpers()? == helper, "a second tab started another helper");
        Ok(())
    })
}

#[test]
fn a_port_in_use_is_told_with_its_program_and_tried_again() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        let (_workstation, console) = ready_console(site)?;
        let address = Ipv4Addr::new(127, 32, 0, 9);
        let port = free_port()?;
        console.create_item(&NewItem {
            name: "echo",
            jumpoint: "ams-1",
            hostname: "127.0.0.1",
            local_address: &address.to_string(),
            pairs: &[(port, echo.port())],
            group: "Production",
        })?;
        let mut blocker = Command::new(find_program("nc", &[])?);
        blocker.args(["-l", "-k", "-s", &address.to_string(), "-p", &port.to_string()]).stdin(Stdio::null());
        let mut blocker = Program::start("blocker", &mut blocker, site.folder())?;
        wait::until_true("the port is in use", SOON, || {
            blocker.check_alive()?;
            Ok(TcpStream::connect((address, port)).is_ok())
        })?;

        console.jump("echo")?;
        console.click("protocol-tunneling")?;
        console.wait_for_text("tunnel-0-problem", |text| {
            text.contains(&format!("{address}:{port}"))
                && text.contains("nc")
                && text.contains(&blocker.pid().to_string())
        })?;
        console.screenshot("port-in-use")?;
        // Nothing has changed: the same answer.
        console.click("tunnel-0-retry")?;
        std::thread::sleep(Duration::from_secs(1));
        ensure!(console.shows("tunnel-0-problem")?, "it claims to listen on a port that is in use");
        blocker.kill()?;
        console.click("tunnel-0-retry")?;
        ensure!(console.address(0)?.to_string() == format!("{address}:{port}"));
        echoes(&TcpStream::connect((address, port))?)
    })
}

#[test]
fn the_browser_quits_and_the_helper_with_it() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        let (_workstation, mut console) = ready_console(site)?;
        console.create_item(&echo_item(&echo))?;
        console.jump("echo")?;
        let address = console.tunnel(1)?[0];
        let helpers = console.helpers()?;
        let Some((pid, _)) = helpers.first().cloned() else { bail!("no helper runs") };
        console.browser().quit()?;
        wait::until_true("the helper has ended", Duration::from_secs(4), || {
            Ok(!std::path::Path::new(&format!("/proc/{pid}/exe")).exists())
        })?;
        ensure!(TcpStream::connect(address).is_err());
        wait::until_true("the session has ended", SOON, || {
            let page: SessionPage = site.admin.get("/api/sessions")?;
            let session = &page.sessions[0];
            ensure!(session.state != SessionState::Ended || session.end == Some(SessionEnd::HelperGone), "{session:?}");
            Ok(session.state == SessionState::Ended)
        })
    })
}

#[test]
fn a_helper_that_dies_is_told_and_another_can_start() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        let (_workstation, console) = ready_console(site)?;
        console.create_item(&echo_item(&echo))?;
        console.jump("echo")?;
        console.tunnel(1)?;
        for (pid, _) in console.helpers()? {
            let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("no process id")?;
            rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
        }
        // The appliance cannot know that it will not come back; the console does.
        console.wait_for("session-helper-died")?;
        console.screenshot("session-helper-gone")?;
        console.click("start-again")?;
        console.wait_until_gone("session-helper-died")?;
        console.wait_for_helper()?;
        let page: SessionPage = site.admin.get("/api/sessions")?;
        ensure!(page.sessions.iter().filter(|it| it.state != SessionState::Ended).count() == 1, "{:?}", page.sessions);
        let stream = TcpStream::connect(console.tunnel(1)?[0])?;
        echoes(&stream)
    })
}
