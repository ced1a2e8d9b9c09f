//! The program for scripts that measure.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tests::program::{Program, descendants};
use tests::servers::Echo;
use tests::wait;

/// Scripts that measure wait about two seconds; a loaded machine gets some more.
const LIMIT: Duration = Duration::from_secs(6);

fn chain(folder: &std::path::Path) -> Result<(Echo, Program)> {
    // Built before, so that it starts its programs and not cargo for minutes.
    tests::workspace::build_programs()?;
    let echo = Echo::start()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_chain"));
    command.args(["--target", &format!("127.0.0.1:{}", echo.port())]).stdin(Stdio::null());
    Ok((echo, Program::start("chain", &mut command, folder)?))
}

#[test]
fn a_signal_at_any_moment_ends_it_and_all_its_children() -> Result<()> {
    for moment in [0, 50, 400, 1000, 1600] {
        let folder = tempfile::tempdir()?;
        let (_echo, mut chain) = chain(folder.path())?;
        if moment == 0 {
            wait::until_true("it has begun", wait::SOON, || Ok(!chain.log().is_empty()))?;
        }
        std::thread::sleep(Duration::from_millis(moment));
        let children = descendants(chain.pid())?;
        let began = Instant::now();
        chain.ask_to_stop();
        let status = chain.wait(LIMIT)?;
        ensure!(status.success(), "after {moment} ms it ended with {status}:\n{}", chain.log());
        ensure!(began.elapsed() < LIMIT);
        for (pid, line) in children {
            let gone = || Ok(!std::fs::exists(format!("/proc/{pid}"))?);
            wait::until_true(&format!("{line} has ended"), LIMIT, gone)?;
        }
    }
    Ok(())
}
