//! The port of the metrics, asked over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use link::metrics::port::{AddressError, MetricsAddress, MetricsPort};
use link::metrics::{CONTENT_TYPE, Metrics, Program};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

const SOON: Duration = Duration::from_secs(20);
/// Connections that are served at once, and how long each may take.
const AT_ONCE: usize = 8;
const WITHIN: Duration = Duration::from_secs(5);

struct Port {
    address: SocketAddr,
    tasks: TaskTracker,
    cancel: DropGuard,
}

impl Port {
    async fn open() -> Self {
        let port = MetricsPort::open("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
        let metrics = Metrics::new(Program::Helper, "0", SystemTime::now()).unwrap();
        let address = port.address();
        tasks.spawn(port.serve(metrics, cancel.clone()));
        Self { address, tasks, cancel: cancel.drop_guard() }
    }

    /// What is answered to these bytes, up to the end of the connection.
    async fn answer(&self, bytes: &[u8]) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let mut answer = String::new();
        timeout(SOON, socket.read_to_string(&mut answer)).await.unwrap().unwrap();
        answer
    }

    fn scrape(&self) -> String {
        format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", self.address)
    }
}

#[tokio::test]
async fn a_scrape_gets_the_whole_text_and_the_end_of_the_connection() {
    let port = Port::open().await;
    let answer = port.answer(port.scrape().as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("\r\ncontent-type: {CONTENT_TYPE}\r\n")), "{head}");
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
    assert!(head.ends_with("\r\nconnection: close"), "{head}");
    assert!(body.contains("\nsallyport_build_info{program=\"helper\",version=\"0\"} 1\n"), "{body}");
}

#[tokio::test]
async fn a_request_in_pieces_is_a_request() {
    let port = Port::open().await;
    let mut socket = TcpStream::connect(port.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    for piece in port.scrape().as_bytes().chunks(7) {
        socket.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut answer = String::new();
    timeout(SOON, socket.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn what_is_no_scrape_is_answered_with_its_reason() {
    let port = Port::open().await;
    for (from, to, status) in [
        ("GET", "POST", "405 Method Not Allowed"),
        ("/metrics", "/", "404 Not Found"),
        ("Host: ", "Host: evil.example:", "421 Misdirected Request"),
        ("HTTP", "ICAP", "400 Bad Request"),
    ] {
        let answer = port.answer(port.scrape().replacen(from, to, 1).as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")) && answer.ends_with(".\n"), "{answer}");
        assert!(!answer.contains("sallyport_"), "{answer}");
        assert_eq!(answer.contains("\r\nallow: GET\r\n"), status.starts_with("405"), "{answer}");
    }
    // The answer arrives although much more was sent than is read.
    let endless = format!("GET /metrics HTTP/1.1\r\nX: {}", "a".repeat(60_000));
    let answer = port.answer(endless.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn those_who_say_nothing_hold_others_up_for_a_while_and_no_longer() {
    let port = Port::open().await;
    let mut silent = Vec::new();
    for _ in 0..AT_ONCE {
        silent.push(TcpStream::connect(port.address).await.unwrap());
    }
    let began = Instant::now();
    let answer = port.answer(port.scrape().as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let took = began.elapsed();
    assert!(took > WITHIN / 2, "{took:?}: more are served at once than there are places");
    for mut socket in silent {
        assert!(matches!(timeout(SOON, socket.read(&mut [0; 1])).await.unwrap(), Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn it_ends_at_once_with_those_who_wait() {
    let port = Port::open().await;
    let mut waiting = TcpStream::connect(port.address).await.unwrap();
    waiting.write_all(b"GET /met").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(port.cancel);
    port.tasks.close();
    timeout(WITHIN / 2, port.tasks.wait()).await.unwrap();
    assert!(TcpStream::connect(port.address).await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_said_so() {
    let port = Port::open().await;
    let again: MetricsAddress = port.address.to_string().parse().unwrap();
    let said = MetricsPort::open(again).await.unwrap_err().to_string();
    assert!(said.contains(&port.address.to_string()) && said.contains("Name another address"), "{said}");
}

#[test]
fn only_addresses_of_this_machine_alone_are_taken() {
    let parse = |text: &str| text.parse::<MetricsAddress>();
    for good in ["127.0.0.1:9465", "127.200.0.9:1", "[::1]:9465"] {
        assert_eq!(parse(good).unwrap().to_string(), good);
    }
    for far in ["0.0.0.0:1", "192.168.0.1:1", "[::]:1", "[::ffff:127.0.0.1]:1"] {
        assert!(matches!(parse(far), Err(AddressError::NotLoopback(_))), "{far}");
    }
    for none in ["", "9465", "127.0.0.1", "localhost:9465"] {
        assert!(matches!(parse(none), Err(AddressError::NoAddress(_))), "{none}");
    }
}
