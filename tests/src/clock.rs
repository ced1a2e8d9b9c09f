//! A clock for one program alone, which a test moves forward: Debian's libfaketime, loaded into that program.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The folder of the library within the folders where a system keeps libraries.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// How far a program's clock is ahead of the machine's. What measures spans of time inside the program goes on as
/// ever: only the time of day jumps, as after a workday without anybody there.
#[derive(Clone, Debug)]
pub struct Clock {
    file: PathBuf,
    ahead: Duration,
}

impl Clock {
    /// A clock that shows the machine's time; its file is in `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(folder: &Path) -> Result<Self> {
        let it = Self { file: folder.join("clock"), ahead: Duration::ZERO };
        it.write()?;
        Ok(it)
    }

    /// What the program's environment has to hold so that it goes by this clock.
    ///
    /// # Errors
    /// When the library is not installed.
    pub fn environment(&self) -> Result<Vec<(&'static str, OsString)>> {
        Ok(vec![
            ("LD_PRELOAD", library()?.into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ])
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn pass(&mut self, time: Duration) -> Result<()> {
        self.ahead += time;
        self.write()
    }

    /// How far it is ahead of the machine's.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        self.ahead
    }

    fn write(&self) -> Result<()> {
        // In one step: the program may read at any moment.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("+{}s\n", self.ahead.as_secs())).context("writing the clock's file")?;
        std::fs::rename(&new, &self.file).context("setting the clock")
    }
}

/// Where the library is, which its Debian package puts into a folder named for the kind of processor.
///
/// # Errors
/// When it is in none.
pub fn library() -> Result<PathBuf> {
    let folder = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    for folder in [folder.as_str(), "/usr/lib64", "/usr/lib", "/usr/local/lib"] {
        let library = Path::new(folder).join(LIBRARY);
        if library.is_file() {
            return Ok(library);
        }
    }
    bail!("{LIBRARY} is in no library folder; on Debian: apt-get install faketime")
}
