//! Which program of this workstation holds a socket, where the system tells: on Linux, of programs of the same user.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddrV4};

#[cfg(target_os = "linux")]
use crate::connecting_users::linux::Socket;
use crate::loopback_addresses::Holder;

/// The programs that listen on these addresses and ports, as far as they can be found.
pub(crate) fn listeners_of(wanted: &[(Ipv4Addr, u16)]) -> HashMap<(Ipv4Addr, u16), Holder> {
    let table = socket_table();
    let inode_of = |address: Ipv4Addr, port: u16| {
        let here = |entry: &&Entry| {
            entry.listens
                && entry.local.port() == port
                && (*entry.local.ip() == address || entry.local.ip().is_unspecified())
        };
        table.iter().find(here).map(|entry| entry.inode)
    };
    let inodes: Vec<_> = wanted.iter().filter_map(|&(it, port)| Some(((it, port), inode_of(it, port)?))).collect();
    let found = holders(&inodes.iter().map(|(_, inode)| *inode).collect::<Vec<_>>(), &[]);
    inodes.into_iter().filter_map(|(place, inode)| Some((place, found.get(&inode)?.clone()))).collect()
}

/// The socket with this end, connected to that one; none when it is gone. Reads the whole table.
#[cfg(target_os = "linux")]
pub(crate) fn socket_of(end: SocketAddrV4, peer: SocketAddrV4) -> Option<Socket> {
    let entry = socket_table().into_iter().find(|entry| (entry.local, entry.remote) == (end, peer))?;
    Some(Socket { owner: entry.owner, inode: entry.inode })
}

/// The programs behind sockets. Those that cannot be found are missing.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    /// Processes that connected lately, asked first: whoever connected once does so again, as a rule.
    lately: Vec<u32>,
}

/// How many processes are asked first.
const LATELY: usize = 8;

impl Programs {
    /// The programs that have the sockets with these numbers open.
    pub(crate) fn behind(&mut self, inodes: &[u64]) -> HashMap<u64, Holder> {
        let found = holders(inodes, &self.lately);
        self.lately.splice(..0, found.values().map(|holder| holder.pid));
        let mut seen = HashSet::new();
        self.lately.retain(|pid| seen.insert(*pid));
        self.lately.truncate(LATELY);
        found
    }
}

/// A line of the kernel's table of TCP sockets.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    local: SocketAddrV4,
    remote: SocketAddrV4,
    listens: bool,
    #[cfg(target_os = "linux")]
    owner: u32,
    inode: u64,
}

/// The kernel's table: IPv4 sockets, and IPv6 sockets that take IPv4 as well.
fn socket_table() -> Vec<Entry> {
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .flat_map(|text| text.lines().skip(1).filter_map(parse_line).collect::<Vec<_>>())
        .collect()
}

/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
fn parse_line(line: &str) -> Option<Entry> {
    const LISTEN: &str = "0A";
    let fields: Vec<_> = line.split_ascii_whitespace().collect();
    let (local, remote, state) = (fields.get(1)?, fields.get(2)?, *fields.get(3)?);
    Some(Entry {
        local: parse_end(local)?,
        remote: parse_end(remote)?,
        listens: state == LISTEN,
        #[cfg(target_os = "linux")]
        owner: fields.get(7)?.parse().ok()?,
        inode: fields.get(9)?.parse().ok().filter(|inode| *inode != 0)?,
    })
}

/// `0100007F:1538`: the address's bytes as the machine keeps them, the port as people write it.
fn parse_end(text: &str) -> Option<SocketAddrV4> {
    let (address, port) = text.split_once(':')?;
    let word = match address.len() {
        8 => address,
        // IPv6: the unspecified address, or an IPv4 address in its last word.
        32 if address.bytes().all(|digit| digit == b'0') => address.get(24..)?,
        32 if address.get(..24)? == "0000000000000000FFFF0000" => address.get(24..)?,
        _ => return None,
    };
    let word = u32::from_str_radix(word, 16).ok()?;
    Some(SocketAddrV4::new(Ipv4Addr::from(word.to_ne_bytes()), u16::from_str_radix(port, 16).ok()?))
}

/// Looks through the open files of every process that this user may look into, those of `first` first.
fn holders(inodes: &[u64], first: &[u32]) -> HashMap<u64, Holder> {
    let mut wanted: HashMap<String, u64> = inodes.iter().map(|inode| (format!("socket:[{inode}]"), *inode)).collect();
    let mut found = HashMap::new();
    for pid in first {
        look_into(*pid, &mut wanted, &mut found);
    }
    if wanted.is_empty() {
        return found;
    }
    let Ok(processes) = std::fs::read_dir("/proc") else { return found };
    for process in processes.flatten() {
        if wanted.is_empty() {
            break;
        }
        if let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) {
            look_into(pid, &mut wanted, &mut found);
        }
    }
    found
}

/// Moves what one process has open from `wanted` to `found`.
fn look_into(pid: u32, wanted: &mut HashMap<String, u64>, found: &mut HashMap<u64, Holder>) {
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return };
    for file in files.flatten() {
        let Ok(target) = std::fs::read_link(file.path()) else { continue };
        let Some(inode) = target.to_str().and_then(|target| wanted.remove(target)) else { continue };
        if let Some(program) = name_of(pid) {
            found.insert(inode, Holder { program, pid });
        }
    }
}

fn name_of(pid: u32) -> Option<String> {
    let executable = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    let from_path = executable.as_deref().and_then(|path| path.file_name()?.to_str()).map(str::to_owned);
    let short = || std::fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim().to_owned());
    let name = from_path.or_else(short)?;
    // The kernel says so of a program whose file was replaced while it runs.
    Some(name.strip_suffix(" (deleted)").unwrap_or(&name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_of_the_kernels_table_are_read() {
        let line = "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 24567 1 0 100 0";
        let entry = parse_line(line).unwrap();
        assert_eq!(entry.local, "127.0.0.1:5432".parse().unwrap());
        assert!(entry.listens);
        assert_eq!(entry.inode, 24_567);
        #[cfg(target_os = "linux")]
        assert_eq!(entry.owner, 1_000);
        assert_eq!(parse_end("0000000000000000FFFF00000100007F:0016"), Some("127.0.0.1:22".parse().unwrap()));
        assert_eq!(parse_end(&format!("{}:0016", "0".repeat(32))), Some("0.0.0.0:22".parse().unwrap()));
        assert_eq!(parse_end("20010DB8000000000000000000000001:0016"), None);
        for bad in ["", "0: x", "0: 0100007F:1538 0:0 0A", "a b c d e f g h i j"] {
            assert_eq!(parse_line(bad), None, "{bad}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_program_finds_itself() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = listeners_of(&[(Ipv4Addr::LOCALHOST, port), (Ipv4Addr::new(127, 9, 9, 9), port)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[&(Ipv4Addr::LOCALHOST, port)].pid, std::process::id());

        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (std::net::SocketAddr::V4(ours), std::net::SocketAddr::V4(theirs)) =
            (client.peer_addr().unwrap(), client.local_addr().unwrap())
        else {
            panic!()
        };
        let inode = socket_of(theirs, ours).unwrap().inode;
        let mut programs = Programs::default();
        for lately in [0, 1] {
            assert_eq!(programs.lately.len(), lately);
            let found = programs.behind(&[inode, u64::MAX]);
            assert_eq!(found.len(), 1);
            assert_eq!(found[&inode].pid, std::process::id());
            assert!(!found[&inode].program.is_empty());
        }
        assert_eq!(socket_of(ours, ours), None);
    }
}
