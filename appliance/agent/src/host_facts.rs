//! What an agent tells of its host.

use std::fs;

use wire::agent_messages::HostFacts;

/// Most addresses that are told; a host with containers can have hundreds.
const MOST_ADDRESSES: usize = 32;

/// As they are now. `version` is that of the program.
#[must_use]
pub fn gather(version: &str) -> HostFacts {
    HostFacts { version: version.into(), hostname: hostname(), os: os(), addresses: addresses() }
}

fn hostname() -> String {
    let kernel = || fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let environment = || ["COMPUTERNAME", "HOSTNAME"].iter().find_map(|name| std::env::var(name).ok());
    let name = kernel().or_else(environment).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".into() } else { name.into() }
}

fn os() -> String {
    let release = fs::read_to_string("/etc/os-release").ok();
    let name = release.as_deref().and_then(pretty_name).unwrap_or(std::env::consts::OS);
    format!("{name} ({})", std::env::consts::ARCH)
}

/// `PRETTY_NAME` of an os-release file.
fn pretty_name(release: &str) -> Option<&str> {
    let value = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim().trim_matches(['"', '\''])).filter(|name| !name.is_empty())
}

fn addresses() -> Vec<String> {
    let mut addresses: Vec<_> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(if_addrs::Interface::ip)
        .collect();
    addresses.sort_by_key(|address| (address.is_ipv6(), *address));
    addresses.dedup();
    addresses.iter().take(MOST_ADDRESSES).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_release_is_found() {
        let debian = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        assert_eq!(pretty_name(debian), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(pretty_name("PRETTY_NAME=\n"), None);
        assert_eq!(pretty_name(""), None);
    }

    #[test]
    fn a_host_has_a_name_and_no_loopback_address() {
        let facts = gather("1.2.3");
        assert!(!facts.hostname.is_empty());
        assert!(facts.addresses.iter().all(|address| !address.starts_with("127.") && address != "::1"), "{facts:?}");
    }
}
