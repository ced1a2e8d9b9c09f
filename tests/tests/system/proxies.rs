//! HTTP proxies between helper, jumpoint and appliance. The proxy alone knows the name by which the appliance is dialled here:
//! what reaches it went through the proxy.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tests::helper::InstalledHelper;
use tests::jumpoint::{self, JumpointNode};
use tests::servers::{
    Echo, Gauge, Nginx, ONLY_BEHIND_THE_PROXY, PROXY_PASSWORD_IN_URL, PROXY_USER, Serves, Squid, free_port,
};
use tests::site::{OpenSession, Site, on_a_site};
use tests::way::Way;

#[test]
fn both_legs_go_through_a_proxy_with_a_password_and_outlive_its_restart() -> Result<()> {
    on_a_site(|site| {
        let mut squid = Squid::start(Serves::Known)?;
        let gauge = Gauge::start()?;
        let way = Way { proxy: Some(with_password(&squid, PROXY_PASSWORD_IN_URL)), ..behind_the_proxy(site)? };
        let (node, installed) = (node(site, &way)?, install(site, "behind", &way)?);
        let mut helper = installed.start(site.folder())?;
        let echo = Echo::start()?;
        let open = open(site, &node, &mut helper, &[echo.port(), gauge.port()])?;
        let mut client = TcpStream::connect(open.address(0)?)?;
        say_and_hear(&mut client, b"before")?;
        Gauge::send_to(open.address(1)?, 8 << 20)?;
        let target = way.dial.as_deref().context("no address")?;
        // The jumpoint's enrolment, the helper's question at its installation.
        squid.wait_for_connections(target, 2)?;

        squid.restart()?;
        say_and_hear(&mut client, b"after")?;
        // The links that its end has cut: the jumpoint's two and the helper's.
        squid.wait_for_connections(target, 5)?;
        Gauge::fetch_from(open.address(1)?, 8 << 20)?;
        let details = site.session(open.id)?;
        ensure!(details.events.iter().any(|event| event.kind == "resumed"), "{:?}", details.events);

        let shown = format!("through the proxy http://127.0.0.1:{}", squid.port);
        let status = installed.call(&["status"])?.stdout;
        ensure!(status.contains(&shown) && status.contains("answers"), "{status}");
        ensure!(node.program.log().contains(&shown), "{}", node.program.log());
        for said in [status, node.program.log(), helper.program.log(), site.appliance.program.log()] {
            ensure!(!said.contains("sesame") && !said.contains(&format!("{PROXY_USER}:")), "{said}");
        }
        for secret in [installed.config_file(), site.folder().join("jumpoint-behind/proxy")] {
            ensure!(std::fs::read_to_string(&secret)?.contains(PROXY_PASSWORD_IN_URL), "{}", secret.display());
            ensure!(mode(&secret)? == 0o600, "{} may be read by others", secret.display());
        }
        Ok(())
    })
}

#[test]
fn the_environment_names_the_proxy_and_what_needs_none() -> Result<()> {
    on_a_site(|site| {
        let squid = Squid::start(Serves::Everybody)?;
        let proxy = format!("http://127.0.0.1:{}", squid.port);
        let echo = Echo::start()?;
        let by = |environment: &[(&'static str, &str)]| -> Result<Way> {
            let environment = environment.iter().map(|&(name, value)| (name, value.to_owned())).collect();
            Ok(Way { environment, ..behind_the_proxy(site)? })
        };
        let way = by(&[("HTTPS_PROXY", &proxy), ("NO_PROXY", "10.0.0.0/8,.example")])?;
        let node = node(site, &way)?;
        let mut helper = install(site, "capitals", &by(&[("https_proxy", &proxy)])?)?.start(site.folder())?;
        let open = open(site, &node, &mut helper, &[echo.port()])?;
        say_and_hear(&mut TcpStream::connect(open.address(0)?)?, b"hello")?;

        let status = |name: &str, way: &Way| status(site, name, way);
        let answers = format!("through the proxy {proxy}");
        ensure!(status("all", &by(&[("ALL_PROXY", &proxy)])?)?.contains(&answers));
        // Nobody but the proxy knows the name, so a failure to find it shows who looked.
        for (name, environment) in [
            ("none", &[][..]),
            ("plain", &[("HTTP_PROXY", proxy.as_str())]),
            ("suffix", &[("HTTPS_PROXY", &proxy), ("NO_PROXY", "localhost,.sallyport.test")]),
            ("small", &[("HTTPS_PROXY", &proxy), ("no_proxy", "*")]),
        ] {
            let said = status(name, &by(environment)?)?;
            ensure!(said.contains("does not resolve") && !said.contains("proxy"), "{name}: {said}");
        }
        let direct = Way { proxy: Some("direct".into()), ..way.clone() };
        ensure!(status("direct", &direct)?.contains("does not resolve"));
        // What is on this machine needs no proxy, whatever the environment says.
        let dead = format!("http://127.0.0.1:{}", free_port()?);
        let here = Way { environment: vec![("HTTPS_PROXY", dead.clone())], ..Way::default() };
        let said = status("here", &here)?;
        ensure!(said.contains("answers") && !said.contains("proxy"), "{said}");
        // A proxy that is named outright is asked all the same.
        let named = Way { proxy: Some(dead), ..Way::default() };
        ensure!(status("named", &named)?.contains("cannot be reached"));
        Ok(())
    })
}

#[test]
fn whose_fault_it_is_that_a_proxy_does_not_connect_is_said() -> Result<()> {
    on_a_site(|site| {
        let [known, everybody, nobody] = [Serves::Known, Serves::Everybody, Serves::Nobody].map(Squid::start);
        let (known, everybody, nobody) = (known?, everybody?, nobody?);
        let website = Nginx::start("no proxy")?;
        let url = |squid: &Squid| format!("http://127.0.0.1:{}", squid.port);
        let appliance = format!("{ONLY_BEHIND_THE_PROXY}:{}", site.appliance.port()?);
        for (name, proxy, dial, words) in [
            ("stranger", url(&known), appliance.clone(), "wants a name and a password"),
            ("wrong", with_password(&known, "wrong"), appliance.clone(), "does not accept the name and password"),
            ("forbidden", url(&nobody), appliance.clone(), "whoever runs the proxy has to allow it"),
            ("closed", url(&everybody), format!("{ONLY_BEHIND_THE_PROXY}:{}", free_port()?), "cannot reach"),
            ("gone", format!("http://127.0.0.1:{}", free_port()?), appliance.clone(), "cannot be reached"),
            ("website", format!("http://127.0.0.1:{}", website.port), appliance, "it may be a web server and no proxy"),
        ] {
            let way = Way { proxy: Some(proxy), dial: Some(dial), ..Way::default() };
            let said = status(site, name, &way)?;
            ensure!(said.contains("the proxy http://127.0.0.1:") && said.contains(words), "{name}: {said}");
            ensure!(!said.contains(&format!("{PROXY_USER}:")), "{said}");
            let state = site.folder().join(format!("refused-{name}"));
            let key = jumpoint::new_key(&site.admin, site.jumpoint.id)?;
            let said = format!("{:#}", jumpoint::enrol_by(&key, &way, &state).err().context("it enrolled")?);
            ensure!(said.contains(words), "{name}: {said}");
        }
        Ok(())
    })
}

#[test]
fn a_password_does_not_go_where_everybody_reads() -> Result<()> {
    on_a_site(|site| {
        let installed = install(site, "workstation", &Way::default())?;
        let proxy = format!("http://{PROXY_USER}:{PROXY_PASSWORD_IN_URL}@127.0.0.1:9");
        let url = &site.appliance.ready.url;
        let refused = installed.call(&["install", "--system", "--appliance", url, "--proxy", &proxy])?;
        ensure!(!refused.status.success() && refused.stderr.contains("everybody"), "{}", refused.stderr);
        ensure!(!refused.stderr.contains("sesame"), "{}", refused.stderr);
        ensure!(!std::fs::read_to_string(installed.config_file())?.contains("sesame"));
        Ok(())
    })
}

/// The appliance by the name that only the proxy knows.
fn behind_the_proxy(site: &Site) -> Result<Way> {
    let dial = format!("{ONLY_BEHIND_THE_PROXY}:{}", site.appliance.port()?);
    Ok(Way { dial: Some(dial), ..Way::default() })
}

fn with_password(squid: &Squid, password: &str) -> String {
    format!("http://{PROXY_USER}:{password}@127.0.0.1:{}", squid.port)
}

fn node(site: &Site, way: &Way) -> Result<JumpointNode> {
    JumpointNode::enrol_by(&site.admin, "behind", way, site.folder())
}

fn install(site: &Site, name: &str, way: &Way) -> Result<InstalledHelper> {
    let home = site.folder().join(name);
    InstalledHelper::install_by(&site.appliance.ready, &home, &home.join("manifests"), way)
}

/// What a helper that was installed for this way says of it.
fn status(site: &Site, name: &str, way: &Way) -> Result<String> {
    let finished = install(site, name, way)?.call(&["status"])?;
    Ok(finished.stdout + &finished.stderr)
}

fn open(
    site: &Site,
    node: &JumpointNode,
    helper: &mut tests::helper::HelperByHand,
    ports: &[u16],
) -> Result<OpenSession> {
    let pairs: Vec<(u32, u32)> = ports.iter().map(|&port| (0, port.into())).collect();
    let mut draft = site.draft("behind", "127.0.0.1", "127.0.0.1", &pairs);
    draft.jumpoint_id = node.id;
    let item = site.admin.post("/api/jump-items", &draft)?.ok()?;
    site.open(helper, &item)
}

fn say_and_hear(client: &mut TcpStream, words: &[u8]) -> Result<()> {
    client.set_read_timeout(Some(tests::wait::SOON))?;
    client.write_all(words)?;
    let mut answer = vec![0; words.len()];
    client.read_exact(&mut answer)?;
    ensure!(answer == words, "{answer:?}");
    Ok(())
}

fn mode(path: &Path) -> Result<u32> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}
