//! Long work told step by step: what runs, how far it is, how long it took, and the whole output of what failed.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::program::tail;
use crate::stop;

/// A running step says something at least this often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Lines of a failed step's output that are shown; the rest is in its log file.
const LINES_SHOWN: usize = 200;

/// A row of steps, told on stderr or stdout by `tell`.
pub struct Steps {
    total: usize,
    at: usize,
    logs: PathBuf,
    tell: fn(&str),
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// How long it took.
    pub took: Duration,
    /// The tests it ran.
    pub tests: Tally,
    /// What went wrong, if anything did.
    pub problem: Option<String>,
    /// Why it was not done, if it was not.
    pub not_run: Option<String>,
}

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not run because they are marked so.
    pub ignored: usize,
}

impl Tally {
    /// Adds what `cargo test` says at the end of a test program: `test result: ok. 3 passed; 0 failed; 1 ignored; …`; and what
    /// `node --test --test-reporter=tap` says at its end: `# pass 3`, `# fail 0`.
    fn add_line(&mut self, line: &str) {
        let of_node = |word: &str| line.strip_prefix(word).and_then(|number| number.trim().parse::<usize>().ok());
        self.passed += of_node("# pass ").unwrap_or(0);
        self.failed += of_node("# fail ").unwrap_or(0);
        let Some(rest) = line.trim_start().strip_prefix("test result: ") else { return };
        let count = |word: &str| {
            let number = rest.split_once(word).and_then(|(before, _)| before.split_whitespace().last());
            number.and_then(|number| number.parse::<usize>().ok()).unwrap_or(0)
        };
        self.passed += count(" passed;");
        self.failed += count(" failed;");
        self.ignored += count(" ignored;");
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }
}

impl Steps {
    /// `total` steps; their logs go into the folder `logs`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(total: usize, logs: PathBuf, tell: fn(&str)) -> Result<Self> {
        fs::create_dir_all(&logs).with_context(|| format!("making {}", logs.display()))?;
        Ok(Self { total, at: 0, logs, tell })
    }

    /// Does the next step and tells how it went.
    pub fn step(&mut self, name: &str, about: &str, work: impl FnOnce(&mut Step) -> Result<()>) -> Outcome {
        self.at += 1;
        (self.tell)(&format!("{}/{} {name}: {about}", self.at, self.total));
        let started = Instant::now();
        let log = self.logs.join(format!("{}.log", name.replace(|sign: char| !sign.is_alphanumeric(), "-")));
        let mut step = Step { log, tally: Tally::default(), not_run: None, tell: self.tell, started };
        // An old log must not pass for today's.
        let _ = fs::remove_file(&step.log);
        let problem = work(&mut step).err().map(|error| format!("{error:#}"));
        let took = started.elapsed();
        let verdict = match (&problem, &step.not_run) {
            (Some(_), _) => "FAILED",
            (None, Some(_)) => "NOT RUN",
            (None, None) => "ok",
        };
        let tests = match step.tally {
            Tally { passed: 0, failed: 0, .. } => String::new(),
            Tally { passed, failed, .. } => format!(", {passed} tests passed, {failed} failed"),
        };
        (self.tell)(&format!("     {verdict} after {}{tests}", duration(took)));
        if let Some(problem) = &problem {
            (self.tell)(problem);
        }
        Outcome { name: name.into(), took, tests: step.tally, problem, not_run: step.not_run }
    }
}

/// The step that runs now.
pub struct Step {
    log: PathBuf,
    tally: Tally,
    not_run: Option<String>,
    tell: fn(&str),
    started: Instant,
}

impl Step {
    /// Says something about the step.
    pub fn say(&self, text: &str) {
        (self.tell)(&format!("     {text}"));
    }

    /// Says that the step is not done, and why; the summary says it again.
    pub fn not_run(&mut self, why: &str) {
        self.say(why);
        self.not_run = Some(why.into());
    }

    /// Runs a command, keeps what it says in the step's log, and says how far it is.
    ///
    /// # Errors
    /// When it fails; the end of its output is in the message.
    pub fn run(&mut self, command: &mut Command) -> Result<()> {
        let line = line_of(command);
        let (reader, writer) = std::io::pipe().context("making a pipe")?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn().with_context(|| format!("starting {line}"))?;
        // The pipe ends when the child's copies of its other end do; ours must not keep it open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (sender, lines) = sync_channel(1000);
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let mut log = fs::File::options().create(true).append(true).open(&self.log)?;
        writeln!(log, "$ {line}")?;
        let mut said = String::new();
        let mut beat = Instant::now();
        loop {
            if let Err(asked) = stop::check() {
                // Where it has ended meanwhile there is nothing to do. What it started may keep the pipe open.
                let _ = child.kill();
                let _ = child.wait();
                return Err(asked);
            }
            match lines.recv_timeout(stop::LOOK) {
                Ok(line) => {
                    self.tally.add_line(&line);
                    writeln!(log, "{line}")?;
                    said.push_str(&line);
                    said.push('\n');
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if beat.elapsed() >= HEARTBEAT {
                beat = Instant::now();
                let last: String = tail(&said, 1).trim().chars().take(100).collect();
                self.say(&format!("… {} {last}", duration(self.started.elapsed())));
            }
        }
        let _ = reading.join();
        let status = child.wait().with_context(|| format!("waiting for {line}"))?;
        if !status.success() {
            let shown = failures(&said).unwrap_or_else(|| tail(&said, LINES_SHOWN).to_owned());
            bail!("{shown}\n$ {line}\nended with {status}; the whole output is in {}", self.log.display());
        }
        Ok(())
    }
}

/// What `cargo test` printed of the tests that failed: first their names, then the end of what each said. None where no test
/// failed.
fn failures(said: &str) -> Option<String> {
    let heading = |line: &str| line.strip_prefix("---- ")?.strip_suffix(" stdout ----").map(str::to_owned);
    let mut failed: Vec<(String, Vec<&str>)> = Vec::new();
    let mut within = false;
    for line in said.lines() {
        if let Some(name) = heading(line) {
            failed.push((name, Vec::new()));
            within = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            within = false;
        } else if within && let Some((_, lines)) = failed.last_mut() {
            lines.push(line);
        }
    }
    let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
    let each = LINES_SHOWN / names.len().max(1);
    let told = failed.iter().map(|(name, lines)| format!("---- {name}\n{}", tail(lines.join("\n").trim(), each)));
    (!names.is_empty()).then(|| format!("these failed: {}\n{}", names.join(", "), told.collect::<Vec<_>>().join("\n")))
}

/// The command as a person would type it.
fn line_of(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// A duration for people.
#[must_use]
pub fn duration(it: Duration) -> String {
    match it.as_secs() {
        0..10 => format!("{:.1} s", it.as_secs_f32()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_results_are_added_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "# pass 4",
            "# fail 1",
        ] {
            tally.add_line(line);
        }
        assert_eq!(tally, Tally { passed: 19, failed: 3, ignored: 1 });
    }

    #[test]
    fn failed_tests_are_told_by_name_with_what_they_said() {
        let said = "test a::b ... FAILED\ntest c ... ok\n\nfailures:\n\n---- a::b stdout ----\nError: too late\n\n\nfailures:\n    \
            a::b\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored;\n     Running unittests\ntest d ... ok\n";
        assert_eq!(failures(said).unwrap(), "these failed: a::b\n---- a::b\nError: too late");
        assert_eq!(failures("error[E0001]: no such thing\n"), None);
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(duration(Duration::from_secs(42)), "42 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 05 s");
    }

    #[test]
    fn a_failing_command_fails_its_step_with_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let mut steps = Steps::new(1, folder.path().into(), |_| {}).unwrap();
        let outcome = steps.step("look", "for what is not there", |step| step.run(Command::new("ls").arg("/nowhere")));
        assert!(outcome.problem.unwrap().contains("/nowhere"));
    }
}
