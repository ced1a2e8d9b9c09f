//! The servers themselves, without a tunnel: when one of these fails, the tunnel is not to blame.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use tests::program::run;
use tests::servers::{Nginx, Postgres, Redis, Sshd, find_program};

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn postgres_answers() -> Result<()> {
    let postgres = Postgres::start()?;
    let mut psql = postgres.client("psql", "127.0.0.1", postgres.port)?;
    ensure!(run(psql.args(["-d", "app", "-At", "-c", "select 1"]), LIMIT)?.trim() == "1");
    Ok(())
}

#[test]
fn redis_answers() -> Result<()> {
    let redis = Redis::start()?;
    let mut command = Command::new(find_program("redis-cli", &[])?);
    ensure!(run(command.args(["-p", &redis.port.to_string(), "ping"]), LIMIT)?.trim() == "PONG");
    Ok(())
}

#[test]
fn sshd_lets_us_in() -> Result<()> {
    let sshd = Sshd::start()?;
    let mut ssh = sshd.client("ssh", "here")?;
    ssh.args(["-p", &sshd.port.to_string(), &format!("{}@127.0.0.1", sshd.user), "echo in"]);
    ensure!(run(&mut ssh, LIMIT)?.trim() == "in");
    Ok(())
}

#[test]
fn nginx_serves() -> Result<()> {
    let nginx = Nginx::start("hello")?;
    let mut curl = Command::new(find_program("curl", &[])?);
    ensure!(run(curl.args(["-sS", &format!("http://127.0.0.1:{}/", nginx.port)]), LIMIT)?.contains("<h1>hello</h1>"));
    Ok(())
}
