//! What tunnels lead to: real servers from Debian packages on free ports of this machine, and small servers in this process.

mod breaking;
mod debian;
mod in_process;
mod mail_server;
mod mariadb;
mod npm_packages;
mod openid_provider;
mod ports;
mod postgres;
mod reverse_proxy;
mod rsyslog;
mod s3_server;
mod squid;
mod tee;
mod ticket_desk;

pub use breaking::BreakingNetwork;
pub use debian::{Nginx, Redis, Sshd};
pub use in_process::{Echo, Gauge, Mute, Page, Silent};
pub use mail_server::{AIOSMTPD, MAIL_PASSWORD, MAIL_USER, MailSecurity, MailServer, Received};
pub use mariadb::MariaDb;
pub use openid_provider::{OPENID_CLIENT, OPENID_SECRET, OpenIdProvider, install_openid_provider};
pub use ports::free_port;
pub use postgres::{Postgres, postgres_folders};
pub use reverse_proxy::{CUTS_AFTER, Kind as ProxyKind, ReverseProxy};
pub use rsyslog::{LoggedMessage, RSYSLOG_TLS, Rsyslog};
pub use s3_server::{S3_BUCKET, S3_KEY, S3Server, install_s3_server};
pub use squid::{ONLY_BEHIND_THE_PROXY, PROXY_PASSWORD_IN_URL, PROXY_USER, Serves, Squid};
pub use tee::{Exchanged, Tee};
pub use ticket_desk::{Asked, Reply, TicketDesk};

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Finds a program in PATH, in the folders for administrators, or in `more`.
///
/// # Errors
/// When it is nowhere; the message says so.
pub fn find_program(name: &str, more: &[PathBuf]) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .chain(more.iter().cloned())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("there is no {name} on this machine; `cargo verify` says how to get it"))
}

/// Whether a server accepts connections on this port.
fn accepts(port: u16) -> bool {
    std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
