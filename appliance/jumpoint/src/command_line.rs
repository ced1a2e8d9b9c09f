//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use link::ProxyChoice;
use link::metrics::port::MetricsAddress;

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
    #[command(flatten)]
    pub(crate) monitoring: Monitoring,
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// Folder of the unit
    #[arg(long, value_name = "DIR", default_value = "/etc/systemd/system")]
    pub(crate) unit_dir: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) monitoring: Monitoring,
}

#[derive(Debug, Args)]
pub(crate) struct Monitoring {
    /// Serve figures for Prometheus as http://ADDRESS:PORT/metrics, on an address of this machine alone, as in 127.0.0.1:9465
    #[arg(long, value_name = "ADDRESS:PORT", env = "SALLYPORT_METRICS")]
    pub(crate) metrics: Option<MetricsAddress>,
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

    #[test]
    fn metrics_are_for_this_machine_alone() {
        let metrics = |address| CommandLine::try_parse_from(["x", "run", "--metrics", address]);
        for good in ["127.0.0.1:9465", "127.1.2.3:1", "[::1]:9465"] {
            let Command::Run(run) = metrics(good).unwrap().command else { panic!() };
            assert_eq!(run.monitoring.metrics.map(|it| it.to_string()).as_deref(), Some(good));
        }
        for bad in ["0.0.0.0:9465", "[::]:9465", "10.0.0.1:9465", "[::ffff:127.0.0.1]:9465"] {
            let said = metrics(bad).unwrap_err().to_string();
            assert!(said.contains("no password") && said.contains("127.0.0.1:9465"), "{said}");
        }
        assert!(metrics("9465").unwrap_err().to_string().contains("address:port"));
    }
}
