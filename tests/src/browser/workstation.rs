//! A person's machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

use super::START_LIMIT;
use crate::appliance::Ready;
use crate::helper::InstalledHelper;
use crate::program::run;
use crate::servers::find_program;

/// A person's machine: a home folder with a browser profile in it.
pub struct Workstation {
    folder: TempDir,
}

impl Workstation {
    /// A machine that trusts the appliance's certificate authority and has nothing else.
    ///
    /// # Errors
    /// When its folders cannot be made.
    pub fn new(ready: &Ready) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sallyport-workstation-").tempdir()?;
        let it = Self { folder };
        std::fs::create_dir_all(it.profile())?;
        trust(&it.home(), &ready.ca)?;
        Ok(it)
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The browser's profile.
    #[must_use]
    pub fn profile(&self) -> PathBuf {
        self.folder.path().join("profile")
    }

    /// Installs the helper for this browser profile.
    ///
    /// # Errors
    /// When the install command fails.
    pub fn install_helper(&self, ready: &Ready) -> Result<InstalledHelper> {
        InstalledHelper::install(ready, &self.home(), &self.profile().join("NativeMessagingHosts"), None)
    }
}

/// Makes browsers with this home folder trust a certificate authority.
///
/// # Errors
/// When `certutil` is missing or fails.
pub fn trust(home: &Path, ca: &Path) -> Result<()> {
    let store = home.join(".pki/nssdb");
    let certutil = find_program("certutil", &[])?;
    let database = format!("sql:{}", store.display());
    if !store.is_dir() {
        std::fs::create_dir_all(&store)?;
        run(Command::new(&certutil).args(["-N", "--empty-password", "-d", &database]), START_LIMIT)?;
    }
    let name = format!("sallyport-test-{}", uuid::Uuid::new_v4());
    run(Command::new(&certutil).args(["-A", "-t", "C,,", "-n", &name, "-d", &database, "-i"]).arg(ca), START_LIMIT)?;
    Ok(())
}

/// The arguments every browser of ours gets.
#[must_use]
pub fn arguments(profile: &Path, headless: bool) -> Vec<String> {
    let mut all = vec![
        format!("--user-data-dir={}", profile.display()),
        "--no-first-run".into(),
        "--no-default-browser-check".into(),
        "--disable-component-update".into(),
        "--disable-sync".into(),
        "--disable-quic".into(),
        "--lang=en-US".into(),
    ];
    if headless {
        all.extend(["--headless=new".into(), "--disable-gpu".into()]);
    }
    if rustix::process::geteuid().is_root() {
        // The sandbox does not work for root.
        all.push("--no-sandbox".into());
    }
    all
}
