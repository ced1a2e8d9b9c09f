//! What changes the whole machine, as a managed policy does. These tests need root, and nothing else may run beside them:
//! `cargo verify` runs them last, by themselves.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::program::{run, run_to_end};
use tests::site::{ADMIN, ADMIN_PASSWORD, on_a_site_with_console};
use tests::wait;
use tests::workspace;
use wire::api::{NewSession, SessionPage};

const LIMIT: Duration = Duration::from_secs(60);

/// Where browsers look for what holds for the whole machine.
const MACHINE_FOLDERS: [&str; 10] = [
    "/etc/chromium/policies/managed",
    "/etc/chromium/native-messaging-hosts",
    "/etc/opt/chrome/policies/managed",
    "/etc/opt/chrome/native-messaging-hosts",
    "/etc/opt/edge/policies/managed",
    "/etc/opt/edge/native-messaging-hosts",
    "/etc/brave/policies/managed",
    "/usr/lib/mozilla/native-messaging-hosts",
    "/etc/sallyport",
    "/usr/local/lib/sallyport",
];

/// The files of those folders; puts them back as they were when it goes out of scope, whatever the test did.
struct Restored(BTreeMap<PathBuf, Vec<u8>>);

impl Restored {
    fn remember() -> Self {
        Self(machine_files())
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        for path in machine_files().into_keys().filter(|path| !self.0.contains_key(path)) {
            let _ = std::fs::remove_file(path);
        }
        for (path, content) in &self.0 {
            let _ = std::fs::write(path, content);
        }
    }
}

fn machine_files() -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = MACHINE_FOLDERS.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.filter_map(|path| std::fs::read(&path).ok().map(|content| (path, content))).collect()
}

#[test]
#[ignore = "changes the machine's browser policy; needs root"]
fn a_fresh_profile_has_the_extension_without_a_click() -> Result<()> {
    on_a_site_with_console(|site| {
        let before = machine_files();
        let _restored = Restored::remember();
        let workstation = Workstation::new(&site.appliance.ready)?;
        // The policy alone shall make the browser believe the certificate.
        std::fs::remove_dir_all(workstation.home().join(".pki"))?;
        let helper = |arguments: &[&str]| -> Result<()> {
            let mut command = Command::new(workspace::program("sallyport-helper")?);
            let config = workstation.home().join(".config/sallyport/helper.toml");
            command.args(arguments).env("HOME", workstation.home()).env("SALLYPORT_HELPER_CONFIG", config);
            let finished = run_to_end(&mut command, LIMIT)?;
            ensure!(finished.status.success(), "{arguments:?}: {}{}", finished.stdout, finished.stderr);
            Ok(())
        };
        let ca = site.appliance.ready.ca.display().to_string();
        helper(&["install", "--appliance", &site.appliance.ready.url, "--ca", &ca, "--system", "--policy"])?;
        let seen = only_an_administrator_can_replace_the_helper()
            .and_then(|()| the_extension_arrives(site, &workstation))
            .and_then(|()| the_authority_is_believed_for_the_appliance_alone(site, &workstation));
        let gone = helper(&["uninstall", "--system"]);
        seen?;
        gone?;
        let left: Vec<PathBuf> = machine_files().into_keys().filter(|path| !before.contains_key(path)).collect();
        ensure!(left.is_empty(), "uninstall left {left:?}");
        Ok(())
    })
}

fn the_extension_arrives(site: &tests::site::Site, workstation: &Workstation) -> Result<()> {
    let options = Options { extension: false, policy: true, ..Options::default() };
    let browser = Browser::start(workstation, options)?;
    let console = Console::open(browser, &site.appliance.ready.url)?;
    console.sign_in(ADMIN, ADMIN_PASSWORD)?;
    // A page that was loaded before the extension does not see it: load again until it does.
    wait::until_true("the extension is installed", LIMIT, || {
        console.reload()?;
        std::thread::sleep(Duration::from_secs(2));
        Ok(console.attribute("helper-status", "data-state")?.as_deref() == Some("ready"))
    })?;
    console.visit("/helper")?;
    console.wait_for_helper()?;
    console.screenshot("get-the-helper-by-policy")
}

/// Browsers of all users start the same program.
fn only_an_administrator_can_replace_the_helper() -> Result<()> {
    let manifest = std::fs::read("/etc/chromium/native-messaging-hosts/org.sallyport.helper.json")?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest)?;
    let program = Path::new(manifest["path"].as_str().context("the manifest names no program")?);
    ensure!(program == Path::new("/usr/local/lib/sallyport/sallyport-helper"), "{}", program.display());
    for path in program.ancestors() {
        let metadata = std::fs::metadata(path)?;
        ensure!(metadata.uid() == 0 && metadata.mode() & 0o022 == 0, "others may write {}", path.display());
    }
    Ok(())
}

/// The same authority vouches for another server; a browser that trusts it for the appliance does not care.
fn the_authority_is_believed_for_the_appliance_alone(
    site: &tests::site::Site,
    workstation: &Workstation,
) -> Result<()> {
    let folder = site.folder().join("elsewhere");
    let tls = folder.join("data/tls");
    std::fs::create_dir_all(&tls)?;
    for file in std::fs::read_dir(site.folder().join("appliance/tls"))? {
        let file = file?;
        std::fs::copy(file.path(), tls.join(file.file_name()))?;
    }
    let port = tests::servers::free_port()?;
    let options = tests::appliance::Options {
        listen: format!("127.0.0.1:{port}"),
        public_url: Some(format!("https://elsewhere.example:{port}")),
        ..tests::appliance::Options::new(&folder.join("data"))
    };
    let _elsewhere = tests::appliance::Appliance::start(options, &folder)?;
    let browser = Browser::start(workstation, Options { extension: false, policy: true, ..Options::default() })?;
    let warning = |url: &str| -> Result<bool> {
        // ChromeDriver tells of a refused certificate in either way.
        let loaded = browser.go_to(url);
        let text = browser.script("return document.body.innerText", vec![])?.to_string();
        Ok(text.contains("ERR_CERT") || format!("{loaded:?}").contains("ERR_CERT"))
    };
    ensure!(!warning(&site.appliance.ready.url)?, "the appliance's certificate is refused");
    ensure!(warning(&format!("https://localhost:{port}/"))?, "the authority is believed for another host");
    Ok(())
}

#[test]
#[ignore = "mounts a small file system; needs root"]
fn a_full_disk_refuses_the_jump_in_words_and_nothing_is_lost() -> Result<()> {
    let disk = SmallDisk::mount()?;
    let folder = tempfile::tempdir()?;
    let options = tests::appliance::Options::new(&disk.folder.path().join("data"));
    let appliance = tests::appliance::Appliance::start(options, folder.path())?;
    let admin = tests::api_client::ApiClient::new(&appliance.ready.url, &appliance.ready.ca)?;
    admin.set_up(appliance.ready.setup_url.as_deref().context("no setup link")?, ADMIN, ADMIN_PASSWORD)?;
    let jumpoint = tests::jumpoint::JumpointNode::enrol(&admin, "ams-1", None, folder.path())?;
    let groups = wire::api::JumpGroupDraft { name: "Production".into(), comments: String::new(), revision: 0 };
    let group: wire::api::JumpGroup = admin.post("/api/jump-groups", &groups)?.ok()?;
    let draft = wire::api::TunnelJumpDraft {
        name: "echo".into(),
        jumpoint_id: jumpoint.id,
        group_id: group.id,
        hostname: "127.0.0.1".into(),
        local_address: "127.0.0.1".into(),
        tunnels: vec![wire::api::TunnelDefinition { local_port: 0, remote_port: 7, label: String::new() }],
        tag: None,
        comments: String::new(),
        jump_policy_id: None,
        session_policy_id: None,
        credentials: None,
        revision: 0,
    };
    let item: wire::api::JumpItem = admin.post("/api/jump-items", &draft)?.ok()?;
    disk.fill()?;
    // A page that is already allocated may take a session or two.
    let mut refused = None;
    for _ in 0..2000 {
        let answer = admin.post("/api/sessions", &NewSession::of(item.id))?;
        if answer.status != 200 && answer.status != 201 {
            refused = Some(answer.refused(503)?);
            break;
        }
    }
    let refused = refused.context("the disk is full, and sessions start all the same")?;
    ensure!(!refused.message.is_empty() && !refused.request_id.is_empty(), "{refused:?}");
    let before: SessionPage = admin.get("/api/sessions")?;
    disk.free()?;
    admin.post("/api/sessions", &NewSession::of(item.id))?.success()?;
    let after: SessionPage = admin.get("/api/sessions")?;
    ensure!(after.sessions.len() == before.sessions.len() + 1, "the refused session was kept");
    Ok(())
}

/// A file system of a few megabytes in memory.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "sallyport-test"]).arg(folder.path()), LIMIT)?;
        Ok(Self { folder })
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }

    fn fill(&self) -> Result<()> {
        let mut file = std::fs::File::create(self.filler())?;
        let block = [0; 4096];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
        Ok(())
    }

    fn free(&self) -> Result<()> {
        std::fs::remove_file(self.filler()).context("freeing the disk")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let path: &Path = self.folder.path();
        // Lazy: a program that is just ending may still have a file open.
        let _ = run(Command::new("umount").arg("-l").arg(path), LIMIT);
    }
}
