//! Connections that do not do what they are for: silent ones, halves of requests, clients that hang up, too many windows.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use tests::site::{Site, on_a_site};
use tests::wait;
use wire::api::{CSRF_HEADER, Me, User};

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A TLS connection on which a test may say what it likes.
pub(crate) fn connect(site: &Site) -> Result<Tls> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&site.appliance.ready.ca)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost")?)?;
    let mut stream = StreamOwned::new(client, TcpStream::connect(("127.0.0.1", site.appliance.port()?))?);
    stream.sock.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

/// What comes until the connection ends or `enough` has come.
pub(crate) fn read(stream: &mut Tls, enough: &str) -> Result<String> {
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            // An end without TLS's own farewell is an end, too.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error).context("reading what the appliance says"),
            Ok(0) => break,
            Ok(length) => said.extend_from_slice(&piece[..length]),
        }
        if !enough.is_empty() && String::from_utf8_lossy(&said).contains(enough) {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn whoever_says_nothing_does_not_keep_a_place() -> Result<()> {
    on_a_site(|site| {
        let begun = Instant::now();
        let mut silent = connect(site)?;
        let mut half = connect(site)?;
        write!(
            half,
            "POST /api/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{{"
        )?;
        ensure!(read(&mut silent, "")?.is_empty(), "the appliance speaks first");
        ensure!(begun.elapsed() < Duration::from_secs(20), "closed after {:?}", begun.elapsed());
        let answer = read(&mut half, "request_id")?;
        ensure!(answer.starts_with("HTTP/1.1 408") && answer.contains("too_slow"), "{answer}");
        ensure!(begun.elapsed() < Duration::from_secs(50), "answered after {:?}", begun.elapsed());
        Ok(())
    })
}

#[test]
fn a_change_is_carried_through_when_nobody_waits_for_its_answer() -> Result<()> {
    on_a_site(|site| {
        let me: Me = site.admin.get("/api/me")?;
        let cookie = site.admin.cookie().context("no cookie")?;
        let body = json!({ "user_name": "eva", "display_name": "Eva", "role": "technician", "password": "long enough for eva" })
            .to_string();
        let mut stream = connect(site)?;
        // Passwords to look at keep the appliance from answering at once.
        let guesses: Vec<_> = (0..20)
            .map(|number| {
                let stranger = site.admin.stranger();
                std::thread::spawn(move || stranger.try_sign_in(&format!("nobody-{number}"), "not this one"))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(100));
        write!(
            stream,
            "POST /api/users HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n{CSRF_HEADER}: {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            me.csrf_token.expose(),
            body.len()
        )?;
        stream.flush()?;
        std::thread::sleep(Duration::from_millis(100));
        // Without a word of farewell, as when a program is killed. Whether anything comes back is not the point.
        stream.sock.shutdown(Shutdown::Write)?;
        let _ = read(&mut stream, "");
        for guess in guesses {
            let _ = guess.join();
        }
        wait::until_true("the user is made", wait::SOON, || {
            Ok(site.admin.get::<Vec<User>>("/api/users")?.iter().any(|user| user.user_name == "eva"))
        })
    })
}

#[test]
fn windows_of_one_user_are_counted() -> Result<()> {
    on_a_site(|site| {
        let cookie = site.admin.cookie().context("no cookie")?;
        let open = || -> Result<(Tls, String)> {
            let mut stream = connect(site)?;
            let origin = site.admin.base();
            let host = origin.trim_start_matches("https://");
            write!(
                stream,
                "GET /api/events HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\ncookie: {cookie}\r\nconnection: upgrade\r\n\
                 upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )?;
            let said = read(&mut stream, "}")?;
            Ok((stream, said))
        };
        let mut windows = Vec::new();
        for number in 1..=20 {
            let (window, said) = open()?;
            ensure!(said.starts_with("HTTP/1.1 101") && said.contains("\"hello\""), "window {number}: {said}");
            windows.push(window);
        }
        let (_, refused) = open()?;
        ensure!(refused.starts_with("HTTP/1.1 429") && refused.contains("too_many_windows"), "{refused}");
        windows.pop();
        wait::until_true("there is room for another window", wait::SOON, || Ok(open()?.1.starts_with("HTTP/1.1 101")))
    })
}
