//! A ticket system as a test wants it: HTTPS with a certificate of its own authority, and a list of what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::in_process::Server;
use crate::certificates::Certificates;

/// A ticket system.
pub struct TicketDesk {
    /// PEM with the authority of its certificate, which is for `localhost`.
    pub authority: String,
    server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and what is asked for.
    pub line: String,
    /// Header lines.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
}

/// What it answers.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Header lines, each with its line break.
    pub headers: String,
    /// The body.
    pub body: String,
    /// How long it thinks about it.
    pub after: Duration,
}

impl Reply {
    /// A status and a body, at once.
    #[must_use]
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, headers: String::new(), body: body.into(), after: Duration::ZERO }
    }
}

/// Bytes of a request that are read.
const REQUEST_BYTES: u64 = 1024 * 1024;

impl TicketDesk {
    /// Starts one that answers as `reply` says of each request.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Result<Self> {
        let certificates = Certificates::for_name("localhost")?;
        let leaf = CertificateDer::from_pem_slice(certificates.leaf.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(certificates.key.as_bytes())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)?;
        let (tls, asked) = (Arc::new(tls), Arc::new(Mutex::new(Vec::new())));
        let server = Server::start({
            let asked = asked.clone();
            move |stream| {
                // Who gives up in between is what some tests are about.
                let _ = serve(stream, &tls, &asked, &reply);
            }
        })?;
        Ok(Self { authority: certificates.authority, server, asked })
    }

    /// `https://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    /// What it was asked up to now.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(
    stream: TcpStream,
    tls: &Arc<ServerConfig>,
    asked: &Mutex<Vec<Asked>>,
    reply: &impl Fn(&Asked) -> Reply,
) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut stream = StreamOwned::new(ServerConnection::new(tls.clone())?, stream);
    let request = read(&mut stream)?;
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let Reply { status, headers, body, after } = reply(&request);
    std::thread::sleep(after);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} As it is\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )?;
    stream.conn.send_close_notify();
    Ok(stream.flush()?)
}

fn read(stream: &mut impl Read) -> Result<Asked> {
    let mut stream = BufReader::new(stream.take(REQUEST_BYTES));
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body).context("a body that is not UTF-8")?;
    Ok(Asked { line: lines.first().cloned().unwrap_or_default(), headers: lines.split_off(1.min(lines.len())), body })
}
