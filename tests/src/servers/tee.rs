//! A server that passes connections on to another one, and remembers what went through: what a capture is compared with.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

use super::in_process::Server;

/// Bytes of one connection: from the client, from the server.
pub type Exchanged = (Vec<u8>, Vec<u8>);

/// Stands in front of a server on this machine.
pub struct Tee {
    server: Server,
    seen: Arc<Mutex<Vec<Exchanged>>>,
}

impl Tee {
    /// Starts it on a free port of 127.0.0.1, in front of what listens on another one.
    ///
    /// # Errors
    /// When there is none.
    pub fn before(port: u16) -> Result<Self> {
        let seen: Arc<Mutex<Vec<Exchanged>>> = Arc::default();
        let kept = seen.clone();
        let server = Server::start(move |client| {
            let Ok(target) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
            let number = {
                let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(Exchanged::default());
                all.len() - 1
            };
            let (Ok(from_target), Ok(to_client)) = (target.try_clone(), client.try_clone()) else { return };
            let answers = thread::spawn({
                let kept = kept.clone();
                move || pass(from_target, to_client, |bytes| keep(&kept, number, bytes, false))
            });
            pass(client, target, |bytes| keep(&kept, number, bytes, true));
            let _ = answers.join();
        })?;
        Ok(Self { server, seen })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.address.port()
    }

    /// What went through so far, by connection in the order in which they came.
    #[must_use]
    pub fn exchanged(&self) -> Vec<Exchanged> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn keep(kept: &Mutex<Vec<Exchanged>>, number: usize, bytes: &[u8], is_client: bool) {
    if let Some((client, target)) = kept.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number) {
        if is_client { client } else { target }.extend_from_slice(bytes);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut seen: impl FnMut(&[u8])) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match from.read(&mut bytes) {
            Ok(0) | Err(_) => break,
            Ok(read) => {
                seen(&bytes[..read]);
                if to.write_all(&bytes[..read]).is_err() {
                    break;
                }
            }
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
