//! What the machine has to have, and bringing it where that can be done without asking.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::servers::{
    AIOSMTPD, RSYSLOG_TLS, find_program, install_openid_provider, install_s3_server, postgres_folders,
};
use crate::steps::Step;

/// A program and the Debian package that brings it.
struct Needed {
    program: &'static str,
    package: &'static str,
}

const fn needed(program: &'static str, package: &'static str) -> Needed {
    Needed { program, package }
}

/// What a browser test needs.
const BROWSER: [Needed; 4] = [
    needed("chromium", "chromium"),
    needed("chromedriver", "chromium-driver"),
    needed("certutil", "libnss3-tools"),
    // A machine without any font draws no text.
    needed("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
];

/// The servers and clients of the end-to-end tests, and what lets time pass in them.
const SERVERS: [Needed; 34] = [
    needed("postgres", "postgresql"),
    needed("psql", "postgresql-client"),
    needed("pgbench", "postgresql"),
    needed("mariadbd", "mariadb-server-core"),
    needed("mariadb", "mariadb-client-core"),
    needed("sysbench", "sysbench"),
    needed("redis-server", "redis-server"),
    needed("redis-cli", "redis-tools"),
    needed("sshd", "openssh-server"),
    needed("ssh", "openssh-client"),
    needed("scp", "openssh-client"),
    needed("nginx", "nginx-light"),
    needed("haproxy", "haproxy"),
    needed("squid", "squid"),
    needed("/usr/lib/squid/basic_ncsa_auth", "squid"),
    needed("curl", "curl"),
    needed("node", "nodejs"),
    needed("npm", "npm"),
    needed("nc", "netcat-openbsd"),
    needed("sqlite3", "sqlite3"),
    needed("git", "git"),
    needed("faketime", "faketime"),
    needed("oathtool", "oathtool"),
    needed("zbarimg", "zbar-tools"),
    needed(AIOSMTPD, "python3-aiosmtpd"),
    needed("rsyslogd", "rsyslog"),
    needed(RSYSLOG_TLS, "rsyslog-gnutls"),
    // What looks at captured traffic.
    needed("tshark", "tshark"),
    // File systems that are full, or hang.
    needed("mkfs.ext4", "e2fsprogs"),
    needed("fsfreeze", "util-linux"),
    // A desktop that is recorded, and what looks at the recording.
    needed("Xvfb", "xvfb"),
    needed("xclock", "x11-apps"),
    needed("xdotool", "xdotool"),
    needed("ffprobe", "ffmpeg"),
];

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Brings what building the programs and the console needs.
///
/// # Errors
/// Names what is missing and how to get it.
pub fn for_building(step: &mut Step) -> Result<()> {
    if find_program("npm", &[]).is_err() {
        bail!("npm is missing; it loads the console's styles. On Debian: apt-get install npm");
    }
    if has_wasm_target()? {
        return Ok(());
    }
    if find_program("rustup", &[]).is_err() {
        bail!("Rust's target {WASM_TARGET} is missing, and so is rustup that could add it; install rustup");
    }
    step.say(&format!("adding Rust's target {WASM_TARGET}"));
    step.run(crate::workspace::in_checkout("rustup").args(["target", "add", WASM_TARGET]))
}

/// Brings what a browser test needs.
///
/// # Errors
/// Names what is missing and how to get it.
pub fn for_browser(step: &mut Step) -> Result<()> {
    bring(step, &BROWSER)
}

/// Brings everything the tests need.
///
/// # Errors
/// Names what is missing and how to get it.
pub fn for_tests(step: &mut Step) -> Result<()> {
    let all: Vec<&Needed> = BROWSER.iter().chain(&SERVERS).collect();
    bring(step, all)?;
    step.say("the OpenID provider of the tests");
    install_openid_provider()?;
    step.say("the S3-compatible server of the tests");
    install_s3_server()
}

fn has_wasm_target() -> Result<bool> {
    let mut command = crate::workspace::in_checkout("rustc");
    let answer = command.args(["--print", "sysroot"]).output().context("asking rustc where it lives")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    Ok(sysroot.join("lib/rustlib").join(WASM_TARGET).is_dir())
}

fn bring<'a>(step: &mut Step, all: impl IntoIterator<Item = &'a Needed>) -> Result<()> {
    let all: Vec<&Needed> = all.into_iter().collect();
    let missing = missing(&all);
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    let by_hand = format!("install them with: apt-get install --no-install-recommends {list}");
    if find_program("apt-get", &[]).is_err() {
        bail!("this machine lacks programs of the Debian packages {list}; install what your system calls them");
    }
    let Some(prefix) = way_to_root() else {
        bail!("these Debian packages are missing: {list}\n{by_hand}");
    };
    step.say(&format!("installing Debian packages: {list}"));
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(missing);
    for arguments in [vec!["update"], install] {
        let mut words = prefix.iter().copied();
        // RUNLEVEL: the tests start servers of their own; the packages' services need not run.
        let mut command = Command::new(words.next().unwrap_or("env"));
        command.args(words).args(["DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get"]).args(arguments);
        step.run(&mut command).with_context(|| by_hand.clone())?;
    }
    let missing = self::missing(&all);
    if !missing.is_empty() {
        bail!("apt-get ran, but programs of these packages are still missing: {}", missing.join(" "));
    }
    Ok(())
}

/// The packages whose programs are not there.
fn missing(all: &[&Needed]) -> Vec<&'static str> {
    let folders = postgres_folders();
    let mut packages = Vec::new();
    for it in all {
        let there = find_program(it.program, &folders).is_ok();
        if !there && !packages.contains(&it.package) {
            packages.push(it.package);
        }
    }
    packages
}

/// How to run a command as root without being asked for anything.
fn way_to_root() -> Option<Vec<&'static str>> {
    if rustix::process::geteuid().is_root() {
        return Some(vec!["env"]);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sudo.status().is_ok_and(|status| status.success()).then(|| vec!["sudo", "-n", "env"])
}
