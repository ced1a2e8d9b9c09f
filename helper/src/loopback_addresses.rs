//! Which address and port of this workstation a tunnel may use. Decisions only; [`crate::listener`] carries them out.

use std::io;
use std::net::Ipv4Addr;

use wire::helper_messages::ListenProblem;
use wire::limits::FIRST_UNPRIVILEGED_PORT;

/// One way to listen for a tunnel; ways are tried in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// The address.
    pub(crate) address: Ipv4Addr,
    /// The port; 0 = automatic.
    pub(crate) port: u16,
    /// Told to the person when it is not what the item asks for.
    pub(crate) note: Option<String>,
}

/// How to listen where the appliance asks for it. Only addresses of this workstation itself are ever used.
///
/// # Errors
/// When the address is not one of 127.0.0.1 to 127.255.255.254.
pub(crate) fn attempts(address: Ipv4Addr, port: u16) -> Result<Vec<Attempt>, ListenProblem> {
    if !is_usable(address) {
        return Err(ListenProblem::AddressUnavailable { address });
    }
    let mut attempts = vec![Attempt { address, port, note: None }];
    if address != Ipv4Addr::LOCALHOST {
        // macOS answers on 127.0.0.1 alone unless somebody adds the others to its loopback interface.
        let note = |port: &str| {
            Some(format!("This workstation does not answer on {address}, so the tunnel is on 127.0.0.1{port} instead."))
        };
        if port != 0 {
            attempts.push(Attempt { address: Ipv4Addr::LOCALHOST, port, note: note("") });
        }
        attempts.push(Attempt { address: Ipv4Addr::LOCALHOST, port: 0, note: note(" with another port") });
    }
    Ok(attempts)
}

/// Whether listening failed because the system does not have the address, so that the next attempt is worth making.
pub(crate) fn is_missing_address(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
}

/// What to tell the person of a failed attempt; which program has a taken port is still open.
pub(crate) fn problem(attempt: &Attempt, error: &io::Error) -> ListenProblem {
    let &Attempt { address, port, .. } = attempt;
    match error.kind() {
        io::ErrorKind::AddrInUse => ListenProblem::PortTaken { address, port, program: None, pid: None },
        io::ErrorKind::PermissionDenied if (1..FIRST_UNPRIVILEGED_PORT).contains(&port) => {
            ListenProblem::PortNeedsPrivilege { port }
        }
        io::ErrorKind::AddrNotAvailable => ListenProblem::AddressUnavailable { address },
        _ => ListenProblem::Other { message: error.to_string() },
    }
}

/// The program that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) program: String,
    pub(crate) pid: u32,
}

fn is_usable(address: Ipv4Addr) -> bool {
    let number = u32::from(address);
    address.is_loopback() && number != 0x7f00_0000 && number != 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    fn error(kind: io::ErrorKind) -> io::Error {
        io::Error::from(kind)
    }

    #[test]
    fn what_the_item_asks_for_comes_first_and_without_a_note() {
        let ways = attempts(address("127.4.0.9"), 5432).unwrap();
        assert_eq!(ways[0], Attempt { address: address("127.4.0.9"), port: 5432, note: None });
    }

    #[test]
    fn a_workstation_with_one_address_gets_the_same_port_there_or_another() {
        let ways = attempts(address("127.4.0.9"), 5432).unwrap();
        let rest: Vec<_> = ways[1..].iter().map(|it| (it.address, it.port, it.note.is_some())).collect();
        assert_eq!(rest, [(Ipv4Addr::LOCALHOST, 5432, true), (Ipv4Addr::LOCALHOST, 0, true)]);
        assert_eq!(attempts(address("127.4.0.9"), 0).unwrap().len(), 2);
        assert_eq!(attempts(Ipv4Addr::LOCALHOST, 5432).unwrap().len(), 1);
    }

    #[test]
    fn nothing_but_this_workstation_is_listened_on() {
        for bad in
            ["0.0.0.0", "10.0.0.1", "192.168.1.1", "126.255.255.255", "128.0.0.1", "127.0.0.0", "127.255.255.255"]
        {
            let refused = attempts(address(bad), 5432);
            assert_eq!(refused, Err(ListenProblem::AddressUnavailable { address: address(bad) }), "{bad}");
        }
        for good in ["127.0.0.1", "127.0.0.2", "127.255.255.254"] {
            assert!(attempts(address(good), 0).is_ok(), "{good}");
        }
    }

    #[test]
    fn each_failure_has_its_reason() {
        let low = Attempt { address: Ipv4Addr::LOCALHOST, port: 22, note: None };
        let high = Attempt { address: Ipv4Addr::LOCALHOST, port: 5432, note: None };
        assert_eq!(
            problem(&low, &error(io::ErrorKind::PermissionDenied)),
            ListenProblem::PortNeedsPrivilege { port: 22 }
        );
        assert!(matches!(problem(&high, &error(io::ErrorKind::PermissionDenied)), ListenProblem::Other { .. }));
        assert_eq!(
            problem(&high, &error(io::ErrorKind::AddrInUse)),
            ListenProblem::PortTaken { address: Ipv4Addr::LOCALHOST, port: 5432, program: None, pid: None }
        );
    }
}
