//! Sessions whose traffic is captured, with real programs and servers: what the file holds is byte for byte what went through, also
//! when links break and the appliance dies; and who may look at it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::ApiClient;
use tests::audit_trail;
use tests::helper::{HelperByHand, InstalledHelper};
use tests::jumpoint::JumpointNode;
use tests::program::run;
use tests::servers::{BreakingNetwork, Echo, Exchanged, Gauge, Nginx, Postgres, Redis, Tee, find_program};
use tests::site::{OpenSession, Site, on_a_site};
use tests::wait;
use wire::api::{
    CapturedBytes, CapturedConnection, CapturedConnectionPage, CapturedStatement, CapturedStatements, JumpItem,
    JumpPolicy, Recording, RecordingState, SessionState, SiteRules, SiteSettings, TrafficProtocol, TrafficSide,
    TunnelJumpDraft,
};
use wire::audit::Action;
use wire::{JumpItemRoleId, SessionId};

use crate::recordings::{auditor, files_below};

const LIMIT: Duration = Duration::from_secs(60);

/// Has the traffic of an item captured.
pub(crate) fn capture(site: &Site, item: JumpItem, limits: serde_json::Value) -> Result<JumpItem> {
    let name = format!("Captured {}", item.definition.name);
    let policy = json!({ "name": name, "traffic": "on", "traffic_capture": limits });
    let policy: JumpPolicy = site.admin.post("/api/jump-policies", &policy)?.ok()?;
    let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition };
    site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.ok()
}

/// Opens the tunnels of a captured item that leads to these ports.
pub(crate) fn open(site: &Site, helper: &mut HelperByHand, ports: &[u16]) -> Result<OpenSession> {
    let pairs: Vec<(u32, u32)> = ports.iter().map(|port| (0, u32::from(*port))).collect();
    let item = site.item("captured", "127.0.0.1", "127.0.0.1", &pairs)?;
    let item = capture(site, item, json!({ "max_mebibytes": 1024 }))?;
    site.open(helper, &item)
}

/// Ends a session and waits until its capture is complete.
pub(crate) fn complete(site: &Site, id: SessionId) -> Result<Recording> {
    site.admin.send("POST", &format!("/api/sessions/{id}/end"), None)?.success()?;
    completed(site, id)
}

pub(crate) fn completed(site: &Site, id: SessionId) -> Result<Recording> {
    let captures = || -> Result<Vec<Recording>> { site.admin.get(&format!("/api/sessions/{id}/captures")) };
    wait::until("the capture is complete", LIMIT, || {
        let all = captures()?;
        ensure!(all.len() == 1, "{all:?}");
        Ok(all.into_iter().find(|it| it.state != RecordingState::Running))
    })
}

/// The capture as a file of the test's.
pub(crate) fn downloaded(site: &Site, it: &Recording) -> Result<PathBuf> {
    let answer = site.admin.send("GET", &format!("/api/captures/{}/file", it.id), None)?;
    ensure!(answer.status == 200 && answer.body.len() as u64 == it.bytes, "{} {it:?}", answer.status);
    let file = site.folder().join(format!("{}.pcapng", it.id));
    std::fs::write(&file, &answer.body)?;
    Ok(file)
}

fn tshark(file: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(find_program("tshark", &[])?);
    // It is told nothing by whoever runs the test.
    command.args(["-n", "-r"]).arg(file).args(arguments).env("HOME", file.parent().context("a folder")?);
    run(&mut command, LIMIT)
}

/// What tshark's *follow stream* shows of one connection.
pub(crate) fn followed(file: &Path, number: usize) -> Result<Exchanged> {
    let said = tshark(file, &["-q", "-z", &format!("follow,tcp,raw,{number}")])?;
    let mut exchanged = Exchanged::default();
    for line in said.lines().map(|it| it.trim_end_matches('\r')) {
        let (to, digits) = match line.strip_prefix('\t') {
            Some(digits) => (&mut exchanged.1, digits),
            None => (&mut exchanged.0, line),
        };
        let is_hex = !digits.is_empty() && digits.len() % 2 == 0 && digits.bytes().all(|it| it.is_ascii_hexdigit());
        if is_hex {
            to.extend(bytes_of(digits)?);
        }
    }
    Ok(exchanged)
}

fn bytes_of(hex: &str) -> Result<Vec<u8>> {
    let digits = hex.as_bytes();
    digits.chunks(2).map(|it| Ok(u8::from_str_radix(std::str::from_utf8(it)?, 16)?)).collect()
}

/// Whether tshark finds anything wrong with the packets: sums, numbers, what is missing, or there twice without saying so.
pub(crate) fn is_sound(file: &Path) -> Result<()> {
    let wrong = "(tcp.analysis.flags and not frame.comment contains \"sent again\") or ip.checksum.status == \"Bad\" \
                 or tcp.checksum.status == \"Bad\" or _ws.malformed";
    let sums = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"];
    let found = tshark(file, &[&sums[..], &["-Y", wrong]].concat())?;
    ensure!(found.trim().is_empty(), "tshark finds this wrong:\n{found}");
    let all = tshark(file, &["-T", "fields", "-e", "frame.number"])?;
    ensure!(all.lines().count() > 0, "there are no packets");
    Ok(())
}

pub(crate) fn connections(who: &ApiClient, it: &Recording) -> Result<Vec<CapturedConnection>> {
    let page: CapturedConnectionPage = who.get(&format!("/api/captures/{}/connections", it.id))?;
    ensure!(page.next.is_none());
    Ok(page.connections)
}

/// All bytes of a connection, page by page.
fn all_bytes(site: &Site, it: &Recording, stream: u32) -> Result<Exchanged> {
    let (mut exchanged, mut from) = (Exchanged::default(), String::new());
    loop {
        let path = format!("/api/captures/{}/connections/{stream}/bytes{from}", it.id);
        let page: CapturedBytes = site.admin.get(&path)?;
        for piece in page.pieces {
            let to = match piece.side {
                TrafficSide::Client => &mut exchanged.0,
                TrafficSide::Target => &mut exchanged.1,
            };
            ensure!(piece.offset == to.len() as u64, "{} after {}", piece.offset, to.len());
            to.extend(bytes_of(&piece.hex)?);
        }
        let Some(next) = page.next else { return Ok(exchanged) };
        from = format!("?from={next}");
    }
}

pub(crate) fn statements(site: &Site, it: &Recording, stream: u32) -> Result<Vec<CapturedStatement>> {
    let path = format!("/api/captures/{}/connections/{stream}/statements", it.id);
    let page: CapturedStatements = site.admin.get(&path)?;
    ensure!(page.next.is_none() && page.stopped.is_empty(), "{page:?}");
    Ok(page.statements)
}

#[test]
fn what_real_programs_exchange_can_be_followed() -> Result<()> {
    on_a_site(|site| {
        let (postgres, redis, nginx) = (Postgres::start()?, Redis::start()?, Nginx::start("captured")?);
        let tees = [Tee::before(postgres.port)?, Tee::before(redis.port)?, Tee::before(nginx.port)?];
        let mut helper = site.start_helper()?;
        let session = open(site, &mut helper, &tees.each_ref().map(Tee::port))?;
        let events = site.session(session.id)?;
        ensure!(events.session.capture.is_some() && events.events.iter().any(|it| it.kind == "capture_started"));
        let [psql, cli, curl] = [session.address(0)?, session.address(1)?, session.address(2)?];

        let host = psql.ip().to_string();
        let ask = "select generate_series(1, 3); select 'a' || repeat('b', 100000) as long; select nothing";
        let mut command = postgres.client("psql", &host, psql.port())?;
        let failed = run(command.args(["-X", "-q", "-d", "app", "-v", "ON_ERROR_STOP=0", "-c", ask]), LIMIT);
        ensure!(failed.is_err(), "there is no column of this name");
        let mut command = postgres.client("pgbench", &host, psql.port())?;
        let script = site.folder().join("script.sql");
        std::fs::write(&script, "select 40 + 2;\n")?;
        run(command.args(["-n", "-t", "5", "-M", "extended", "-f"]).arg(&script).arg("app"), LIMIT)?;
        for words in [&["set", "key", "value"][..], &["get", "key"], &["lpush", "list", "a", "b"]] {
            let mut command = Command::new(find_program("redis-cli", &[])?);
            run(command.args(["-h", &cli.ip().to_string(), "-p", &cli.port().to_string()]).args(words), LIMIT)?;
        }
        let mut command = Command::new(find_program("curl", &[])?);
        let url = format!("http://{curl}/");
        run(command.args(["-sS", "--noproxy", "*", &url, &format!("{url}missing")]), LIMIT)?;

        let done = complete(site, session.id)?;
        ensure!(done.state == RecordingState::Finished && done.sha256.is_some(), "{done:?}");
        let file = downloaded(site, &done)?;
        is_sound(&file)?;
        let found = connections(&site.admin, &done)?;
        let mut expected: BTreeMap<u16, Vec<Exchanged>> = BTreeMap::new();
        for (tunnel, tee) in (0..).zip(&tees) {
            // What only knocked to see whether somebody listens has nothing to compare.
            expected.insert(tunnel, tee.exchanged());
        }
        ensure!(found.len() == expected.values().map(Vec::len).sum::<usize>(), "{found:#?}");
        for (number, connection) in found.iter().enumerate() {
            let followed = followed(&file, number)?;
            let of_tunnel = expected.get_mut(&connection.tunnel).context("no such tunnel")?;
            let place = of_tunnel.iter().position(|it| *it == followed);
            let place = place.with_context(|| format!("stream {} is not what went through", connection.stream))?;
            of_tunnel.remove(place);
            ensure!(all_bytes(site, &done, connection.stream)? == followed, "the page shows something else");
            ensure!(connection.bytes_sent == followed.0.len() as u64, "{connection:?}");
            ensure!(connection.bytes_received == followed.1.len() as u64, "{connection:?}");
            ensure!(connection.connection_id.is_some(), "{connection:?}");
        }

        let of = |protocol| found.iter().filter(move |it| it.protocol == protocol).collect::<Vec<_>>();
        let (sql, commands, pages) =
            (of(TrafficProtocol::Postgresql), of(TrafficProtocol::Redis), of(TrafficProtocol::Http));
        ensure!((sql.len(), commands.len(), pages.len()) == (found.len() - 4, 3, 1), "{found:#?}");
        let asked = statements(site, &done, sql[0].stream)?;
        let first = asked.first().context("psql asked something")?;
        ensure!(first.verb == "query" && first.text == ask && first.is_error, "{asked:?}");
        ensure!(first.answer_bytes > 100_000 && first.took_micros.is_some(), "{first:?}");
        ensure!(first.outcome.contains("42703"), "{first:?}");
        let extended = statements(site, &done, sql.last().context("pgbench connected")?.stream)?;
        let executed = extended.iter().filter(|it| it.verb == "execute" && it.outcome == "SELECT 1");
        ensure!(executed.filter(|it| it.text.starts_with("select 40 + 2")).count() == 5, "{extended:?}");
        let mut redis_said = Vec::new();
        for connection in commands {
            redis_said.extend(statements(site, &done, connection.stream)?);
        }
        let said: Vec<_> = redis_said.iter().map(|it| format!("{} {} = {}", it.verb, it.text, it.outcome)).collect();
        for line in ["SET key value = OK", "GET key = 5 bytes", "LPUSH list a b = 2"] {
            ensure!(said.iter().any(|it| it == line), "{line} is not in {said:?}");
        }
        let asked = statements(site, &done, pages[0].stream)?;
        let status: Vec<_> = asked.iter().map(|it| it.outcome.as_str()).collect();
        ensure!(status == ["200 OK", "404 Not Found"] && asked[1].text.ends_with("/missing"), "{asked:?}");
        Ok(())
    })
}

#[test]
fn a_capture_outlives_links_and_the_appliance() -> Result<()> {
    const VOLUME: u64 = 24 << 20;
    on_a_site(|site| {
        let appliance = ("127.0.0.1", site.appliance.port()?).to_socket_addrs()?.next().context("no address")?;
        let (near, far) = (BreakingNetwork::to(appliance)?, BreakingNetwork::to(appliance)?);
        let node = JumpointNode::enrol(&site.admin, "behind", Some(&far.address().to_string()), site.folder())?;
        site.jumpoint.program.stop()?;
        site.jumpoint.wait_until_offline(&site.admin)?;
        let gauge = Gauge::start()?;
        let tee = Tee::before(gauge.port())?;
        let home = site.folder().join("behind-helper");
        let through = near.address().to_string();
        let installed =
            InstalledHelper::install(&site.appliance.ready, &home, &home.join("manifests"), Some(&through))?;
        let mut helper = installed.start(site.folder())?;
        let mut draft = site.draft("gauge", "127.0.0.1", "127.0.0.1", &[(0, tee.port().into())]);
        draft.jumpoint_id = node.id;
        let item: JumpItem = site.admin.post("/api/jump-items", &draft)?.ok()?;
        let item = capture(site, item, json!({ "max_mebibytes": 1024 }))?;
        let session = site.open(&mut helper, &item)?;
        let to = session.address(0)?;
        let transfers =
            [thread::spawn(move || Gauge::send_to(to, VOLUME)), thread::spawn(move || Gauge::fetch_from(to, VOLUME))];
        let mut chat = TcpStream::connect(to)?;
        chat.write_all(b"u")?;
        let (mut cuts, mut deaths) = (0, 0);
        for turn in 0..9 {
            thread::sleep(Duration::from_millis(150));
            chat.write_all(format!("turn {turn}.").as_bytes())?;
            match turn % 3 {
                0 => cuts += near.cut(),
                1 => cuts += far.cut(),
                _ => {
                    site.appliance.program.kill()?;
                    site.appliance.start_again()?;
                    deaths += 1;
                    site.wait_for_session(session.id, "the session goes on", |it| it.session.reconnecting.is_none())?;
                }
            }
        }
        ensure!(cuts > 2 && deaths == 3, "{cuts} cuts, {deaths} deaths");
        for transfer in transfers {
            transfer.join().map_err(|_| anyhow::anyhow!("a transfer panicked"))??;
        }
        chat.shutdown(std::net::Shutdown::Write)?;
        chat.read_to_end(&mut Vec::new())?;

        let done = complete(site, session.id)?;
        let file = downloaded(site, &done)?;
        is_sound(&file)?;
        let mut expected = tee.exchanged();
        ensure!(expected.len() == 3, "{} connections", expected.len());
        for number in 0..3 {
            let followed = followed(&file, number)?;
            let place = expected.iter().position(|it| *it == followed);
            expected.remove(place.with_context(|| format!("connection {number} is not what went through"))?);
        }
        Ok(())
    })
}

/// Sends `bytes` through an echo server until it is cut, or all of it is back.
pub(crate) fn echo_all(to: SocketAddr, bytes: &[u8]) -> Result<usize> {
    let mut connection = TcpStream::connect(to)?;
    connection.set_read_timeout(Some(LIMIT))?;
    let mut writer = connection.try_clone()?;
    let sent = bytes.to_vec();
    let writing = thread::spawn(move || {
        // It may be cut in the middle.
        let _ = writer.write_all(&sent).and_then(|()| writer.shutdown(std::net::Shutdown::Write));
    });
    let (mut back, mut buffer) = (0, vec![0; 64 * 1024]);
    loop {
        match connection.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                ensure!(bytes[back..].starts_with(&buffer[..read]), "something else came back");
                back += read;
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error.into()),
        }
    }
    writing.join().map_err(|_| anyhow::anyhow!("writing panicked"))?;
    Ok(back)
}

#[test]
fn nothing_is_shown_to_those_who_may_not_look() -> Result<()> {
    on_a_site(|site| {
        let echo = Echo::start()?;
        let mut helper = site.start_helper()?;
        let session = open(site, &mut helper, &[echo.port()])?;
        let secret = b"what only a reviewer sees, and nobody on the disk".repeat(100);
        ensure!(echo_all(session.address(0)?, &secret)? == secret.len());
        let in_clear = |folder: &str| -> Result<Vec<PathBuf>> {
            let mut found = files_below(&site.folder().join(folder))?;
            found.retain(|it| std::fs::read(it).is_ok_and(|all| all.windows(40).any(|it| it == &secret[..40])));
            Ok(found)
        };
        ensure!(in_clear("appliance")?.is_empty(), "{:?}", in_clear("appliance")?);
        let done = complete(site, session.id)?;
        ensure!(in_clear("appliance")?.is_empty(), "{:?}", in_clear("appliance")?);

        let tom = site.technician_with("tom", JumpItemRoleId::START_SESSIONS_ONLY)?;
        let auditor = auditor(site)?;
        let (list, of) = (format!("/api/sessions/{}/captures", session.id), format!("/api/captures/{}", done.id));
        let stream = connections(&site.admin, &done)?[0].stream;
        let paths = [
            list,
            format!("{of}/connections"),
            format!("{of}/connections/{stream}/bytes"),
            format!("{of}/connections/{stream}/statements"),
            format!("{of}/file"),
        ];
        let before = audit_trail::events(&site.admin, "category=recording&limit=500")?.len();
        for path in &paths {
            ensure!(tom.send("GET", path, None)?.status == 404, "{path} is shown");
            ensure!(auditor.send("GET", path, None)?.status == 200, "{path} is not shown");
        }
        // One look is one event, taking it out another.
        let events = audit_trail::events(&site.admin, "category=recording&limit=500")?;
        let new: Vec<_> = events[..events.len() - before].iter().map(|it| it.action).collect();
        ensure!(new.len() == 2 && new.contains(&Action::RecordingViewed), "{new:?}");
        ensure!(new.contains(&Action::RecordingDownloaded), "{new:?}");
        let finished = events.iter().find(|it| it.action == Action::RecordingFinished).context("it finished")?;
        ensure!(json!(finished.after)["sha256"] == json!(done.sha256), "{finished:?}");
        // It is no desktop, and no recording of one is a capture.
        ensure!(site.admin.send("GET", &format!("/api/recordings/{}/video", done.id), None)?.status == 404);
        let desktops: Vec<Recording> = site.admin.get(&format!("/api/sessions/{}/recordings", session.id))?;
        ensure!(desktops.is_empty(), "{desktops:?}");
        let unknown = format!("{of}/connections/{}/bytes", stream + 1);
        ensure!(site.admin.send("GET", &unknown, None)?.status == 404);
        // A place that somebody made up gives nothing, and breaks nothing.
        for from in ["0", "3", "77", "18446744073709551615"] {
            let path = format!("{of}/connections/{stream}/bytes?from={from}");
            ensure!(site.admin.send("GET", &path, None)?.status == 200, "{from}");
        }
        Ok(())
    })
}

#[test]
fn the_settings_capture_everything_that_no_policy_exempts() -> Result<()> {
    on_a_site(|site| {
        let settings: SiteSettings = site.admin.get("/api/settings/site")?;
        let limits = wire::api::TrafficCapture { max_mebibytes: 7, ..Default::default() };
        let rules = SiteRules { capture_traffic: Some(limits), ..settings.rules };
        site.admin.put("/api/settings/site", &rules)?.success()?;
        let plain = site.item("plain", "127.0.0.1", "127.0.0.1", &[(0, 80)])?;
        let session = site.jump(&plain)?;
        ensure!(session.capture == Some(limits), "{session:?}");
        let terms: wire::api::StartTerms = site.admin.get(&format!("/api/jump-items/{}/start", plain.id))?;
        ensure!(terms.capture == Some(limits), "{terms:?}");
        let exempt = site.item("exempt", "127.0.0.1", "127.0.0.1", &[(0, 81)])?;
        let policy: JumpPolicy =
            site.admin.post("/api/jump-policies", &json!({ "name": "Private", "traffic": "off" }))?.ok()?;
        let draft = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..exempt.definition.clone() };
        site.admin.put(&format!("/api/jump-items/{}", exempt.id), &draft)?.success()?;
        let free = site.jump(&exempt)?;
        ensure!(free.capture.is_none(), "{free:?}");
        // What nothing went through leaves nothing but that it was there.
        site.ticket(session.id)?;
        let done = complete(site, session.id)?;
        ensure!(done.state == RecordingState::Empty, "{done:?}");
        ensure!(site.admin.send("GET", &format!("/api/captures/{}/file", done.id), None)?.status == 404);
        let wrong = json!({ "name": "Wrong", "traffic": "on", "traffic_capture": { "max_mebibytes": 0 } });
        ensure!(site.admin.post("/api/jump-policies", &wrong)?.status == 422);
        ensure!(site.session(session.id)?.session.state == SessionState::Ended);
        Ok(())
    })
}

#[test]
#[ignore = "a measurement: system what_capturing_costs -- --ignored --nocapture; in the release build: cargo bench -p tests"]
fn what_capturing_costs_a_transfer() -> Result<()> {
    const VOLUME: u64 = 256 << 20;
    on_a_site(|site| {
        let gauge = Gauge::start()?;
        let mut helper = site.start_helper()?;
        let plain = site.open_to(&mut helper, "plain", gauge.port())?;
        let captured = open(site, &mut helper, &[gauge.port()])?;
        for round in 1..=3 {
            for (name, session) in [("plain", &plain), ("captured", &captured)] {
                let began = std::time::Instant::now();
                Gauge::fetch_from(session.address(0)?, VOLUME)?;
                let rate = VOLUME as f64 / began.elapsed().as_secs_f64() / f64::from(1 << 20);
                eprintln!("round {round}, {name}: {rate:.0} MiB/s");
            }
        }
        Ok(())
    })
}
