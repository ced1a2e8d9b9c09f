//! Listening on this workstation for one tunnel, and turning each accepted connection into a stream of the session's link.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use link::carry::{self, Party, carry};
use link::metrics::{Refused, name_of};
use link::stream_driver::StreamDriver;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};
use wire::SessionId;
use wire::api::Listening;
use wire::helper_messages::ListenProblem;
use wire::link_messages::{HelperToAppliance, TunnelToListen};
use wire::stream::EndReason;

use crate::connecting_users::ConnectingUsers;
use crate::connection_sources::{Source, Sources};
use crate::local_programs;
use crate::loopback_addresses::{self, Attempt};
use crate::open_tunnels::OpenTunnels;

/// Connections that may wait to be accepted: a program that opens all it may have at once waits for none of them.
const WAITING_CONNECTIONS: u32 = 1024;
/// After the system had no room for another connection.
const BREATHER: Duration = Duration::from_millis(50);

/// Listens where the appliance asks for it, or at the next best place.
///
/// # Errors
/// Why that is not possible.
pub(crate) fn listen(
    tunnel: &TunnelToListen,
    session_id: SessionId,
    open: &OpenTunnels,
) -> Result<(TcpListener, Listening), ListenProblem> {
    let attempts = loopback_addresses::attempts(tunnel.address, tunnel.port)?;
    let last = attempts.len() - 1;
    let mut first_problem = None;
    for (number, attempt) in attempts.iter().enumerate() {
        let &Attempt { address, port, ref note } = attempt;
        if port != 0
            && let Some(session_id) = open.holder_of(address, port, session_id)
        {
            first_problem.get_or_insert(ListenProblem::TakenBySession { address, port, session_id });
        } else {
            match bind(attempt) {
                Ok((listener, port)) => return Ok((listener, Listening { address, port, note: note.clone() })),
                Err(error) if number < last && loopback_addresses::is_missing_address(&error) => continue,
                Err(error) => {
                    first_problem.get_or_insert_with(|| loopback_addresses::problem(attempt, &error));
                }
            }
        }
        // The address that was asked for exists: its problem is the person's to solve. Behind it come only stand-ins, and
        // a taken port of one of those is reason enough to try the next.
        if number == 0 {
            break;
        }
    }
    Err(first_problem.unwrap_or(ListenProblem::AddressUnavailable { address: tunnel.address }))
}

fn bind(attempt: &Attempt) -> io::Result<(TcpListener, u16)> {
    let socket = TcpSocket::new_v4()?;
    // Elsewhere this word lets two programs listen on one port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddrV4::new(attempt.address, attempt.port).into())?;
    let listener = socket.listen(WAITING_CONNECTIONS)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Fills in which programs have the taken ports, with one look for all of them.
pub(crate) async fn name_holders(problems: Vec<&mut ListenProblem>) {
    let place = |problem: &ListenProblem| match problem {
        ListenProblem::PortTaken { address, port, program: None, .. } => Some((*address, *port)),
        _ => None,
    };
    let wanted: Vec<_> = problems.iter().filter_map(|it| place(it)).collect();
    if wanted.is_empty() {
        return;
    }
    // Without an answer the problem stays as it is: some other program.
    let found = spawn_blocking(move || local_programs::listeners_of(&wanted)).await.unwrap_or_default();
    for problem in problems {
        if let Some(holder) = place(problem).and_then(|place| found.get(&place))
            && let ListenProblem::PortTaken { program, pid, .. } = problem
        {
            *program = Some(holder.program.clone());
            *pid = Some(holder.pid);
        }
    }
}

/// Carries a tunnel's connections.
pub(crate) struct Doorkeeper {
    /// Number of the tunnel.
    pub(crate) tunnel: u16,
    /// The session's link.
    pub(crate) driver: StreamDriver,
    /// Messages for the appliance.
    pub(crate) to_appliance: mpsc::Sender<String>,
    /// Tells which user connected.
    pub(crate) users: Arc<ConnectingUsers>,
    /// Finds out which program connected.
    pub(crate) sources: Sources,
    /// Owns the connections' tasks.
    pub(crate) tracker: TaskTracker,
}

impl Doorkeeper {
    /// Accepts until `cancel` is cancelled.
    pub(crate) async fn accept(self, listener: TcpListener, cancel: CancellationToken) {
        let _listens = self.driver.metrics().tunnel_listens();
        loop {
            let accepted = tokio::select! {
                () = cancel.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, client)) => self.let_in(socket, client),
                Err(error) if is_the_connections_fault(&error) => {}
                Err(error) => {
                    warn!("accepting a connection failed: {error}");
                    sleep(BREATHER).await;
                }
            }
        }
    }

    fn let_in(&self, socket: TcpStream, client: SocketAddr) {
        let ends = match (client, socket.local_addr()) {
            (SocketAddr::V4(client), Ok(SocketAddr::V4(ours))) => Some((client, ours)),
            _ => None,
        };
        let program = ends.and_then(|(client, ours)| self.users.look(client, ours));
        if let Some(user) = program.and_then(|it| it.stranger) {
            warn!(user, %client, "another user of this workstation was turned away");
            let who = format!("another user of this workstation (user id {user})");
            return self.turn_away(socket, client, Some(who), EndReason::AnotherUser);
        }
        if let Err(error) = socket.set_nodelay(true) {
            debug!("TCP_NODELAY could not be set: {error}");
        }
        link::tcp::notice_dead_peers(&socket);
        let Ok(first) = carry::first_bytes(&socket) else { return carry::reset(socket) };
        let stream = match self.driver.open(self.tunnel, first) {
            Ok(stream) => stream,
            Err(failure) => return self.turn_away(socket, client, None, failure.reason()),
        };
        let (inode, tell) = (program.map(|it| it.inode), self.to_appliance.clone());
        self.sources.find_out(Source { stream: stream.id().0, client, inode, tell });
        self.tracker.spawn(async move {
            let reason = carry(socket, stream, Party::Client).await;
            debug!(?reason, %client, "a connection is over");
        });
    }

    fn turn_away(&self, socket: TcpStream, client: SocketAddr, program: Option<String>, reason: EndReason) {
        carry::reset(socket);
        self.driver.metrics().refused(Refused::Connection, &name_of(&reason));
        let address = client.to_string();
        self.tell(&HelperToAppliance::ConnectionRefused { tunnel: self.tunnel, address, program, reason });
    }

    /// May be lost when the link is congested with such messages; the connection itself says the same to its program.
    fn tell(&self, message: &HelperToAppliance) {
        if let Ok(text) = serde_json::to_string(message) {
            let _ = self.to_appliance.try_send(text);
        }
    }
}

fn is_the_connections_fault(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use wire::helper_messages::LocalTunnel;

    const ORIGIN: &str = "https://gate.example";

    fn id(number: u128) -> SessionId {
        SessionId(uuid::Uuid::from_u128(number))
    }

    fn tunnel(address: [u8; 4], port: u16) -> TunnelToListen {
        TunnelToListen { index: 0, address: Ipv4Addr::from(address), port }
    }

    #[tokio::test]
    async fn an_automatic_port_is_told() {
        let (_listener, listening) = listen(&tunnel([127, 0, 0, 1], 0), id(1), &OpenTunnels::default()).unwrap();
        assert_ne!(listening.port, 0);
        assert_eq!(listening.note, None);
    }

    #[tokio::test]
    async fn a_port_of_another_program_is_refused_and_the_program_named() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let mut problem = listen(&tunnel([127, 0, 0, 1], port), id(1), &OpenTunnels::default()).unwrap_err();
        name_holders(vec![&mut problem]).await;
        let ListenProblem::PortTaken { port: taken, pid, .. } = problem else { panic!("{problem:?}") };
        assert_eq!(taken, port);
        if cfg!(target_os = "linux") {
            assert_eq!(pid, Some(std::process::id()));
        }
    }

    #[tokio::test]
    async fn a_port_of_another_session_is_refused_by_its_name() {
        let mut open = OpenTunnels::default();
        let (_listener, listening) = listen(&tunnel([127, 0, 0, 1], 0), id(1), &open).unwrap();
        let port = listening.port;
        open.enter(ORIGIN, id(1)).unwrap();
        open.update(id(1), vec![LocalTunnel { index: 0, listening: Some(listening), problem: None }]);
        let problem = listen(&tunnel([127, 0, 0, 1], port), id(2), &open).unwrap_err();
        let address = Ipv4Addr::LOCALHOST;
        assert_eq!(problem, ListenProblem::TakenBySession { address, port, session_id: id(1) });
        // At another address the same port is free.
        if cfg!(target_os = "linux") {
            listen(&tunnel([127, 0, 0, 9], port), id(2), &open).unwrap();
        }
    }

    #[tokio::test]
    async fn other_interfaces_are_never_listened_on() {
        let address = Ipv4Addr::UNSPECIFIED;
        let refused = listen(&tunnel([0, 0, 0, 0], 0), id(1), &OpenTunnels::default()).map(|(_, listening)| listening);
        assert_eq!(refused, Err(ListenProblem::AddressUnavailable { address }));
    }
}
