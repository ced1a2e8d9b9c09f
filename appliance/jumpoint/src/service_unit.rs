//! The systemd unit: contents only, so that they can be tested.

use std::path::Path;

use anyhow::{Context as _, ensure};
use link::metrics::port::MetricsAddress;

use crate::command_line::DEFAULT_STATE_DIR;

/// Name of the unit.
pub(crate) const NAME: &str = "sallyport-jumpoint.service";

/// The unprivileged user it runs as.
const USER: &str = "sallyport-jumpoint";
/// Folders that the unit hides from its program: those of people, and those everybody may write to.
const HIDDEN: [&str; 5] = ["/home", "/root", "/run/user", "/tmp", "/var/tmp"];

/// The unit that runs `program` with its identity in `state_dir`: an unprivileged user of its own, no rights beyond outgoing
/// connections and its folder. Needs [`preparation`] where the folder is not the usual one.
///
/// # Errors
/// When a path cannot stand in a unit, or lies where the program of the unit does not see it.
pub(crate) fn contents(
    program: &Path,
    state_dir: &Path,
    dial: Option<&(String, u16)>,
    metrics: Option<MetricsAddress>,
) -> anyhow::Result<String> {
    ensure!(
        !is_hidden(program),
        "{} is hidden from services by the unit. Copy it to /usr/local/bin first, and run that one's install",
        program.display()
    );
    ensure!(
        !is_hidden(state_dir),
        "{} is hidden from services by the unit. Leave --state-dir out, or name a folder elsewhere, as /srv/sallyport-jumpoint",
        state_dir.display()
    );
    let program = quoted(program)?;
    let state = quoted(state_dir)?;
    let dial = match dial {
        Some((host, port)) if host.contains(':') => format!(" --dial [{host}]:{port}"),
        Some((host, port)) => format!(" --dial {host}:{port}"),
        None => String::new(),
    };
    let metrics = metrics.map(|address| format!(" --metrics {address}")).unwrap_or_default();
    // The default folder is one that systemd gives to a user it makes up. Any other has to belong to somebody who stays.
    let user = if is_default(state_dir) {
        format!("DynamicUser=yes\nUser={USER}\nStateDirectory=sallyport-jumpoint\nStateDirectoryMode=0700")
    } else {
        format!("User={USER}\nReadWritePaths={state}")
    };
    Ok(format!(
        "[Unit]
Description=Sallyport jumpoint
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={program} run --state-dir {state}{dial}{metrics}
Restart=always
RestartSec=5
{user}
UMask=0077
LimitNOFILE=524288
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"
    ))
}

/// What root has to do by hand before the unit can start: nothing, where the folder is the usual one.
///
/// # Errors
/// When the path cannot stand in a command.
pub(crate) fn preparation(state_dir: &Path) -> anyhow::Result<Vec<String>> {
    if is_default(state_dir) {
        return Ok(Vec::new());
    }
    let folder = shell_word(state_dir)?;
    Ok(vec![
        format!("useradd --system --no-create-home --shell /usr/sbin/nologin {USER}"),
        format!("install -d -m 0700 {folder}"),
        format!("chown -R {USER}: {folder}"),
    ])
}

/// What names the folder on the command line, where it is not the usual one.
///
/// # Errors
/// When the path cannot stand in a command.
pub(crate) fn state_argument(state_dir: &Path) -> anyhow::Result<String> {
    if is_default(state_dir) { Ok(String::new()) } else { Ok(format!(" --state-dir {}", shell_word(state_dir)?)) }
}

fn is_default(state_dir: &Path) -> bool {
    state_dir == Path::new(DEFAULT_STATE_DIR)
}

fn is_hidden(path: &Path) -> bool {
    HIDDEN.iter().any(|folder| path.starts_with(folder))
}

/// A path as one word of a shell.
fn shell_word(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// A path as one word of a unit: in quotes, with the signs escaped that mean something to systemd.
fn quoted(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    ensure!(path.is_absolute(), "{text} has to be an absolute path");
    ensure!(!text.chars().any(char::is_control), "{text:?} has control characters in it");
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    Ok(format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_folder_is_given_by_systemd() {
        let unit =
            contents(Path::new("/usr/bin/sallyport-jumpoint"), Path::new(DEFAULT_STATE_DIR), None, None).unwrap();
        assert!(
            unit.contains(
                "ExecStart=\"/usr/bin/sallyport-jumpoint\" run --state-dir \"/var/lib/sallyport-jumpoint\"\n"
            )
        );
        assert!(unit.contains("StateDirectory=sallyport-jumpoint\n"));
        assert!(unit.contains("DynamicUser=yes\n"));
        assert!(unit.contains("ProtectSystem=strict\n"));
    }

    #[test]
    fn another_folder_and_address_are_taken_over() {
        let dial = ("fd00::1".to_owned(), 8443);
        let unit =
            contents(Path::new("/opt/a b/100%$x"), Path::new("/srv/jp"), Some(&dial), "127.0.0.1:9465".parse().ok())
                .unwrap();
        assert!(unit.contains("ExecStart=\"/opt/a b/100%%$$x\" run --state-dir \"/srv/jp\" --dial [fd00::1]:8443 --metrics 127.0.0.1:9465\n"));
        assert!(unit.contains("ReadWritePaths=\"/srv/jp\"\n"));
        assert!(!unit.contains("StateDirectory") && !unit.contains("DynamicUser"));
        assert!(unit.contains("User=sallyport-jumpoint\n"));
        let steps = preparation(Path::new("/srv/j's")).unwrap().join("\n");
        assert!(
            steps.contains("useradd --system") && steps.contains(r"chown -R sallyport-jumpoint: '/srv/j'\''s'"),
            "{steps}"
        );
        assert_eq!(preparation(Path::new(DEFAULT_STATE_DIR)).unwrap(), [""; 0]);
    }

    #[test]
    fn what_the_unit_hides_from_its_program_is_refused_in_words() {
        let (good, default) = (Path::new("/usr/local/bin/sallyport-jumpoint"), Path::new(DEFAULT_STATE_DIR));
        for bad in ["/home/ana/x", "/root/x", "/run/user/1000/x", "/tmp/x", "/var/tmp/x"].map(Path::new) {
            let said = contents(bad, default, None, None).unwrap_err().to_string();
            assert!(said.contains("/usr/local/bin") && said.contains("Copy it"), "{said}");
            assert!(contents(good, bad, None, None).unwrap_err().to_string().contains("--state-dir"));
        }
        assert!(contents(good, Path::new("/srv/home"), None, None).is_ok());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn systemd_understands_the_unit() {
        let program = Path::new("/usr/bin/env");
        for (state_dir, dial) in [(DEFAULT_STATE_DIR, None), ("/srv/a b", Some(("fd00::1".to_owned(), 8443)))] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(NAME);
            std::fs::write(&path, contents(program, Path::new(state_dir), dial.as_ref(), None).unwrap()).unwrap();
            let mut command = std::process::Command::new("systemd-analyze");
            let Ok(said) = command.arg("verify").arg("--man=no").arg(&path).output() else {
                eprintln!("skipped: this machine has no systemd-analyze");
                return;
            };
            let words = String::from_utf8_lossy(&said.stderr);
            assert!(said.status.success() && !words.contains(NAME), "{words}");
        }
    }

    #[test]
    fn a_path_that_would_add_lines_is_refused() {
        let bad = Path::new("/x\nExecStartPre=/bin/evil");
        assert!(contents(bad, Path::new("/srv"), None, None).is_err());
        assert!(contents(Path::new("relative"), Path::new("/srv"), None, None).is_err());
    }
}
