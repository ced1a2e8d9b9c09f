//! Real clients against real servers, through tunnels opened in the browser.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::console::{Console, NewItem};
use tests::program::{run, run_to_end};
use tests::servers::{Gauge, Nginx, Postgres, Redis, Sshd, find_program, free_port};
use tests::site::on_a_site_with_console;

use crate::ready_console;

/// How long a client may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Creates an item, jumps, and gives the one address it listens on.
fn open(console: &Console, name: &str, local_address: &str, port: u16) -> Result<SocketAddr> {
    console.visit("/")?;
    let item = NewItem {
        name,
        jumpoint: "ams-1",
        hostname: "127.0.0.1",
        local_address,
        pairs: &[(0, port)],
        group: "Production",
    };
    console.create_item(&item)?;
    console.jump(name)?;
    Ok(console.tunnel(1)?[0])
}

#[test]
fn psql_and_pgbench() -> Result<()> {
    on_a_site_with_console(|site| {
        let postgres = Postgres::start()?;
        let (_workstation, console) = ready_console(site)?;
        let at = open(&console, "postgres", "127.31.0.1", postgres.port)?;
        let host = at.ip().to_string();
        let client = |name: &str| postgres.client(name, &host, at.port());
        let answer = run(client("psql")?.args(["-d", "app", "-At", "-c", "select 6 * 7, current_user"]), LIMIT)?;
        ensure!(answer.trim() == "42|app", "{answer}");
        // Rows by the megabyte, and back.
        let rows = "select count(*), sum(length(md5(i::text))) from generate_series(1, 300000) i";
        ensure!(run(client("psql")?.args(["-d", "app", "-At", "-c", rows]), LIMIT)?.trim() == "300000|9600000");
        let large = run(client("psql")?.args(["-d", "app", "-At", "-c", "select repeat('x', 8000000)"]), LIMIT)?;
        ensure!(large.trim_end().len() == 8_000_000, "{} bytes", large.len());

        run(client("pgbench")?.args(["-i", "-q", "-s", "2", "app"]), LIMIT)?;
        let report = run(client("pgbench")?.args(["-c", "8", "-j", "2", "-T", "5", "app"]), LIMIT)?;
        ensure!(report.contains("number of failed transactions: 0 "), "{report}");
        let reconnecting = run(client("pgbench")?.args(["-C", "-c", "4", "-t", "25", "-S", "app"]), LIMIT)?;
        ensure!(reconnecting.contains("processed: 100/100"), "{reconnecting}");
        console.screenshot("session-postgres")?;
        Ok(())
    })
}

#[test]
fn redis_cli() -> Result<()> {
    on_a_site_with_console(|site| {
        let redis = Redis::start()?;
        let (_workstation, console) = ready_console(site)?;
        let at = open(&console, "redis", "127.31.0.2", redis.port)?;
        let redis_cli = |arguments: &[&str]| -> Result<String> {
            let mut command = Command::new(find_program("redis-cli", &[])?);
            command.args(["-h", &at.ip().to_string(), "-p", &at.port().to_string()]).args(arguments);
            run(&mut command, LIMIT)
        };
        ensure!(redis_cli(&["ping"])?.trim() == "PONG");
        ensure!(redis_cli(&["set", "key", "value"])?.trim() == "OK");
        ensure!(redis_cli(&["get", "key"])?.trim() == "value");
        // A thousand commands without waiting for answers.
        let commands: String = (0..1000).map(|number| format!("incr counter{}\n", number % 7)).collect();
        let mut pipe = Command::new(find_program("redis-cli", &[])?);
        pipe.args(["-h", &at.ip().to_string(), "-p", &at.port().to_string(), "--pipe"]);
        let file = site.folder().join("commands");
        std::fs::write(&file, commands)?;
        let finished = run_to_end(pipe.stdin(std::fs::File::open(&file)?), LIMIT)?;
        ensure!(finished.stdout.contains("errors: 0, replies: 1000"), "{}{}", finished.stdout, finished.stderr);
        Ok(())
    })
}

#[test]
fn ssh_and_scp() -> Result<()> {
    on_a_site_with_console(|site| {
        let sshd = Sshd::start()?;
        let (_workstation, console) = ready_console(site)?;
        let at = open(&console, "ssh", "127.31.0.3", sshd.port)?;
        let to = format!("{}@{}", sshd.user, at.ip());
        let port = at.port().to_string();
        let mut ssh = sshd.client("ssh", "web-7")?;
        let answer = run(ssh.args(["-p", &port, &to, "echo through $((40 + 2))"]), LIMIT)?;
        ensure!(answer.trim() == "through 42", "{answer}");

        let (sent, copy, back) = ["sent", "copy", "back"].map(|name| site.folder().join(name)).into();
        let mut bytes = Vec::new();
        Gauge::pattern(50 << 20, |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        std::fs::write(&sent, &bytes)?;
        let there = format!("{to}:{}", copy.display());
        run(sshd.client("scp", "web-7")?.args(["-q", "-P", &port]).arg(&sent).arg(&there), LIMIT)?;
        run(sshd.client("scp", "web-7")?.args(["-q", "-P", &port]).arg(&there).arg(&back), LIMIT)?;
        ensure!(std::fs::read(&copy)? == bytes && std::fs::read(&back)? == bytes, "the file changed on its way");
        Ok(())
    })
}

#[test]
fn curl_and_nc() -> Result<()> {
    on_a_site_with_console(|site| {
        let nginx = Nginx::start("Hello from nginx")?;
        let mut large = Vec::new();
        Gauge::pattern(30 << 20, |piece| {
            large.extend_from_slice(piece);
            Ok(())
        })?;
        std::fs::write(nginx.pages().join("large"), &large)?;
        let (_workstation, console) = ready_console(site)?;
        let at = open(&console, "web", "127.31.0.4", nginx.port)?;
        let curl = |arguments: &[&str], path: &str| -> Result<String> {
            let mut command = Command::new(find_program("curl", &[])?);
            run(
                command.args(["-sS", "--fail", "--max-time", "60"]).args(arguments).arg(format!("http://{at}{path}")),
                LIMIT,
            )
        };
        ensure!(curl(&[], "/")?.contains("<h1>Hello from nginx</h1>"));
        let file = site.folder().join("large");
        curl(&["-o", &file.display().to_string()], "/large")?;
        ensure!(std::fs::read(&file)? == large, "the file changed on its way");
        // The page itself loads in the browser, too.
        console.open_tab(&format!("http://{at}/"))?;
        let heading = console.script("return document.querySelector('h1').innerText", vec![])?;
        ensure!(heading == "Hello from nginx", "{heading}");
        console.go_to_tab(0)?;

        // nc -N half closes after its input and still gets the answer.
        let mut nc = Command::new(find_program("nc", &[])?);
        nc.args(["-N", "-w", "20", &at.ip().to_string(), &at.port().to_string()]);
        let mut child = nc.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        child.stdin.take().context("no stdin")?.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        child.stdout.take().context("no stdout")?.read_to_string(&mut answer)?;
        ensure!(child.wait()?.success() && answer.contains("Hello from nginx"), "{answer}");
        Ok(())
    })
}

#[test]
fn two_items_on_the_same_remote_port_at_once() -> Result<()> {
    on_a_site_with_console(|site| {
        // The same port of two systems: here two addresses of this machine.
        let (one_host, other_host) = (Ipv4Addr::new(127, 90, 0, 1), Ipv4Addr::new(127, 90, 0, 2));
        let one = Nginx::start_on("one", one_host, free_port()?)?;
        let other = Nginx::start_on("other", other_host, one.port)?;
        let (_workstation, console) = ready_console(site)?;
        let mut opened = Vec::new();
        for (name, host, local_address) in [("one", one_host, "127.31.0.5"), ("other", other_host, "127.31.0.6")] {
            console.visit("/")?;
            console.create_item(&NewItem {
                name,
                jumpoint: "ams-1",
                hostname: &host.to_string(),
                local_address,
                pairs: &[(one.port, one.port)],
                group: "Production",
            })?;
            console.jump(name)?;
            opened.push(console.tunnel(1)?[0]);
        }
        let (first, second) = (opened[0], opened[1]);
        ensure!(first.port() == one.port && second.port() == other.port && first.ip() != second.ip());
        for (at, greeting) in [(first, "one"), (second, "other")] {
            let page = run(Command::new(find_program("curl", &[])?).args(["-sS", &format!("http://{at}/")]), LIMIT)?;
            ensure!(page.contains(&format!("<h1>{greeting}</h1>")), "{page}");
        }
        Ok(())
    })
}
