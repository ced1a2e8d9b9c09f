//! A network that breaks: a TCP relay in front of the appliance.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// A TCP relay whose connections can be cut, and that can refuse new ones. Its threads end with it.
pub struct BreakingNetwork {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    target: SocketAddr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    standing: Vec<TcpStream>,
    is_down: bool,
    is_over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BreakingNetwork {
    /// A way to `target`.
    ///
    /// # Errors
    /// When there is no port for it.
    pub fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { target, state: Mutex::default() });
        let of_it = Arc::clone(&shared);
        // Ends at the connection that `drop` makes.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of_it.lock().is_over {
                    return;
                }
                // A client that cannot be served is cut, as it is when the network is down.
                let _ = of_it.carry(client);
            }
        });
        Ok(Self { shared, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection; returns how many there were.
    pub fn cut(&self) -> usize {
        let standing = std::mem::take(&mut self.shared.lock().standing);
        let carried: Vec<_> = standing.iter().filter(|it| it.shutdown(Shutdown::Both).is_ok()).collect();
        carried.len() / 2
    }

    /// Refuses new connections, or takes them again.
    pub fn set_down(&self, is_down: bool) {
        self.shared.lock().is_down = is_down;
    }
}

impl Shared {
    fn carry(&self, client: TcpStream) -> std::io::Result<()> {
        if self.lock().is_down {
            return client.shutdown(Shutdown::Both);
        }
        let server = TcpStream::connect_timeout(&self.target, Duration::from_secs(5))?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
        }
        let mut state = self.lock();
        state.standing.extend([client.try_clone()?, server.try_clone()?]);
        drop(state);
        for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
            // Ends with either of its two connections.
            thread::spawn(move || copy(from, to));
        }
        Ok(())
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut block = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut block) {
        if block.get(..count).is_none_or(|bytes| to.write_all(bytes).is_err()) {
            break;
        }
    }
    // What was cut already is cut.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

impl Drop for BreakingNetwork {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}
