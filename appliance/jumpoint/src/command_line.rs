//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use link::ProxyChoice;

/// Where the identity is kept unless told otherwise.
pub(crate) const DEFAULT_STATE_DIR: &str = "/var/lib/sallyport-jumpoint";

/// Connects a remote network to a Sallyport appliance: dials out, and opens TCP connections to the systems the appliance names.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Enrol this host as a node of a jumpoint, once, with a key from the console
    Enrol(Enrol),
    /// Connect to the appliance and serve sessions
    Run(Run),
    /// Write a systemd unit that runs it as a service
    Install(Install),
}

#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// The enrolment key that the console shows
    #[arg(long, value_name = "KEY", env = "SALLYPORT_ENROLMENT_KEY", hide_env_values = true)]
    pub(crate) key: String,
    /// Give up the identity this host has
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// Folder of the unit
    #[arg(long, value_name = "DIR", default_value = "/etc/systemd/system")]
    pub(crate) unit_dir: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Folder of the node's identity
    #[arg(long, value_name = "DIR", default_value = DEFAULT_STATE_DIR)]
    pub(crate) state_dir: PathBuf,
    /// Connect to this address instead of the appliance's own; the certificate is checked against its own name all the same
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub(crate) dial: Option<(String, u16)>,
    /// Reach the appliance through this HTTP proxy, `http://host:port` or `http://name:password@host:port`; "direct" = through
    /// none, "auto" = as the environment says. Enrol and install keep it for the next starts
    #[arg(long, value_name = "URL", env = "SALLYPORT_PROXY", hide_env_values = true)]
    pub(crate) proxy: Option<ProxyChoice>,
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    link::tcp::host_and_port(text).ok_or_else(|| "it has to be host:port, as in 10.0.0.1:8443".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn an_address_to_dial_is_checked() {
        let parsed = CommandLine::try_parse_from(["x", "run", "--dial", "127.0.0.1:99"]).unwrap();
        let Command::Run(run) = parsed.command else { panic!() };
        assert_eq!(run.place.dial, Some(("127.0.0.1".into(), 99)));
        assert!(CommandLine::try_parse_from(["x", "run", "--dial", "127.0.0.1"]).is_err());
        assert!(CommandLine::try_parse_from(["x", "run", "--proxy", "socks5://127.0.0.1:9"]).is_err());
    }
}
