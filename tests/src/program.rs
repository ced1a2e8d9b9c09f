//! One child process: its log, and its end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a program may take to stop when asked to.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A child process that ends with this value. What it says goes into a log file, which is printed when a test panics.
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
    stop_signal: Signal,
    ended: Option<ExitStatus>,
}

impl Program {
    /// Starts it with stdout and stderr in `folder/name.log`; what stdin is was set by the caller.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(name: &str, command: &mut Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log).context("making the log file")?;
        let err = out.try_clone().context("sharing the log file")?;
        Self::spawn(name, command.stdout(out).stderr(err), log)
    }

    /// Starts it with stderr in `folder/name.log`; stdin and stdout are pipes to be taken with [`Program::child`].
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with_pipes(name: &str, command: &mut Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let err = File::options().create(true).append(true).open(&log).context("making the log file")?;
        Self::spawn(name, command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(err), log)
    }

    fn spawn(name: &str, command: &mut Command, log: PathBuf) -> Result<Self> {
        let child =
            command.spawn().with_context(|| format!("starting {}", Path::new(command.get_program()).display()))?;
        Ok(Self { name: name.into(), child, log, stop_signal: Signal::TERM, ended: None })
    }

    /// The same program, stopped with SIGINT instead of SIGTERM.
    #[must_use]
    pub fn stopped_by_interrupt(mut self) -> Self {
        self.stop_signal = Signal::INT;
        self
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process itself, to take its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, once it has.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().with_context(|| format!("asking whether {} has ended", self.name))?;
        }
        Ok(self.ended)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end within `limit`, or this program is asked to stop.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let name = self.name.clone();
        crate::wait::until(&format!("{name} ends"), limit, || self.ended())
    }

    fn wait_in_any_case(&mut self, limit: Duration) -> Result<ExitStatus> {
        let name = self.name.clone();
        crate::wait::until_in_any_case(&format!("{name} ends"), limit, || self.ended())
    }

    /// An error with the log in it, when it has ended.
    ///
    /// # Errors
    /// That one.
    pub fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.ended()? {
            bail!("{} ended with {status}; it said:\n{}", self.name, self.log());
        }
        Ok(())
    }

    /// What it has said up to now.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&mut self) {
        self.signal(self.stop_signal);
    }

    /// Sends a signal, unless it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if let (Ok(None), Some(pid)) = (self.ended(), i32::try_from(self.pid()).ok().and_then(Pid::from_raw)) {
            // Between the two it may end; then there is nobody left to tell.
            let _ = kill_process(pid, signal);
        }
    }

    /// Stops it in order; by force when that takes too long.
    ///
    /// # Errors
    /// When it had to be killed.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.ask_to_stop();
        self.wait_in_any_case(STOP_LIMIT).or_else(|_| {
            self.kill()?;
            bail!(
                "{} did not stop within {} s and was killed; it said:\n{}",
                self.name,
                STOP_LIMIT.as_secs(),
                self.log()
            )
        })
    }

    /// Ends it at once, as a crash would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            self.child.kill().with_context(|| format!("killing {}", self.name))?;
            self.ended = Some(self.child.wait().with_context(|| format!("waiting for the end of {}", self.name))?);
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {} (process {}) said:\n{}\n---", self.name, self.pid(), tail(&self.log(), 80));
        }
        stop_all(&mut [self], Duration::from_secs(3));
    }
}

/// Asks all to stop at once, and kills what is left after `limit`.
pub fn stop_all(programs: &mut [&mut Program], limit: Duration) {
    for program in programs.iter_mut() {
        program.ask_to_stop();
    }
    let end = Instant::now() + limit;
    for program in programs {
        let left = end.saturating_duration_since(Instant::now());
        if program.wait_in_any_case(left).is_err() {
            // It is a child of ours that did not stop: nothing more can be done than this.
            let _ = program.kill();
        }
    }
}

/// The last `lines` lines of a text.
#[must_use]
pub fn tail(text: &str, lines: usize) -> &str {
    match text.trim_end().rmatch_indices('\n').nth(lines.saturating_sub(1)) {
        Some((at, _)) => &text[at + 1..],
        None => text,
    }
}

/// The processes that descend from `ancestor` now, with their command lines.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn descendants(ancestor: u32) -> Result<Vec<(u32, String)>> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").context("reading /proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while we look.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parents.push((pid, parent.unwrap_or(0)));
    }
    let mut found = vec![ancestor];
    let mut at = 0;
    while at < found.len() {
        let parent = found[at];
        found.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    Ok(found
        .into_iter()
        .skip(1)
        .map(|pid| {
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            (pid, String::from_utf8_lossy(&command).replace('\0', " "))
        })
        .collect())
}

/// What a command did that ran to its end.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said on stdout.
    pub stdout: String,
    /// What it said on stderr.
    pub stderr: String,
}

/// Runs a command to its end, however it ends.
///
/// # Errors
/// When it does not start, or does not end within `limit`.
pub fn run_to_end(command: &mut Command, limit: Duration) -> Result<Finished> {
    let folder = tempfile::tempdir()?;
    let stdout = folder.path().join("stdout");
    command.stdout(File::create(&stdout)?).stderr(File::create(folder.path().join("stderr"))?);
    let mut program = Program::spawn("command", command, folder.path().join("stderr"))?;
    program.name = Path::new(command.get_program()).display().to_string();
    let status = program.wait(limit)?;
    let stdout = String::from_utf8_lossy(&std::fs::read(stdout)?).into_owned();
    Ok(Finished { status, stdout, stderr: program.log() })
}

/// Runs a command with nothing on stdin and gives what it said on stdout.
///
/// # Errors
/// When it does not start, does not end within `limit`, or fails; what it said is in the message.
pub fn run(command: &mut Command, limit: Duration) -> Result<String> {
    let finished = run_to_end(command.stdin(Stdio::null()), limit)?;
    if !finished.status.success() {
        bail!(
            "{} ended with {}; it said:\n{}\n{}",
            Path::new(command.get_program()).display(),
            finished.status,
            tail(&finished.stdout, 40),
            tail(&finished.stderr, 40)
        );
    }
    Ok(finished.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_text() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(tail("a\nb\nc", 1), "c");
        assert_eq!(tail("a", 5), "a");
    }

    #[test]
    fn a_failing_command_tells_what_it_said() {
        let error = run(Command::new("ls").arg("/nowhere/at/all"), Duration::from_secs(5)).unwrap_err();
        assert!(format!("{error:#}").contains("/nowhere/at/all"), "{error:#}");
    }

    #[test]
    fn a_child_is_among_our_descendants_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Program::start("sleep", Command::new("sleep").arg("60"), folder.path()).unwrap();
        let pid = child.pid();
        assert!(descendants(std::process::id()).unwrap().iter().any(|(it, _)| *it == pid));
        child.stop().unwrap();
        assert!(!descendants(std::process::id()).unwrap().iter().any(|(it, _)| *it == pid));
    }
}
