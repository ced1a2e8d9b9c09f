//! The servers that the tests lead tunnels to.

use anyhow::{Result, ensure};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use tests::servers::{Echo, Page};

#[test]
fn a_page_is_served() -> Result<()> {
    let page = Page::start("<h1>Hello</h1>")?;
    let mut stream = TcpStream::connect(("127.0.0.1", page.port()))?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.ends_with("<h1>Hello</h1>"), "{answer}");
    Ok(())
}

#[test]
fn an_echo_ends_when_the_client_does() -> Result<()> {
    let echo = Echo::start()?;
    let mut stream = TcpStream::connect(("127.0.0.1", echo.port()))?;
    stream.write_all(b"ping")?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer == "ping", "{answer}");
    Ok(())
}
