//! Services with well-known ports: what they are called, and how a client reaches them through a tunnel.

use std::net::Ipv4Addr;

/// A service people tunnel to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its name, which becomes the label of the tunnel.
    pub(crate) name: &'static str,
    /// Its port on the remote system.
    pub(crate) remote_port: u16,
    /// The port offered on the workstation: the same, unless only privileged programs may listen there (row 0.24).
    pub(crate) local_port: u16,
    /// The command of its usual client, with `{a}` for the address, `{p}` for the port and `{h}` for the target's name.
    command: &'static str,
}

/// Sorted by how often they are wanted.
pub(crate) const SERVICES: &[Service] = &[
    service("PostgreSQL", 5432, 5432, "psql -h {a} -p {p}"),
    service("SSH", 22, 2022, "ssh -p {p} {a}"),
    service("HTTP", 80, 8080, "curl http://{a}:{p}/"),
    service("HTTPS", 443, 8443, "curl --connect-to {h}:443:{a}:{p} https://{h}/"),
    service("RDP", 3389, 3389, "mstsc /v:{a}:{p}"),
    service("MySQL", 3306, 3306, "mysql -h {a} -P {p}"),
    service("SQL Server", 1433, 1433, "sqlcmd -S {a},{p}"),
    service("Oracle", 1521, 1521, "sqlplus user@//{a}:{p}/service"),
    service("Redis", 6379, 6379, "redis-cli -h {a} -p {p}"),
    service("MongoDB", 27017, 27017, "mongosh mongodb://{a}:{p}"),
    service("Elasticsearch", 9200, 9200, "curl http://{a}:{p}/"),
    service("Kubernetes API", 6443, 6443, "kubectl --server https://{a}:{p} --tls-server-name {h} get nodes"),
    service("LDAP", 389, 3890, "ldapsearch -H ldap://{a}:{p} -x"),
    service("VNC", 5900, 5900, "vncviewer {a}::{p}"),
    service("WinRM", 5985, 5985, ""),
    service("Telnet", 23, 2323, "telnet {a} {p}"),
];

const fn service(name: &'static str, remote_port: u16, local_port: u16, command: &'static str) -> Service {
    Service { name, remote_port, local_port, command }
}

/// The service a tunnel is for: by its label, else by the target's port.
pub(crate) fn find(label: &str, remote_port: u16) -> Option<&'static Service> {
    SERVICES
        .iter()
        .find(|service| service.name.eq_ignore_ascii_case(label.trim()))
        .or_else(|| SERVICES.iter().find(|service| service.remote_port == remote_port))
}

/// What a tunnel is called: its label, else the service's name, else its port.
pub(crate) fn tunnel_name(label: &str, remote_port: u16) -> String {
    match (label.trim(), find("", remote_port)) {
        ("", Some(service)) => service.name.into(),
        ("", None) => format!("Port {remote_port}"),
        (label, _) => label.into(),
    }
}

/// What a tunnel is called among others of its item: with its port, where its name is not that.
pub(crate) fn tunnel_and_port(label: &str, remote_port: u16) -> String {
    let (name, port) = (tunnel_name(label, remote_port), format!("Port {remote_port}"));
    if name == port { name } else { format!("{name} (port {remote_port})") }
}

/// The command that connects the usual client to a tunnel, ready to be copied.
pub(crate) fn client_command(
    label: &str,
    remote_port: u16,
    hostname: &str,
    address: Ipv4Addr,
    port: u16,
) -> Option<String> {
    let service = find(label, remote_port).filter(|service| !service.command.is_empty())?;
    Some(
        service.command.replace("{a}", &address.to_string()).replace("{p}", &port.to_string()).replace("{h}", hostname),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::limits::FIRST_UNPRIVILEGED_PORT;

    #[test]
    fn no_offered_port_needs_privileges_and_none_is_offered_twice() {
        let mut seen = std::collections::HashSet::new();
        for service in SERVICES {
            assert!(service.local_port >= FIRST_UNPRIVILEGED_PORT, "{}", service.name);
            assert!(seen.insert(service.local_port), "{}", service.name);
        }
    }

    #[test]
    fn a_port_is_said_once() {
        for (label, port, expected) in
            [("", 22, "SSH (port 22)"), ("orders", 5432, "orders (port 5432)"), ("", 40_001, "Port 40001")]
        {
            assert_eq!(tunnel_and_port(label, port), expected);
        }
    }

    #[test]
    fn commands_name_address_and_port() {
        let address = Ipv4Addr::new(127, 4, 0, 9);
        let command = |label, remote, port| client_command(label, remote, "web-7.corp", address, port);
        assert_eq!(command("", 5432, 5432).as_deref(), Some("psql -h 127.4.0.9 -p 5432"));
        assert_eq!(command("ssh", 2200, 2022).as_deref(), Some("ssh -p 2022 127.4.0.9"));
        assert_eq!(
            command("HTTPS", 443, 8443).as_deref(),
            Some("curl --connect-to web-7.corp:443:127.4.0.9:8443 https://web-7.corp/")
        );
        assert_eq!(command("", 4711, 4711), None);
    }

    #[test]
    fn a_label_of_ones_own_stays_the_name() {
        assert_eq!(tunnel_name("billing", 5432), "billing");
        assert_eq!(tunnel_name("", 5432), "PostgreSQL");
        assert_eq!(tunnel_name(" ", 4711), "Port 4711");
    }
}
