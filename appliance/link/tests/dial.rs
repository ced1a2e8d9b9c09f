//! Dialling a server with a certificate of its own authority.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use link::dial::binding_of;
use link::trust::fingerprint_of;
use link::{ApplianceUrl, DialError, Dialer, Trust};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use wire::proof::{EXPORTER_BYTES, EXPORTER_LABEL};

#[tokio::test]
async fn an_authority_in_pem_is_believed_and_both_ends_get_the_same_binding() {
    let server = Server::start(&Certificates::new("localhost"), true).await;
    let dialer = Dialer::new(server.url.clone(), &server.trust()).unwrap();
    let answer = tokio::spawn(server.accept_web_socket());
    let socket = dialer.web_socket("/link").await.unwrap();
    assert_eq!(binding_of(&socket).unwrap(), answer.await.unwrap());
    assert!(socket.get_ref().get_ref().get_ref().0.get_ref().nodelay().unwrap());
}

#[tokio::test]
async fn a_fingerprint_is_believed_when_the_authority_is_shown() {
    let certificates = Certificates::new("localhost");
    let server = Server::start(&certificates, true).await;
    let trust = Trust::AuthorityFingerprint(fingerprint_of(&certificates.authority));
    let dialer = Dialer::new(server.url.clone(), &trust).unwrap();
    let answer = tokio::spawn(server.accept_web_socket());
    dialer.web_socket("/link").await.unwrap();
    answer.await.unwrap();
}

#[tokio::test]
async fn certificates_that_do_not_fit_are_refused_with_the_reason() {
    let ours = Certificates::new("localhost");
    let others = Certificates::new("localhost");
    let misnamed = Certificates::new("elsewhere.example");
    let fingerprint = |of: &Certificates| Trust::AuthorityFingerprint(fingerprint_of(&of.authority));
    let pem = |of: &Certificates| Trust::Authorities(vec![of.authority.clone()]);
    for (presented, shown, trust, reason) in [
        (&ours, true, pem(&others), "not issued by the certificate authority"),
        (&ours, true, fingerprint(&others), "does not show the certificate authority"),
        (&ours, false, fingerprint(&ours), "does not show the certificate authority"),
        (&misnamed, true, pem(&misnamed), "another host name"),
        (&misnamed, true, fingerprint(&misnamed), "another host name"),
        // Shows the right authority beside a certificate that it did not issue.
        (&ours.with_authority_of(&others), true, fingerprint(&others), "not issued by the certificate authority"),
        (&ours, true, Trust::System, "not issued by the certificate authority"),
    ] {
        let server = Server::start(presented, shown).await;
        let dialer = match Dialer::new(server.url.clone(), &trust) {
            Ok(dialer) => dialer,
            // A machine without any system authorities believes nobody either.
            Err(_) if matches!(trust, Trust::System) => continue,
            Err(error) => panic!("{error}"),
        };
        let answer = tokio::spawn(async move { server.accept_tls().await.is_err() });
        match dialer.web_socket("/link").await {
            Err(DialError::CertificateRefused { detail, .. }) => assert!(detail.contains(reason), "{detail}"),
            Err(error) => panic!("{reason}: {error}"),
            Ok(_) => panic!("{reason}: accepted"),
        }
        assert!(answer.await.unwrap());
    }
}

#[tokio::test]
async fn a_web_server_that_is_no_appliance_is_told_apart() {
    let server = Server::start(&Certificates::new("localhost"), true).await;
    let dialer = Dialer::new(server.url.clone(), &server.trust()).unwrap();
    tokio::spawn(server.answer_http("404 Not Found", "no"));
    let error = dialer.web_socket("/link").await.unwrap_err();
    assert!(matches!(error, DialError::WrongAnswer { status: 404, .. }), "{error}");
}

#[tokio::test]
async fn json_is_fetched_and_what_is_not_json_is_refused() {
    let certificates = Certificates::new("localhost");
    let server = Server::start(&certificates, true).await;
    let dialer = Dialer::new(server.url.clone(), &server.trust()).unwrap();
    tokio::spawn(server.answer_http("200 OK", r#"{"answer":42}"#));
    let answer: serde_json::Value = dialer.get_json("/api/installation").await.unwrap();
    assert_eq!(answer["answer"], 42);

    let server = Server::start(&certificates, true).await;
    let dialer = Dialer::new(server.url.clone(), &server.trust()).unwrap();
    tokio::spawn(server.answer_http("200 OK", "<html>"));
    let error = dialer.get_json::<serde_json::Value>("/").await.unwrap_err();
    assert!(matches!(error, DialError::Garbage { .. }), "{error}");
}

#[tokio::test]
async fn what_is_not_there_and_what_speaks_no_tls_are_told_apart() {
    let certificates = Certificates::new("localhost");
    let trust = Trust::Authorities(vec![certificates.authority.clone()]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url: ApplianceUrl = format!("https://localhost:{port}").parse().unwrap();
    let dialer = Dialer::new(url, &trust).unwrap().through(Some(("127.0.0.1".into(), port)));
    let plain = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    });
    assert!(matches!(dialer.connect().await.unwrap_err(), DialError::Tls { .. }));
    plain.await.unwrap();
    assert!(matches!(dialer.connect().await.unwrap_err(), DialError::Unreachable(_)));
}

#[derive(Clone)]
struct Certificates {
    authority: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    leaf_key: Vec<u8>,
}

impl Certificates {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&leaf_key, &issuer).unwrap();
        Self { authority, leaf: leaf.der().clone(), leaf_key: leaf_key.serialize_der() }
    }

    fn with_authority_of(&self, other: &Self) -> Self {
        Self { authority: other.authority.clone(), ..self.clone() }
    }
}

struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    url: ApplianceUrl,
    authority: CertificateDer<'static>,
}

impl Server {
    async fn start(certificates: &Certificates, shows_authority: bool) -> Self {
        let mut chain = vec![certificates.leaf.clone()];
        if shows_authority {
            chain.push(certificates.authority.clone());
        }
        let key = PrivatePkcs8KeyDer::from(certificates.leaf_key.clone()).into();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port()).parse().unwrap();
        let authority = certificates.authority.clone();
        Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)), url, authority }
    }

    fn trust(&self) -> Trust {
        Trust::Authorities(vec![self.authority.clone()])
    }

    async fn accept_tls(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let (tcp, _) = self.listener.accept().await?;
        self.acceptor.accept(tcp).await
    }

    async fn accept_web_socket(self) -> [u8; EXPORTER_BYTES] {
        let tls = self.accept_tls().await.unwrap();
        let socket = tokio_tungstenite::accept_async(tls).await.unwrap();
        let (_, connection) = socket.get_ref().get_ref();
        connection.export_keying_material([0; EXPORTER_BYTES], EXPORTER_LABEL, None).unwrap()
    }

    async fn answer_http(self, status: &'static str, body: &'static str) {
        let mut tls = self.accept_tls().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tls.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        tls.write_all(answer.as_bytes()).await.unwrap();
        tls.shutdown().await.unwrap();
    }
}
