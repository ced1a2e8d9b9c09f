//! Which user of this workstation a connection comes from. Listeners on 127.x.x.x are reached by every local user, and a
//! tunnel is for the one who opened it.
//!
//! Linux tells: its socket diagnosis finds one socket by its two ends in a few microseconds, however many there are. Other
//! systems do not tell ordinary programs, and let everybody in.

use std::net::SocketAddrV4;

/// What the system tells of the program's end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProgramEnd {
    /// Number of the socket, as it stands among a process's open files.
    pub(crate) inode: u64,
    /// The user id, when that is neither ours nor root's.
    pub(crate) stranger: Option<u32>,
}

/// Tells other users' connections from ours.
#[derive(Default)]
pub(crate) struct ConnectingUsers {
    #[cfg(target_os = "linux")]
    kernel: linux::Kernel,
}

impl ConnectingUsers {
    /// What is known of a connection, given as (the program's end, our end). None for a program that has closed its end
    /// already: the kernel does not tell whose it was, and there is nobody left to be given anything.
    #[cfg(target_os = "linux")]
    pub(crate) fn look(&self, client: SocketAddrV4, ours: SocketAddrV4) -> Option<ProgramEnd> {
        let linux::Socket { owner, inode } = self.kernel.socket(client, ours)?;
        let stranger = (owner != 0 && owner != rustix::process::geteuid().as_raw()).then_some(owner);
        Some(ProgramEnd { inode, stranger })
    }

    /// The same, where the system does not tell.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn look(&self, _client: SocketAddrV4, _ours: SocketAddrV4) -> Option<ProgramEnd> {
        None
    }
}

#[cfg(target_os = "linux")]
pub(crate) mod linux {
    use std::net::SocketAddrV4;
    use std::os::fd::OwnedFd;
    use std::sync::{Mutex, Once, PoisonError};

    use rustix::io::Errno;
    use rustix::net::netlink::{self, SocketAddrNetlink};
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
    use tracing::warn;

    use crate::local_programs;

    /// Bytes of a request: `nlmsghdr` and `inet_diag_req_v2`, see sock_diag(7).
    const REQUEST: usize = 72;
    /// Bytes of an answer that are of interest: `nlmsghdr` and `inet_diag_msg`.
    const ANSWER: usize = 88;
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLMSG_ERROR: u16 = 2;
    const NLM_F_REQUEST: u16 = 1;
    const AF_INET: u8 = 2;
    const IPPROTO_TCP: u8 = 6;

    /// A connected socket as the kernel knows it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Socket {
        /// The user id of whoever opened it.
        pub(crate) owner: u32,
        /// Its number among all open files.
        pub(crate) inode: u64,
    }

    /// A line to the kernel; opened when it is first needed.
    #[derive(Default)]
    pub(super) struct Kernel {
        line: Mutex<Line>,
    }

    #[derive(Default)]
    struct Line {
        socket: Option<OwnedFd>,
        asked: u32,
    }

    impl Kernel {
        /// The socket with this end, connected to that one; none when it is gone.
        pub(super) fn socket(&self, end: SocketAddrV4, peer: SocketAddrV4) -> Option<Socket> {
            static TOLD: Once = Once::new();
            let asked = self.line.lock().unwrap_or_else(PoisonError::into_inner).ask(end, peer);
            asked.unwrap_or_else(|error| {
                TOLD.call_once(|| warn!("the kernel's socket diagnosis does not answer ({error}); its table is read"));
                local_programs::socket_of(end, peer)
            })
        }
    }

    impl Line {
        fn ask(&mut self, end: SocketAddrV4, peer: SocketAddrV4) -> Result<Option<Socket>, Errno> {
            self.asked = self.asked.wrapping_add(1);
            let request = request(self.asked, end, peer);
            if self.socket.is_none() {
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                let protocol = Some(netlink::SOCK_DIAG);
                self.socket = Some(socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol)?);
            }
            let Some(socket) = &self.socket else { return Err(Errno::BADF) };
            sendto(socket, &request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
            // The kernel has answered when sending returns. An answer to an earlier question may still be there.
            loop {
                let mut answer = [0; 256];
                let (_, length) = recv(socket, &mut answer, RecvFlags::DONTWAIT)?;
                let answer = answer.get(..length).unwrap_or(&answer);
                if number(answer, 8) == Some(self.asked) {
                    return socket_in(answer, peer.port());
                }
            }
        }
    }

    fn request(number: u32, end: SocketAddrV4, peer: SocketAddrV4) -> [u8; REQUEST] {
        let mut bytes = [0; REQUEST];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &(REQUEST as u32).to_ne_bytes());
        put(4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        put(6, &NLM_F_REQUEST.to_ne_bytes());
        put(8, &number.to_ne_bytes());
        put(16, &[AF_INET, IPPROTO_TCP]);
        // Every state.
        put(20, &[0xff; 4]);
        put(24, &end.port().to_be_bytes());
        put(26, &peer.port().to_be_bytes());
        put(28, &end.ip().octets());
        put(44, &peer.ip().octets());
        // No cookie.
        put(64, &[0xff; 8]);
        bytes
    }

    /// The socket that an answer names. Where the connected socket is gone the kernel may show a listener on the same port,
    /// or the remains of the socket, which belong to nobody.
    fn socket_in(answer: &[u8], peer_port: u16) -> Result<Option<Socket>, Errno> {
        let kind = answer.get(4..6).and_then(|it| it.try_into().ok()).map(u16::from_ne_bytes);
        match kind {
            Some(NLMSG_ERROR) => match number(answer, 16).map(u32::cast_signed) {
                Some(code) if Errno::from_raw_os_error(-code) == Errno::NOENT => Ok(None),
                Some(code) => Err(Errno::from_raw_os_error(-code)),
                None => Err(Errno::PROTO),
            },
            Some(SOCK_DIAG_BY_FAMILY) if answer.len() >= ANSWER => {
                let connected = answer.get(22..24) == Some(&peer_port.to_be_bytes());
                let (owner, inode) = (number(answer, 80), number(answer, 84));
                let socket = owner.zip(inode).map(|(owner, inode)| Socket { owner, inode: inode.into() });
                Ok(socket.filter(|it| connected && it.inode != 0))
            }
            _ => Err(Errno::PROTO),
        }
    }

    fn number(bytes: &[u8], at: usize) -> Option<u32> {
        Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::net::{SocketAddr, TcpListener, TcpStream};

        fn v4(address: SocketAddr) -> SocketAddrV4 {
            match address {
                SocketAddr::V4(it) => it,
                SocketAddr::V6(it) => SocketAddrV4::new(it.ip().to_ipv4_mapped().unwrap(), it.port()),
            }
        }

        #[test]
        fn the_owner_of_a_connection_is_found_both_ways_until_it_is_closed() {
            let own = rustix::process::geteuid().as_raw();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let ours = v4(listener.local_addr().unwrap());
            let kernel = Kernel::default();
            let mapped = SocketAddr::new(ours.ip().to_ipv6_mapped().into(), ours.port());
            for target in [SocketAddr::V4(ours), mapped] {
                let client = TcpStream::connect(target).unwrap();
                let end = v4(client.local_addr().unwrap());
                let told = kernel.line.lock().unwrap().ask(end, ours).unwrap();
                assert_eq!(told.map(|it| it.owner), Some(own));
                assert_eq!(local_programs::socket_of(end, ours), told);
                drop(client);
                assert_eq!(kernel.line.lock().unwrap().ask(end, ours).unwrap(), None);
            }
            // A listener is no connection.
            assert_eq!(kernel.line.lock().unwrap().ask(ours, v4("127.0.0.1:9".parse().unwrap())).unwrap(), None);
        }

        #[test]
        #[ignore = "prints what one look costs"]
        fn a_look_is_cheap() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let ours = v4(listener.local_addr().unwrap());
            let open = |_| (TcpStream::connect(ours).unwrap(), listener.accept().unwrap());
            let open: Vec<_> = (0..256).map(open).collect();
            let ends: Vec<_> = open.iter().map(|(client, _)| v4(client.local_addr().unwrap())).collect();
            let kernel = Kernel::default();
            let began = std::time::Instant::now();
            for _ in 0..100 {
                assert!(ends.iter().all(|end| kernel.socket(*end, ours).is_some()));
            }
            eprintln!("socket diagnosis: {:?} a connection", began.elapsed() / 25_600);
            let began = std::time::Instant::now();
            assert!(ends.iter().all(|end| local_programs::socket_of(*end, ours).is_some()));
            eprintln!("the table: {:?} a connection", began.elapsed() / 256);
        }
    }
}
