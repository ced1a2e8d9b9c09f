//! Two drivers joined by a WebSocket over loopback TCP, with real sockets at both ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::digest::{Context, SHA256};
use link::carry::{Party, carry};
use link::dial::web_socket_config;
use link::metrics::{Metrics, Program};
use link::redial::{Failed, LinkState, Redial};
use link::stream_driver::{Control, LinkEnd, OpenFailure, StreamDriver};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::stream::{Config, EndReason, Side};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_come_back_and_an_end_is_an_end() {
    let tunnel = Tunnel::to(echo().await).await;
    let mut client = tunnel.connect().await;
    client.write_all(b"hello").await.unwrap();
    let mut answer = [0; 5];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
    client.shutdown().await.unwrap();
    assert_eq!(client.read(&mut answer).await.unwrap(), 0);
    tunnel.wait_for_streams(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_closed_connection_gets_its_answer() {
    // Counts what it gets until the end, and answers only then.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).await.unwrap();
        socket.write_all(format!("{} bytes", all.len()).as_bytes()).await.unwrap();
    });
    let tunnel = Tunnel::to(target).await;
    let mut client = tunnel.connect().await;
    client.write_all(&[7; 300_000]).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "300000 bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_target_may_end_its_output_first() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"over").await.unwrap();
        socket.shutdown().await.unwrap();
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let tunnel = Tunnel::to(target).await;
    let mut client = tunnel.connect().await;
    let mut said = Vec::new();
    client.read_to_end(&mut said).await.unwrap();
    assert_eq!(said, b"over");
    client.write_all(b"still here").await.unwrap();
    drop(client);
    assert_eq!(heard.await.unwrap(), b"still here");
    tunnel.wait_for_streams(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_target_resets_the_local_client() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let tunnel = Tunnel::to(free).await;
    // The reset may be there before the client has looked at its new connection.
    let error = match TcpStream::connect(tunnel.local).await {
        Ok(mut client) => client.read(&mut [0; 1]).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    tunnel.wait_for_streams(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_resets_is_noticed_while_the_target_takes_nothing() {
    // Now and then the kernel keeps the last bytes to itself, and the link has a little room left; then the reset queues
    // up behind what the target has not taken.
    for _ in 0..5 {
        if is_noticed_while_the_target_takes_nothing().await {
            return;
        }
    }
    panic!("the reset was not noticed");
}

async fn is_noticed_while_the_target_takes_nothing() -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let held = tokio::spawn(async move { listener.accept().await.unwrap() });
    let tunnel = Tunnel::to(target).await;
    let mut client = tunnel.connect().await;
    let block = vec![3; 64 * 1024];
    while timeout(Duration::from_millis(500), client.write_all(&block)).await.is_ok() {}
    link::carry::reset(client);
    if timeout(Duration::from_secs(3), tunnel.wait_for_streams(0)).await.is_err() {
        return false;
    }
    let (mut socket, _) = held.await.unwrap();
    let error = timeout(SOON, socket.read_to_end(&mut Vec::new())).await.unwrap().unwrap_err();
    error.kind() == io::ErrorKind::ConnectionReset
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_by_the_target_arrives_behind_its_bytes() {
    const BYTES: usize = 250_000;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(&vec![1; BYTES]).await.unwrap();
        // The tunnel gets time to take the bytes out of the kernel: a reset discards those that are still there.
        tokio::time::sleep(Duration::from_millis(300)).await;
        link::carry::reset(socket);
    });
    let tunnel = Tunnel::to(target).await;
    // A reader with little room, so that most of it still waits in the tunnel and in the kernel when the reset comes.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut client = socket.connect(tunnel.local).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut got = Vec::new();
    let error = timeout(SOON, client.read_to_end(&mut got)).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(got.len(), BYTES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_by_the_client_reaches_the_target() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let tunnel = Tunnel::to(target).await;
    let mut client = tunnel.connect().await;
    client.write_all(b"x").await.unwrap();
    let (mut socket, _) = listener.accept().await.unwrap();
    socket.read_exact(&mut [0; 1]).await.unwrap();
    link::carry::reset(client);
    let error = timeout(SOON, socket.read(&mut [0; 1])).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    tunnel.wait_for_streams(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_megabytes_arrive_unchanged_both_ways_at_once() {
    const BYTES: usize = 64 * 1024 * 1024;
    let tunnel = Tunnel::to(echo().await).await;
    let (mut reader, mut writer) = tunnel.connect().await.into_split();
    let sent = tokio::spawn(async move {
        let mut hash = Context::new(&SHA256);
        let mut block = vec![0_u8; 256 * 1024];
        for round in 0..BYTES / block.len() {
            for (index, byte) in block.iter_mut().enumerate() {
                *byte = (round.wrapping_mul(31).wrapping_add(index.wrapping_mul(index) >> 3) & 0xff) as u8;
            }
            hash.update(&block);
            writer.write_all(&block).await.unwrap();
        }
        writer.shutdown().await.unwrap();
        hash.finish()
    });
    let mut hash = Context::new(&SHA256);
    let mut block = vec![0_u8; 256 * 1024];
    let mut total = 0;
    loop {
        let read = timeout(SOON, reader.read(&mut block)).await.unwrap().unwrap();
        if read == 0 {
            break;
        }
        total += read;
        hash.update(&block[..read]);
    }
    assert_eq!(total, BYTES);
    assert_eq!(sent.await.unwrap().as_ref(), hash.finish().as_ref());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_connections_as_allowed_work_at_once_and_the_next_is_refused() {
    let tunnel = Tunnel::to(echo().await).await;
    let mut clients = Vec::new();
    for _ in 0..256 {
        clients.push(tunnel.connect().await);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(&(number as u32).to_be_bytes()).await.unwrap();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let mut answer = [0; 4];
        timeout(SOON, client.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(u32::from_be_bytes(answer) as usize, number);
    }
    let failure = tunnel.opener.open(0, Bytes::new()).err().unwrap();
    assert_eq!(failure.reason(), EndReason::Limit);
    drop(clients);
    tunnel.wait_for_streams(0).await;
    assert!(tunnel.opener.open(0, Bytes::new()).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stalls_holds_up_nobody_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    // Sends without end to whoever connects.
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move { while socket.write_all(&[3; 65_536]).await.is_ok() {} });
        }
    });
    let tunnel = Tunnel::to(target).await;
    let _stalled = tunnel.connect().await;
    let mut other = tunnel.connect().await;
    let mut block = vec![0; 65_536];
    for _ in 0..1_000 {
        timeout(SOON, other.read_exact(&mut block)).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_passes_beside_the_streams_and_pings_are_answered() {
    let mut tunnel = Tunnel::to(echo().await).await;
    tunnel.opener_control.outgoing.send("to the far end".into()).await.unwrap();
    tunnel.acceptor_control.outgoing.send("to the near end".into()).await.unwrap();
    assert_eq!(tunnel.acceptor_control.incoming.recv().await.unwrap(), "to the far end");
    assert_eq!(tunnel.opener_control.incoming.recv().await.unwrap(), "to the near end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_link_resets_its_connections_and_says_why() {
    let tunnel = Tunnel::to(echo().await).await;
    let mut client = tunnel.connect().await;
    client.write_all(b"x").await.unwrap();
    client.read_exact(&mut [0; 1]).await.unwrap();
    tunnel.wires.set_down(true);
    tunnel.acceptor.end(EndReason::SessionEnded);
    let error = timeout(SOON, client.read(&mut [0; 1])).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(timeout(SOON, tunnel.opener.ended()).await.unwrap(), LinkEnd::Closed);
    assert_eq!(timeout(SOON, tunnel.acceptor.ended()).await.unwrap(), LinkEnd::Ours);
    assert!(matches!(tunnel.opener.open(0, Bytes::new()), Err(OpenFailure::LinkOver(EndReason::LinkLost))));
    tunnel.tasks.close();
    timeout(SOON, tunnel.tasks.wait()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_ends_the_link() {
    use futures_util::SinkExt as _;
    let (near, far) = web_sockets().await;
    let tasks = TaskTracker::new();
    let cancel = CancellationToken::new();
    let (driver, _control) =
        StreamDriver::start(near, NoOther, Side::Acceptor, Config::default(), &metrics(), &tasks, cancel);
    let mut far = far;
    far.send(vec![0xff; 64].into()).await.unwrap();
    let end = timeout(SOON, driver.ended()).await.unwrap();
    assert!(matches!(end, LinkEnd::Misbehaved(_)), "{end}");
}

fn metrics() -> Metrics {
    Metrics::new(Program::Helper, "0", SystemTime::now()).unwrap()
}

/// What the appliance says to both ends when it joins their links.
async fn join(near: &mut WebSocketStream<TcpStream>, far: &mut WebSocketStream<TcpStream>, epoch: u64) {
    use futures_util::SinkExt as _;
    let mut paired = bytes::BytesMut::new();
    wire::stream::frame::put_paired(&mut paired, epoch);
    for socket in [near, far] {
        socket.send(paired.to_vec().into()).await.unwrap();
    }
}

/// A link that is not dialled again.
struct NoOther;

impl Redial for NoOther {
    type Io = TcpStream;

    fn grace(&self) -> Duration {
        Duration::ZERO
    }

    async fn dial(&mut self, _: u64) -> Result<WebSocketStream<TcpStream>, Failed> {
        Err(Failed::ForGood("there is no other".into()))
    }
}

/// The network between the two ends: it breaks, and both dial again.
#[derive(Clone, Default)]
struct Wires {
    network: Arc<Mutex<Network>>,
    /// Pairs come one after the other, as from an appliance: a later one has the higher number.
    dialling: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Network {
    /// What breaks when the link breaks.
    standing: Vec<socket2::Socket>,
    /// The other half of a pair that one end has dialled and the other not yet.
    waiting: Option<(Side, WebSocketStream<TcpStream>)>,
    /// Nobody can dial.
    is_down: bool,
    /// Number of the last pair. The end that dials may have missed it.
    epoch: u64,
}

impl Wires {
    fn hold(&self, near: &WebSocketStream<TcpStream>, far: &WebSocketStream<TcpStream>) {
        let socket = |it: &WebSocketStream<TcpStream>| socket2::SockRef::from(it.get_ref()).try_clone().unwrap();
        self.network.lock().unwrap().standing = vec![socket(near), socket(far)];
    }

    fn cut(&self) {
        for socket in self.network.lock().unwrap().standing.drain(..) {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }

    fn set_down(&self, is_down: bool) {
        self.network.lock().unwrap().is_down = is_down;
    }
}

struct Again {
    wires: Wires,
    side: Side,
}

impl Redial for Again {
    type Io = TcpStream;

    fn grace(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn dial(&mut self, epoch: u64) -> Result<WebSocketStream<TcpStream>, Failed> {
        let _one_by_one = self.wires.dialling.lock().await;
        let (mut near, mut far) = web_sockets().await;
        let next = {
            let mut network = self.wires.network.lock().unwrap();
            if network.is_down {
                return Err(Failed::ForNow("the network is down".into()));
            }
            match network.waiting.take() {
                Some((side, socket)) if side == self.side => return Ok(socket),
                other => network.waiting = other,
            }
            network.epoch = network.epoch.max(epoch) + 1;
            network.epoch
        };
        join(&mut near, &mut far, next).await;
        self.wires.hold(&near, &far);
        let other = if self.side == Side::Opener { Side::Acceptor } else { Side::Opener };
        self.wires.network.lock().unwrap().waiting = Some((other, far));
        Ok(near)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_outlives_its_links() {
    let tunnel = Tunnel::to(echo().await).await;
    let sent: Vec<u8> = (0..16_000_000_u32).map(|at| (at / 7) as u8).collect();
    let (mut reader, mut writer) = tunnel.connect().await.into_split();
    let expected = sent.clone();
    let writing = tokio::spawn(async move {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let wires = tunnel.wires.clone();
    let cutting = tokio::spawn(async move {
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(25)).await;
            wires.cut();
        }
    });
    let mut got = Vec::new();
    timeout(SOON, reader.read_to_end(&mut got)).await.unwrap().unwrap();
    assert!(got == expected, "{} of {} bytes, or others", got.len(), expected.len());
    writing.await.unwrap();
    cutting.await.unwrap();
    assert!(matches!(*tunnel.opener.links().borrow(), LinkState::Standing(_) | LinkState::Lost { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_does_not_come_back_resets_its_connections() {
    let tunnel = Tunnel::to(echo().await).await;
    let mut client = tunnel.connect().await;
    client.write_all(b"x").await.unwrap();
    client.read_exact(&mut [0; 1]).await.unwrap();
    tunnel.wires.set_down(true);
    tunnel.wires.cut();
    let error = timeout(SOON, client.read(&mut [0; 1])).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(matches!(timeout(SOON, tunnel.opener.ended()).await.unwrap(), LinkEnd::Closed | LinkEnd::Broken(_)));
}

/// An opener with a listener, and an acceptor that connects to one target.
struct Tunnel {
    opener: StreamDriver,
    acceptor: StreamDriver,
    opener_control: Control,
    acceptor_control: Control,
    local: SocketAddr,
    tasks: TaskTracker,
    wires: Wires,
    _end: tokio_util::sync::DropGuard,
}

impl Tunnel {
    async fn to(target: SocketAddr) -> Self {
        let (mut near, mut far) = web_sockets().await;
        join(&mut near, &mut far, 1).await;
        let wires = Wires::default();
        wires.hold(&near, &far);
        let tasks = TaskTracker::new();
        let cancel = CancellationToken::new();
        let start = |socket, side| {
            let again = Again { wires: wires.clone(), side };
            StreamDriver::start(socket, again, side, Config::default(), &metrics(), &tasks, cancel.child_token())
        };
        let (opener, opener_control) = start(near, Side::Opener);
        let (acceptor, acceptor_control) = start(far, Side::Acceptor);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = listener.local_addr().unwrap();
        let (opens, accepts) = (opener.clone(), acceptor.clone());
        tokio::spawn(cancel.clone().run_until_cancelled_owned(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                socket.set_nodelay(true).unwrap();
                let stream = opens.open(0, Bytes::new()).unwrap();
                tokio::spawn(carry(socket, stream, Party::Client));
            }
        }));
        tokio::spawn(async move {
            while let Some(accepted) = accepts.accept().await {
                assert_eq!(accepted.tunnel, 0);
                tokio::spawn(async move {
                    let mut stream = accepted.stream;
                    match TcpStream::connect(target).await {
                        Ok(socket) => {
                            socket.set_nodelay(true).unwrap();
                            stream.establish();
                            carry(socket, stream, Party::Target).await;
                        }
                        Err(error) => stream.reset(EndReason::Refused, &error.to_string(), false),
                    }
                });
            }
        });
        Self { opener, acceptor, opener_control, acceptor_control, local, tasks, wires, _end: cancel.drop_guard() }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.local).await.unwrap()
    }

    async fn wait_for_streams(&self, count: usize) {
        let began = Instant::now();
        while self.opener.open_streams() != count || self.acceptor.open_streams() != count {
            assert!(began.elapsed() < SOON, "{} / {}", self.opener.open_streams(), self.acceptor.open_streams());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = socket.into_split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

async fn web_sockets() -> (WebSocketStream<TcpStream>, WebSocketStream<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let near = WebSocketStream::from_raw_socket(near, Role::Client, Some(web_socket_config())).await;
    let far = WebSocketStream::from_raw_socket(far, Role::Server, Some(web_socket_config())).await;
    (near, far)
}
