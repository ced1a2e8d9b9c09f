//! `sallyport-helper`, installed into a folder of its own and driven over native messaging, as the extension does.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use wire::api::TunnelTicket;
use wire::helper_messages::{
    EXTENSION_ID, ExtensionMessage, HelperEvent, HelperMessage, HelperReply, HelperRequest, LocalSession, PROTOCOL,
};
use wire::limits::NATIVE_MESSAGE_BYTES;

use crate::appliance::Ready;
use crate::program::{Finished, Program, run_to_end};
use crate::way::Way;
use crate::{stop, workspace};

/// How long the helper may take to answer; it dials the appliance meanwhile.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long installing may take.
const INSTALL_LIMIT: Duration = Duration::from_secs(30);
/// Messages kept while nobody asks.
const MESSAGES_KEPT: usize = 1024;

/// A helper installed for one appliance, in a home folder of its own: nothing outside it is touched.
#[derive(Clone, Debug)]
pub struct InstalledHelper {
    /// The home folder.
    pub home: PathBuf,
    /// Where a browser with its profile beside it looks for the manifest.
    pub manifests: PathBuf,
    origin: String,
    way: Way,
}

impl InstalledHelper {
    /// Runs `sallyport-helper install` with `home` as home folder and the manifests in `manifests` too. `dial` is where it finds
    /// the appliance when that is not the console's address.
    ///
    /// # Errors
    /// When it fails; what it said is in the message.
    pub fn install(ready: &Ready, home: &Path, manifests: &Path, dial: Option<&str>) -> Result<Self> {
        Self::install_by(ready, home, manifests, &Way::dialling(dial))
    }

    /// Like [`Self::install`], on any way.
    ///
    /// # Errors
    /// When it fails; what it said is in the message.
    pub fn install_by(ready: &Ready, home: &Path, manifests: &Path, way: &Way) -> Result<Self> {
        std::fs::create_dir_all(home)?;
        std::fs::create_dir_all(manifests)?;
        let origin = ready.url.trim_end_matches('/').into();
        let installed = Self { home: home.into(), manifests: manifests.into(), origin, way: way.clone() };
        let mut command = installed.command()?;
        command.args(["install", "--appliance", &ready.url]).arg("--ca").arg(&ready.ca);
        command.arg("--manifest-dir").arg(manifests);
        way.tell_once(&mut command);
        let finished = run_to_end(&mut command, INSTALL_LIMIT)?;
        ensure!(finished.status.success(), "installing the helper failed:\n{}\n{}", finished.stdout, finished.stderr);
        Ok(installed)
    }

    /// Runs one of the helper's own commands.
    ///
    /// # Errors
    /// When it does not start or does not end.
    pub fn call(&self, arguments: &[&str]) -> Result<Finished> {
        run_to_end(self.command()?.args(arguments), INSTALL_LIMIT)
    }

    /// The file that says which appliances it serves.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.home.join(".config/sallyport/helper.toml")
    }

    /// The environment that makes a program find this helper's settings.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("HOME", self.home.clone()), ("SALLYPORT_HELPER_CONFIG", self.config_file())]
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(workspace::program("sallyport-helper")?);
        command.envs(self.environment()).env_remove("XDG_CONFIG_HOME");
        self.way.set_environment(&mut command);
        Ok(command)
    }

    /// Starts the helper as a browser does, and plays the extension.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(&self, folder: &Path) -> Result<HelperByHand> {
        let mut command = self.command()?;
        command.arg(format!("chrome-extension://{EXTENSION_ID}/"));
        HelperByHand::start(&mut command, &self.origin, folder)
    }

    /// Starts it as [`Self::start`] does, without the right to listen on ports below 1024, whoever runs the test.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_unprivileged(&self, folder: &Path) -> Result<HelperByHand> {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service"]);
        if !rustix::process::geteuid().is_root() {
            command = Command::new("env");
        }
        command.arg(workspace::program("sallyport-helper")?).envs(self.environment()).env_remove("XDG_CONFIG_HOME");
        command.arg(format!("chrome-extension://{EXTENSION_ID}/"));
        HelperByHand::start(&mut command, &self.origin, folder)
    }
}

/// A running helper with the test in the extension's place.
pub struct HelperByHand {
    /// The process.
    pub program: Program,
    /// The origin that the extension would have from the browser.
    pub origin: String,
    stdin: Option<ChildStdin>,
    messages: Receiver<Result<HelperMessage>>,
    events: Vec<HelperEvent>,
    replies: HashMap<u32, HelperReply>,
    next_id: u32,
}

impl HelperByHand {
    fn start(command: &mut Command, origin: &str, folder: &Path) -> Result<Self> {
        let mut program = Program::start_with_pipes("helper", command, folder)?;
        let stdin = program.child().stdin.take().context("the helper has no stdin")?;
        let mut stdout = program.child().stdout.take().context("the helper has no stdout")?;
        let (sender, messages) = sync_channel(MESSAGES_KEPT);
        // Ends with the helper's stdout, at the latest when the helper is killed.
        std::thread::spawn(move || {
            while let Some(message) = read_message(&mut stdout).transpose() {
                let last = message.is_err();
                if sender.send(message).is_err() || last {
                    return;
                }
            }
        });
        Ok(Self {
            program,
            origin: origin.into(),
            stdin: Some(stdin),
            messages,
            events: Vec::new(),
            replies: HashMap::new(),
            next_id: 1,
        })
    }

    /// Asks for something and waits for the answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn request(&mut self, request: HelperRequest) -> Result<HelperReply> {
        let id = self.ask(request)?;
        self.answer(id)
    }

    /// Asks for something; the number under which it is answered.
    ///
    /// # Errors
    /// When the helper has closed its stdin.
    pub fn ask(&mut self, request: HelperRequest) -> Result<u32> {
        let id = self.next_id;
        self.next_id += 1;
        let message = ExtensionMessage {
            origin: self.origin.clone(),
            page: 1,
            id,
            extension_version: env!("CARGO_PKG_VERSION").into(),
            request,
        };
        self.send_bytes(&framed(&serde_json::to_vec(&message)?))?;
        Ok(id)
    }

    /// Waits for the answer with this number.
    ///
    /// # Errors
    /// When there is none.
    pub fn answer(&mut self, id: u32) -> Result<HelperReply> {
        if let Some(reply) = self.replies.remove(&id) {
            return Ok(reply);
        }
        let end = Instant::now() + ANSWER_LIMIT;
        loop {
            match self.next_message(end.saturating_duration_since(Instant::now()))? {
                Some(HelperMessage::Reply { id: answered, reply, .. }) if answered == id => return Ok(reply),
                Some(HelperMessage::Reply { id, reply, .. }) => drop(self.replies.insert(id, reply)),
                Some(HelperMessage::Event { event, .. }) => self.events.push(event),
                None => bail!("the helper did not answer; it said:\n{}", self.program.log()),
            }
        }
    }

    /// Says hello.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn hello(&mut self) -> Result<HelperReply> {
        self.request(HelperRequest::Hello { protocol: PROTOCOL })
    }

    /// Hands a ticket over; the tunnels as they are then.
    ///
    /// # Errors
    /// When the helper refuses.
    pub fn open_tunnels(&mut self, ticket: &TunnelTicket) -> Result<LocalSession> {
        let reply =
            self.request(HelperRequest::OpenTunnels { session_id: ticket.session_id, ticket: ticket.ticket.clone() })?;
        match reply {
            HelperReply::Session { session } => Ok(session),
            other => bail!("the helper did not open the tunnels: {other:?}; it said:\n{}", self.program.log()),
        }
    }

    /// Sends bytes as they are, for a test with malformed ones.
    ///
    /// # Errors
    /// When the helper has closed its stdin.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let stdin = self.stdin.as_mut().context("the helper's stdin was closed")?;
        stdin.write_all(bytes).and_then(|()| stdin.flush()).context("writing to the helper")
    }

    /// The next message, whichever it is; none when the helper closed its stdout or said nothing for `limit`.
    ///
    /// # Errors
    /// When the helper sends something that is no message, or this program is asked to stop.
    pub fn next_message(&mut self, limit: Duration) -> Result<Option<HelperMessage>> {
        let end = Instant::now() + limit;
        loop {
            stop::check()?;
            let left = end.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left.min(stop::LOOK)) {
                Ok(message) => return message.map(Some),
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    /// Waits for an event that `wanted` takes; earlier ones are let go.
    ///
    /// # Errors
    /// When none comes within `limit`.
    pub fn wait_for_event<T>(
        &mut self,
        limit: Duration,
        mut wanted: impl FnMut(&HelperEvent) -> Option<T>,
    ) -> Result<T> {
        for event in self.events.drain(..) {
            if let Some(found) = wanted(&event) {
                return Ok(found);
            }
        }
        let end = Instant::now() + limit;
        loop {
            match self.next_message(end.saturating_duration_since(Instant::now()))? {
                Some(HelperMessage::Event { event, .. }) => {
                    if let Some(found) = wanted(&event) {
                        return Ok(found);
                    }
                }
                Some(HelperMessage::Reply { .. }) => {}
                None => bail!("the helper did not tell; it said:\n{}", self.program.log()),
            }
        }
    }

    /// Closes its stdin, as a browser does that quits.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }
}

/// A native message: its length in the machine's byte order, then the JSON.
#[must_use]
pub fn framed(json: &[u8]) -> Vec<u8> {
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    [&length.to_ne_bytes(), json].concat()
}

fn read_message(from: &mut impl Read) -> Result<Option<HelperMessage>> {
    let mut length = [0; 4];
    let mut read = 0;
    while read < length.len() {
        match from.read(&mut length[read..])? {
            0 if read == 0 => return Ok(None),
            0 => bail!("the helper's stdout ended inside a length"),
            more => read += more,
        }
    }
    let length = u32::from_ne_bytes(length) as usize;
    ensure!(length <= NATIVE_MESSAGE_BYTES, "the helper sends a message of {length} bytes");
    let mut json = vec![0; length];
    from.read_exact(&mut json).context("the helper's stdout ended inside a message")?;
    serde_json::from_slice(&json)
        .map(Some)
        .with_context(|| format!("the helper sends {:?}", String::from_utf8_lossy(&json)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_its_frame() {
        let reply = HelperMessage::Reply { page: 1, id: 2, reply: HelperReply::Done, open_sessions: 0 };
        let bytes = framed(&serde_json::to_vec(&reply).unwrap());
        let mut from = bytes.as_slice();
        assert_eq!(read_message(&mut from).unwrap(), Some(reply));
        assert_eq!(read_message(&mut from).unwrap(), None);
    }

    #[test]
    fn a_cut_message_is_an_error() {
        let bytes = framed(b"{}");
        assert!(read_message(&mut &bytes[..3]).is_err());
        assert!(read_message(&mut &bytes[..5]).is_err());
    }
}
