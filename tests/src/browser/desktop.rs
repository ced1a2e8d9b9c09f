//! A screen that browsers draw on and share: an X server without a monitor.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::program::{Program, run};
use crate::servers::find_program;
use crate::wait;

const START_LIMIT: Duration = Duration::from_secs(30);
/// Width and height of the screen.
const SIZE: (u32, u32) = (1280, 800);

/// A screen. It goes with this value.
pub struct Desktop {
    number: u32,
    _server: Program,
    _clock: Program,
    _folder: TempDir,
}

impl Desktop {
    /// Starts one, with something on it that moves.
    ///
    /// # Errors
    /// When the X server does not start.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sallyport-desktop-").tempdir()?;
        let mut command = Command::new(find_program("Xvfb", &[])?);
        // It chooses a number that is free, and says which.
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", &format!("{}x{}x24", SIZE.0, SIZE.1)]);
        command.stdin(Stdio::null());
        let mut server = Program::start("xvfb", &mut command, folder.path())?;
        let number = wait::until("the X server says its number", START_LIMIT, || {
            server.check_alive()?;
            Ok(server.log().lines().find_map(|line| line.trim().parse::<u32>().ok()))
        })?;
        let mut clock = Command::new(find_program("xclock", &[])?);
        clock.args(["-update", "1", "-geometry", "200x200+0+580"]).env("DISPLAY", format!(":{number}"));
        let clock = Program::start("xclock", clock.stdin(Stdio::null()), folder.path())?;
        Ok(Self { number, _server: server, _clock: clock, _folder: folder })
    }

    /// Its name, as programs find it in `DISPLAY`.
    #[must_use]
    pub fn name(&self) -> String {
        format!(":{}", self.number)
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Presses a key, whatever window it goes to.
    ///
    /// # Errors
    /// When `xdotool` is missing or fails.
    pub fn press(&self, key: &str) -> Result<()> {
        self.xdotool(&["key", key]).with_context(|| format!("pressing {key}"))
    }

    /// Clicks on a point of the screen.
    ///
    /// # Errors
    /// When `xdotool` is missing or fails.
    pub fn click(&self, x: u32, y: u32) -> Result<()> {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"])
    }

    fn xdotool(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(find_program("xdotool", &[])?);
        run(command.args(arguments).env("DISPLAY", self.name()), START_LIMIT).map(drop)
    }
}
