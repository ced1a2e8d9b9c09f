//! nginx and HAProxy end TLS in front of the appliance. They show a certificate of another authority than the appliance's: who
//! believes that one alone went through them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;
use tests::appliance::{Appliance, Options};
use tests::program::run;
use tests::servers::{CUTS_AFTER, Echo, Gauge, ProxyKind, ReverseProxy, free_port};
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, on_a_site_started};
use tests::wait::{self, SOON};
use wire::api::{Browser, JumpGroupDraft};

use crate::connections::{Tls, connect, read};

#[test]
fn everything_works_behind_nginx() -> Result<()> {
    behind(ProxyKind::Nginx, everything)
}

#[test]
fn everything_works_behind_haproxy() -> Result<()> {
    behind(ProxyKind::Haproxy, everything)
}

fn everything(site: &mut Site, ground: &mut Ground) -> Result<()> {
    only_the_consoles_pages_may_change_things(site)?;
    let mut window = event_socket(site)?;
    let (echo, gauge) = (Echo::start()?, Gauge::start()?);
    let mut helper = site.start_helper()?;
    let ports = [(0, echo.port().into()), (0, gauge.port().into())];
    let open = site.open(&mut helper, &site.item("both", "127.0.0.1", "127.0.0.1", &ports)?)?;
    ensure!(read(&mut window, "items_changed")?.contains("items_changed"), "the window heard nothing of the item");
    let mut client = TcpStream::connect(open.address(0)?)?;
    say_and_hear(&mut client, b"first")?;
    Gauge::send_to(open.address(1)?, 32 << 20)?;
    Gauge::fetch_from(open.address(1)?, 32 << 20)?;

    // Long enough to be cut, if it were not for the pings.
    thread::sleep(Duration::from_secs(CUTS_AFTER + 5));
    let resumed = |site: &Site| -> Result<usize> {
        Ok(site.session(open.id)?.events.iter().filter(|it| it.kind == "resumed").count())
    };
    ensure!(resumed(site)? == 0, "an idle link was cut");
    say_and_hear(&mut client, b"after a while")?;

    ground.proxy.reload()?;
    wait::until_true("the session's links are made again", SOON, || Ok(resumed(site)? > 0))?;
    say_and_hear(&mut client, b"after the reload")?;
    Gauge::send_to(open.address(1)?, 8 << 20)?;
    site.jumpoint.wait_until_online(&site.admin)
}

#[test]
fn behind_nginx_a_client_is_known_by_its_own_address() -> Result<()> {
    behind(ProxyKind::Nginx, clients_are_told_apart)
}

#[test]
fn behind_haproxy_a_client_is_known_by_its_own_address() -> Result<()> {
    behind(ProxyKind::Haproxy, clients_are_told_apart)
}

fn clients_are_told_apart(site: &mut Site, ground: &mut Ground) -> Result<()> {
    let ca = site.appliance.ready.ca.clone();
    let guess =
        |from: &str, user: &str, password: &str, url: &str, ca: &std::path::Path, forwarded: &str| -> Result<String> {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--show-error", "--output", "/dev/null", "--write-out", "%{http_code}", "--ipv4"]);
            curl.args(["--interface", from, "--header", "content-type: application/json", "--cacert"]).arg(ca);
            curl.args(["--header", &format!("x-forwarded-for: {forwarded}"), &format!("{url}/api/sign-in"), "--data"]);
            curl.arg(json!({ "user_name": user, "password": password }).to_string());
            run(&mut curl, SOON)
        };
    let through = site.appliance.ready.url.clone();
    // The limit of one address: 30 failures. What it says of itself makes it nobody else.
    for number in 0..30 {
        let said = guess("127.0.5.5", &format!("nobody{number}"), "x", &through, &ca, &format!("10.1.1.{number}"))?;
        ensure!(said == "401", "attempt {number}: {said}");
    }
    let said = guess("127.0.5.5", ADMIN, ADMIN_PASSWORD, &through, &ca, "10.1.1.99")?;
    ensure!(said == "429", "the address is not locked out: {said}");
    let said = guess("127.0.5.6", ADMIN, ADMIN_PASSWORD, &through, &ca, "127.0.5.5")?;
    ensure!(said == "200", "another client is locked out with it: {said}");
    // Beside the proxy nobody is believed.
    let direct = format!("https://localhost:{}", ground.appliance_port);
    let said = guess("127.0.5.7", ADMIN, ADMIN_PASSWORD, &direct, &ground.appliance_ca, "10.1.1.98")?;
    ensure!(said == "200", "{said}");
    let browsers: Vec<Browser> = site.admin.get("/api/me/browsers")?;
    let mut addresses: Vec<&str> = browsers.iter().map(|it| it.address.as_str()).collect();
    addresses.sort_unstable();
    ensure!(addresses == ["127.0.0.1", "127.0.5.6", "127.0.5.7"], "{addresses:?}");
    Ok(())
}

#[test]
fn behind_a_proxy_that_is_not_named_an_agent_is_refused() -> Result<()> {
    // It connects from 127.0.0.1.
    let ground = Ground::new(ProxyKind::Nginx)?;
    let config = ground.config("127.0.9.9")?;
    let refused = Site::start_with(|options| ground.options(options, config)).err().context("the agent enrolled")?;
    let said = format!("{refused:#}");
    ensure!(said.contains("could not prove") && said.contains("[reverse_proxy]"), "{said}");
    Ok(())
}

/// What a site behind a proxy stands on.
struct Ground {
    proxy: ReverseProxy,
    appliance_port: u16,
    appliance_ca: std::path::PathBuf,
    port: u16,
    folder: TempDir,
}

impl Ground {
    /// Lets an appliance make its certificates, and a proxy wait for it.
    fn new(kind: ProxyKind) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sallyport-behind-").tempdir()?;
        let (port, appliance_port) = (free_port()?, free_port()?);
        let mut first = Appliance::start(Options::new(&folder.path().join("data")), folder.path())?;
        first.program.stop()?;
        let appliance_ca = first.ready.ca.clone();
        let proxy = ReverseProxy::start(kind, port, appliance_port, &appliance_ca)?;
        Ok(Self { proxy, appliance_port, appliance_ca, port, folder })
    }

    fn config(&self, trusted: &str) -> Result<std::path::PathBuf> {
        let file = self.folder.path().join("sallyport.toml");
        let ca = self.proxy.ca.display();
        let text = format!(
            "public_url = 'https://localhost:{}'\n[reverse_proxy]\naddresses = ['{trusted}']\nca = '{ca}'\n",
            self.port
        );
        std::fs::write(&file, text)?;
        Ok(file)
    }

    fn options(&self, options: Options, config: std::path::PathBuf) -> Options {
        let listen = format!("127.0.0.1:{}", self.appliance_port);
        Options { data: self.folder.path().join("data"), listen, config: Some(config), ..options }
    }
}

fn behind(kind: ProxyKind, test: impl FnOnce(&mut Site, &mut Ground) -> Result<()>) -> Result<()> {
    let mut ground = Ground::new(kind)?;
    let config = ground.config("127.0.0.1")?;
    let appliance = ground.options(Options::new(ground.folder.path()), config);
    on_a_site_started(|_| appliance, |site| test(site, &mut ground))
}

fn only_the_consoles_pages_may_change_things(site: &Site) -> Result<()> {
    for (origin, status) in [(site.admin.base(), 200), ("https://localhost", 403), ("https://evil.example", 403)] {
        let draft = serde_json::to_value(JumpGroupDraft {
            name: format!("from {status} {origin}"),
            comments: String::new(),
            revision: 0,
        })?;
        let answer = site.admin.send_with("POST", "/api/jump-groups", Some(&draft), &[("origin", origin)])?;
        ensure!(answer.status / 100 == status / 100, "{origin}: {}", answer.status);
    }
    Ok(())
}

/// The console's event socket, as a browser opens it.
fn event_socket(site: &Site) -> Result<Tls> {
    let mut stream = connect(site)?;
    let origin = site.admin.base();
    let host = origin.trim_start_matches("https://");
    let cookie = site.admin.cookie().context("no cookie")?;
    write!(
        stream,
        "GET /api/events HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\ncookie: {cookie}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )?;
    let said = read(&mut stream, "}")?;
    ensure!(said.starts_with("HTTP/1.1 101") && said.contains("\"hello\""), "{said}");
    Ok(stream)
}

fn say_and_hear(client: &mut TcpStream, words: &[u8]) -> Result<()> {
    client.set_read_timeout(Some(SOON))?;
    client.write_all(words)?;
    let mut answer = vec![0; words.len()];
    client.read_exact(&mut answer)?;
    ensure!(answer == words, "{answer:?}");
    Ok(())
}
