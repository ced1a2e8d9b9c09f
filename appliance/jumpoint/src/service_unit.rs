//! The systemd unit: contents only, so that they can be tested.

use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::command_line::DEFAULT_STATE_DIR;

/// Name of the unit.
pub(crate) const NAME: &str = "sallyport-jumpoint.service";

/// The unit that runs `program` with its identity in `state_dir`: an unprivileged user of its own, no rights beyond outgoing
/// connections and its folder.
///
/// # Errors
/// When a path cannot stand in a unit.
pub(crate) fn contents(program: &Path, state_dir: &Path, dial: Option<&(String, u16)>) -> anyhow::Result<String> {
    let program = quoted(program)?;
    let state = quoted(state_dir)?;
    let dial = match dial {
        Some((host, port)) if host.contains(':') => format!(" --dial [{host}]:{port}"),
        Some((host, port)) => format!(" --dial {host}:{port}"),
        None => String::new(),
    };
    // The default folder is one that systemd gives to the unit's own user; any other has to be writable by that user.
    let state_dir = if state_dir == Path::new(DEFAULT_STATE_DIR) {
        "StateDirectory=sallyport-jumpoint\nStateDirectoryMode=0700".to_owned()
    } else {
        format!("ReadWritePaths={state}")
    };
    Ok(format!(
        "[Unit]
Description=Sallyport jumpoint
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={program} run --state-dir {state}{dial}
Restart=always
RestartSec=5
DynamicUser=yes
User=sallyport-jumpoint
{state_dir}
UMask=0077
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
        let unit = contents(Path::new("/usr/bin/sallyport-jumpoint"), Path::new(DEFAULT_STATE_DIR), None).unwrap();
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
        let unit = contents(Path::new("/opt/a b/100%$x"), Path::new("/srv/jp"), Some(&dial)).unwrap();
        assert!(unit.contains("ExecStart=\"/opt/a b/100%%$$x\" run --state-dir \"/srv/jp\" --dial [fd00::1]:8443\n"));
        assert!(unit.contains("ReadWritePaths=\"/srv/jp\"\n"));
        assert!(!unit.contains("StateDirectory"));
    }

    #[test]
    fn a_path_that_would_add_lines_is_refused() {
        let bad = Path::new("/x\nExecStartPre=/bin/evil");
        assert!(contents(bad, Path::new("/srv"), None).is_err());
        assert!(contents(Path::new("relative"), Path::new("/srv"), None).is_err());
    }
}
