//! The references `plain3` and `tls3`: one program of a row of three that copies each connection to one address, with TLS 1.3 on
//! either side or on none.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tests::certificates::Certificates;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional_with_sizes};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Bytes copied at once, in each direction.
const COPY: usize = 64 * 1024;
/// The name in the certificate.
const NAME: &str = "localhost";

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Writes an authority, a certificate and its key for all of a row into this folder.
pub(crate) fn write_certificates(folder: &Path) -> Result<()> {
    let made = Certificates::for_name(NAME)?;
    for (file, text) in [("authority.pem", made.authority), ("leaf.pem", made.leaf), ("key.pem", made.key)] {
        std::fs::write(folder.join(file), text)?;
    }
    Ok(())
}

/// Accepts TLS with the certificate in this folder.
pub(crate) fn acceptor(folder: &Path) -> Result<TlsAcceptor> {
    let leaf = CertificateDer::from_pem_file(folder.join("leaf.pem")).context("reading the certificate")?;
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).context("reading the key")?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Dials TLS and trusts the authority in this folder.
pub(crate) fn connector(folder: &Path) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("authority.pem")).context("reading the authority")?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Serves until the process ends.
pub(crate) async fn relay(
    listener: TcpListener,
    to: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    connector: Option<TlsConnector>,
) -> Result<()> {
    let mut carrying = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (client, _) = accepted.context("accepting")?;
                let (acceptor, connector) = (acceptor.clone(), connector.clone());
                // A connection that breaks is missed by the end that measures.
                carrying.spawn(async move { drop(carry(client, to, acceptor, connector).await) });
            }
            Some(_) = carrying.join_next() => {}
        }
    }
}

async fn carry(
    client: TcpStream,
    to: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    connector: Option<TlsConnector>,
) -> Result<()> {
    client.set_nodelay(true)?;
    let mut client: Box<dyn Stream> = match acceptor {
        Some(acceptor) => Box::new(acceptor.accept(client).await?),
        None => Box::new(client),
    };
    let server = TcpStream::connect(to).await?;
    server.set_nodelay(true)?;
    let mut server: Box<dyn Stream> = match connector {
        Some(connector) => Box::new(connector.connect(ServerName::try_from(NAME)?, server).await?),
        None => Box::new(server),
    };
    copy_bidirectional_with_sizes(&mut client, &mut server, COPY, COPY).await?;
    Ok(())
}
