//! The command line, for people. A browser starts the program in another way, see [`crate::host_manifest`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use link::{ApplianceUrl, ProxyChoice};

use crate::host_manifest::is_extension_id;

/// Opens the tunnels of a Sallyport appliance on this workstation. The browser starts it by itself; these commands install
/// it, once.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Let the browsers of this user find the helper, and let it serve an appliance
    Install(Install),
    /// Undo it, for one appliance or for all
    Uninstall(Uninstall),
    /// Say what is installed and whether the appliances answer
    Status(Status),
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// The appliance, as its address stands in the browser
    #[arg(long, value_name = "URL")]
    pub(crate) appliance: ApplianceUrl,
    /// PEM file of the certificate authority to believe; without one, those of the system are believed
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// SHA-256 of the appliance's certificate authority, as the console shows it; the authority itself is then loaded from
    /// the appliance
    #[arg(long, value_name = "HEX", conflicts_with = "ca")]
    pub(crate) ca_fingerprint: Option<String>,
    /// A further extension that may start the helper
    #[arg(long = "extension-id", value_name = "ID", value_parser = extension_id)]
    pub(crate) extension_ids: Vec<String>,
    /// Connect to this address instead of the appliance's own; the certificate is checked against its own name all the same
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub(crate) dial: Option<String>,
    /// Reach the appliance through this HTTP proxy, `http://host:port` or `http://name:password@host:port`; "direct" = through
    /// none. Without it the environment and the system's settings say
    #[arg(long, value_name = "URL", env = "SALLYPORT_PROXY", hide_env_values = true)]
    pub(crate) proxy: Option<ProxyChoice>,
    /// For all users of this machine; needs its administrator
    #[arg(long)]
    pub(crate) system: bool,
    /// Also write managed policy, so that the browsers install the appliance's extension and believe its certificate
    #[arg(long, requires = "system")]
    pub(crate) policy: bool,
    /// Write one manifest into this folder instead of those of the browsers
    #[arg(long, value_name = "DIR", conflicts_with = "system")]
    pub(crate) manifest_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// Only this appliance; the helper goes with the last
    #[arg(long, value_name = "URL")]
    pub(crate) appliance: Option<ApplianceUrl>,
    /// For all users of this machine
    #[arg(long)]
    pub(crate) system: bool,
    /// Remove the manifest of this folder instead of those of the browsers
    #[arg(long, value_name = "DIR", conflicts_with = "system")]
    pub(crate) manifest_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Status {}

fn extension_id(text: &str) -> Result<String, String> {
    if is_extension_id(text) { Ok(text.into()) } else { Err("an extension's id has 32 letters from a to p".into()) }
}

fn host_and_port(text: &str) -> Result<String, String> {
    match link::tcp::host_and_port(text) {
        Some(_) => Ok(text.into()),
        None => Err("it has to be host:port, as in 10.0.0.1:8443".into()),
    }
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
    fn what_makes_no_sense_is_refused() {
        let parse = |arguments: &[&str]| CommandLine::try_parse_from([&["x", "install"], arguments].concat());
        assert!(parse(&["--appliance", "https://gate:8443", "--extension-id", &"a".repeat(32)]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["--appliance", "http://gate"]).is_err());
        assert!(parse(&["--appliance", "https://gate", "--extension-id", "abc"]).is_err());
        assert!(parse(&["--appliance", "https://gate", "--dial", "nowhere"]).is_err());
        assert!(parse(&["--appliance", "https://gate", "--policy"]).is_err());
        assert!(parse(&["--appliance", "https://gate", "--proxy", "http://proxy:3128"]).is_ok());
        assert!(parse(&["--appliance", "https://gate", "--proxy", "socks5://proxy:1080"]).is_err());
    }
}
