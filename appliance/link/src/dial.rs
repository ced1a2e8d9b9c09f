//! One dialled connection to an appliance: TCP, TLS, then a WebSocket or one HTTP request.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use wire::proof::{EXPORTER_BYTES, EXPORTER_LABEL};
use wire::stream::frame::MAX_MESSAGE;

use crate::appliance_url::ApplianceUrl;
use crate::proxy::{Proxy, ProxyChoice};
use crate::proxy_tunnel::{self, ProxyError};
use crate::tcp::{self, ConnectError, Lookups};
use crate::tls_io::{WEBSOCKET_READ_BYTES, WholeReads, hold_a_message, under_tls};
use crate::trust::{Trust, TrustError, certificate_refused};

/// A WebSocket to the appliance.
pub type WebSocket = WebSocketStream<LinkIo>;
/// What carries it.
pub type LinkIo = WholeReads<TlsStream<BufReader<TcpStream>>>;

/// Why the appliance could not be dialled.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// There is no TCP connection.
    #[error("{0}")]
    Unreachable(#[from] ConnectError),
    /// The proxy on the way does not connect.
    #[error("{0}")]
    Proxy(#[from] ProxyError),
    /// TCP stands, but the answer did not come in time.
    #[error("{appliance} accepts connections but did not answer within {} seconds", .within.as_secs())]
    NoAnswer {
        /// The appliance.
        appliance: ApplianceUrl,
        /// The time it had.
        within: Duration,
    },
    /// The certificate does not verify.
    #[error("the certificate of {appliance} is not accepted: {detail}")]
    CertificateRefused {
        /// The appliance.
        appliance: ApplianceUrl,
        /// In plain words why.
        detail: String,
    },
    /// TLS failed in another way, or the connection broke.
    #[error("{appliance} does not speak TLS 1.3 as it should: {source}")]
    Tls {
        /// The appliance.
        appliance: ApplianceUrl,
        /// What was seen.
        source: io::Error,
    },
    /// It answered like a web server that is not a current appliance.
    #[error("{appliance} answered {status} to {path}; it may be another server, or an appliance of another version")]
    WrongAnswer {
        /// The appliance.
        appliance: ApplianceUrl,
        /// What was asked for.
        path: String,
        /// The status it gave.
        status: u16,
    },
    /// It broke HTTP or WebSocket, or what it sent makes no sense.
    #[error("{appliance} sent something that makes no sense: {detail}")]
    Garbage {
        /// The appliance.
        appliance: ApplianceUrl,
        /// What was seen.
        detail: String,
    },
}

/// Dials one appliance.
#[derive(Clone)]
pub struct Dialer {
    appliance: ApplianceUrl,
    /// Host and port to connect to in place of the appliance's own.
    through: Option<(String, u16)>,
    proxy: ProxyChoice,
    tls: Arc<ClientConfig>,
    within: Duration,
}

/// The time from dialling to a standing link.
const DIAL_WITHIN: Duration = Duration::from_secs(10);
/// Most bytes of an HTTP answer.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Bytes the WebSocket may hold unwritten: one message, and a control message beside it.
const WRITE_BUFFER_BYTES: usize = MAX_MESSAGE + 2 * wire::limits::CONTROL_MESSAGE_BYTES;

impl Dialer {
    /// Prepares to dial `appliance`.
    ///
    /// # Errors
    /// When `trust` is of no use.
    pub fn new(appliance: ApplianceUrl, trust: &Trust) -> Result<Self, TrustError> {
        let tls = Arc::new(trust.client_config()?);
        Ok(Self { appliance, through: None, proxy: ProxyChoice::Automatic, tls, within: DIAL_WITHIN })
    }

    /// Connects to `host:port` instead; the certificate still has to be that of the appliance's own name.
    #[must_use]
    pub fn through(mut self, address: Option<(String, u16)>) -> Self {
        self.through = address;
        self
    }

    /// Asks a proxy, or none, as `choice` says; it is asked for what is dialled, see [`Self::through`].
    #[must_use]
    pub fn by_proxy(mut self, choice: ProxyChoice) -> Self {
        self.proxy = choice;
        self
    }

    /// The proxy that the next connection goes through; none = no proxy.
    ///
    /// # Errors
    /// When environment or system name one that cannot be used.
    pub fn proxy(&self) -> Result<Option<Proxy>, ProxyError> {
        let (host, port) = self.target();
        Ok(self.proxy.proxy_for(host, port)?)
    }

    /// The way of the next connection in words, to stand behind "connects".
    #[must_use]
    pub fn way(&self) -> String {
        match self.proxy() {
            Ok(None) => "directly".into(),
            Ok(Some(proxy)) => format!("through the proxy {proxy}"),
            Err(error) => format!("not at all: {error}"),
        }
    }

    /// Which appliance it dials.
    #[must_use]
    pub fn appliance(&self) -> &ApplianceUrl {
        &self.appliance
    }

    /// TCP and TLS.
    ///
    /// # Errors
    /// Why not.
    pub async fn connect(&self) -> Result<LinkIo, DialError> {
        self.connect_until(Instant::now() + self.within).await
    }

    async fn connect_until(&self, end: Instant) -> Result<LinkIo, DialError> {
        let (host, port) = self.target();
        let proxy = self.proxy()?;
        let tcp = match &proxy {
            None => tcp::connect(host, port, self.within, &Lookups::at_most(1)).await?,
            Some(proxy) => proxy_tunnel::connect(proxy, host, port, self.within, end).await?,
        };
        let name = ServerName::try_from(self.appliance.host().to_owned())
            .map_err(|error| DialError::Garbage { appliance: self.appliance.clone(), detail: error.to_string() })?;
        let handshake = TlsConnector::from(Arc::clone(&self.tls)).connect(name, under_tls(tcp));
        let mut tls = self.until(end, handshake).await?.map_err(|error| self.explain_tls(error, proxy.as_ref()))?;
        hold_a_message(tls.get_mut().1);
        Ok(WholeReads::new(tls))
    }

    /// Host and port to connect to.
    fn target(&self) -> (&str, u16) {
        match &self.through {
            Some((host, port)) => (host, *port),
            None => (self.appliance.host(), self.appliance.port()),
        }
    }

    /// A WebSocket at `path`.
    ///
    /// # Errors
    /// Why not.
    pub async fn web_socket(&self, path: &str) -> Result<WebSocket, DialError> {
        let end = Instant::now() + self.within;
        let tls = self.connect_until(end).await?;
        let request = format!("wss://{}{path}", self.appliance.authority())
            .into_client_request()
            .map_err(|error| self.garbage(&error))?;
        let handshake = Box::pin(tokio_tungstenite::client_async_with_config(request, tls, Some(web_socket_config())));
        match self.until(end, handshake).await? {
            Ok((socket, _)) => Ok(socket),
            Err(WsError::Http(answer)) => Err(self.wrong_answer(path, answer.status())),
            Err(error) => Err(self.garbage(&error)),
        }
    }

    /// `GET path`, answered with JSON.
    ///
    /// # Errors
    /// Why not.
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, DialError> {
        let bytes = self.get(path).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.garbage(&error))
    }

    /// `GET path`, answered with at most one mebibyte.
    ///
    /// # Errors
    /// Why not.
    pub async fn get(&self, path: &str) -> Result<Bytes, DialError> {
        let end = Instant::now() + self.within;
        let tls = self.connect_until(end).await?;
        self.until(end, self.request(path, tls)).await?
    }

    async fn request(&self, path: &str, tls: LinkIo) -> Result<Bytes, DialError> {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(|error| self.garbage(&error))?;
        let request = Request::get(path)
            .header(header::HOST, self.appliance.authority())
            .header(header::ACCEPT, "*/*")
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|error| self.garbage(&error))?;
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(|error| self.garbage(&error))?;
            if answer.status() != StatusCode::OK {
                return Err(self.wrong_answer(path, answer.status()));
            }
            let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
            body.map(http_body_util::Collected::to_bytes).map_err(|error| self.garbage(&error))
        };
        // The connection moves the bytes of the exchange; it ends with it, or before it with an error that the exchange tells.
        let connection = async {
            let _ = connection.await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answer = exchange => answer,
            () = connection => Err(self.garbage(&"the connection ended")),
        }
    }

    /// All steps of dialling share one time.
    async fn until<T>(&self, end: Instant, work: impl Future<Output = T>) -> Result<T, DialError> {
        timeout_at(end, work)
            .await
            .map_err(|_| DialError::NoAnswer { appliance: self.appliance.clone(), within: self.within })
    }

    fn explain_tls(&self, source: io::Error, proxy: Option<&Proxy>) -> DialError {
        let appliance = self.appliance.clone();
        let refused =
            source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).and_then(certificate_refused);
        match refused {
            Some(detail) => {
                let suspect = proxy.map(|proxy| {
                    format!("; if the proxy {proxy} opens TLS to look inside, it has to leave this appliance out")
                });
                DialError::CertificateRefused { appliance, detail: detail + &suspect.unwrap_or_default() }
            }
            None => DialError::Tls { appliance, source },
        }
    }

    fn wrong_answer(&self, path: &str, status: StatusCode) -> DialError {
        DialError::WrongAnswer { appliance: self.appliance.clone(), path: path.into(), status: status.as_u16() }
    }

    fn garbage(&self, detail: &dyn ToString) -> DialError {
        DialError::Garbage { appliance: self.appliance.clone(), detail: detail.to_string() }
    }
}

/// Bytes that only the two ends of this TLS connection know; a proof that signs them is worthless on another.
///
/// # Errors
/// When TLS gives none.
pub fn binding_of(socket: &WebSocket) -> Result<[u8; EXPORTER_BYTES], rustls::Error> {
    let (_, connection) = socket.get_ref().get_ref().get_ref();
    connection.export_keying_material([0; EXPORTER_BYTES], EXPORTER_LABEL, None)
}

/// Limits of a link's WebSocket, the same for whoever dials.
#[must_use]
pub fn web_socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(WEBSOCKET_READ_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(MAX_MESSAGE.max(wire::limits::CONTROL_MESSAGE_BYTES)))
        .max_frame_size(Some(MAX_MESSAGE.max(wire::limits::CONTROL_MESSAGE_BYTES)))
}
