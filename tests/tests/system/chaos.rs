//! Everything at once: a database at work and volumes under way while links break and the appliance dies, again and again.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use tests::helper::InstalledHelper;
use tests::jumpoint::JumpointNode;
use tests::program::run;
use tests::servers::{BreakingNetwork, Gauge, Postgres};
use tests::site::{Site, on_a_site};

/// Links that are cut, and how often the appliance is killed.
const CUTS: usize = 50;
const DEATHS: usize = 5;
/// How long the database works at a time. It begins again until the last cut has been made.
const PGBENCH_SECONDS: &str = "25";
const VOLUME: u64 = 1 << 30;
const LIMIT: Duration = Duration::from_secs(120);

/// `pgbench` through the tunnel. What it says of errors is part of the answer.
fn pgbench(postgres: &Postgres, to: SocketAddr, arguments: &[&str]) -> Result<Command> {
    let mut command = postgres.client("pgbench", &to.ip().to_string(), to.port())?;
    command.args(arguments).arg("app");
    Ok(command)
}

/// Keeps the database at work until `over`, and looks at what it says of every turn.
fn work(postgres: &Postgres, to: SocketAddr, over: &AtomicBool) -> Result<()> {
    while !over.load(Ordering::Acquire) {
        let report = run(&mut pgbench(postgres, to, &["--client=8", "--time", PGBENCH_SECONDS])?, LIMIT)?;
        ensure!(report.contains("number of failed transactions: 0 "), "{report}");
    }
    Ok(())
}

/// Cuts one link, the other, both, and kills the appliance in between.
fn harass(site: &mut Site, near: &BreakingNetwork, far: &BreakingNetwork) -> Result<()> {
    let (mut cuts, mut deaths) = (0, 0);
    while cuts < CUTS {
        thread::sleep(Duration::from_millis(230));
        cuts += match cuts % 3 {
            0 => near.cut(),
            1 => far.cut(),
            _ => near.cut() + far.cut(),
        };
        if deaths < DEATHS && cuts > (deaths + 1) * CUTS / (DEATHS + 1) {
            deaths += 1;
            site.appliance.program.kill()?;
            site.appliance.start_again()?;
        }
    }
    ensure!(deaths == DEATHS, "the appliance died {deaths} times only");
    Ok(())
}

#[test]
fn a_database_and_volumes_know_nothing_of_fifty_cuts_and_five_deaths() -> Result<()> {
    let postgres = Postgres::start()?;
    on_a_site(|site| {
        let appliance = SocketAddr::from((Ipv4Addr::LOCALHOST, site.appliance.port()?));
        let (near, far) = (BreakingNetwork::to(appliance)?, BreakingNetwork::to(appliance)?);
        let node = JumpointNode::enrol(&site.admin, "behind", Some(&far.address().to_string()), site.folder())?;
        let home = site.folder().join("behind");
        let through = near.address().to_string();
        let mut helper =
            InstalledHelper::install(&site.appliance.ready, &home, &home.join("manifests"), Some(&through))?
                .start(site.folder())?;
        let gauge = Gauge::start()?;
        let pairs = [(0, postgres.port.into()), (0, gauge.port().into())];
        let mut draft = site.draft("database and volumes", "127.0.0.1", "127.0.0.1", &pairs);
        draft.jumpoint_id = node.id;
        let item = site.admin.post("/api/jump-items", &draft)?.ok()?;
        let open = site.open(&mut helper, &item)?;
        let (database, volumes) = (open.address(0)?, open.address(1)?);
        run(&mut pgbench(&postgres, database, &["--initialize", "--scale=2", "--quiet"])?, LIMIT)?;

        let over = AtomicBool::new(false);
        let transfers: [JoinHandle<Result<()>>; 2] = [
            thread::spawn(move || Gauge::send_to(volumes, VOLUME)),
            thread::spawn(move || Gauge::fetch_from(volumes, VOLUME)),
        ];
        thread::scope(|scope| {
            let at_work = scope.spawn(|| work(&postgres, database, &over));
            let harassed = harass(site, &near, &far);
            over.store(true, Ordering::Release);
            at_work.join().map_err(|_| anyhow!("pgbench's thread panicked"))?.context("pgbench failed")?;
            harassed
        })?;
        for transfer in transfers {
            transfer.join().map_err(|_| anyhow!("a transfer panicked"))??;
        }
        Ok(())
    })
}
