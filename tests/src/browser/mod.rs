//! Chromium through ChromeDriver, on a workstation of its own: home folder, profile, trust in one certificate authority, and
//! the helper if the test wants one. Nothing outside that folder is touched, so tests can run side by side.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::program::{Program, descendants};
use crate::servers::{find_program, free_port};
use crate::{wait, workspace};

mod authenticator;
mod desktop;
mod page;
mod workstation;

pub use authenticator::VirtualAuthenticator;
pub use desktop::Desktop;
pub use workstation::{Workstation, arguments, trust};

/// How long the browser may take to start, and to quit.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How the browser comes up.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether it loads the extension from the site that `cargo www` built.
    pub extension: bool,
    /// Whether it may load extensions that a managed policy names.
    pub policy: bool,
    /// Width and height of the page.
    pub size: (u32, u32),
    /// Whether the system's choice is dark.
    pub dark: bool,
    /// The number of the desktop that it draws on; none: on nothing.
    pub desktop: Option<u32>,
    /// Whether the person shares the whole desktop as soon as a page asks; otherwise the browser's picker opens.
    pub shares: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { extension: true, policy: false, size: (1280, 800), dark: false, desktop: None, shares: false }
    }
}

/// Answers once the page is drawn anew and nothing in it moves any more but what never ends. A page that is hidden draws nothing:
/// after a second it answers in any case.
const SETTLED: &str = r"
    const answer = arguments[arguments.length - 1];
    const drawn = () => new Promise(done => requestAnimationFrame(done));
    const ends = it => it.effect.getComputedTiming().endTime != Infinity;
    const settled = async () => {
        await drawn();
        await drawn();
        await Promise.allSettled(document.getAnimations().filter(ends).map(it => it.finished));
    };
    Promise.race([settled(), new Promise(done => setTimeout(done, 1000))]).then(() => answer(true));";

/// A running browser with one tab. All calls wait until they are done.
pub struct Browser {
    client: Option<Client>,
    runtime: Runtime,
    driver: Program,
    session_url: String,
    _logs: TempDir,
}

impl Browser {
    /// Starts it on a workstation.
    ///
    /// # Errors
    /// When ChromeDriver or Chromium does not start.
    pub fn start(workstation: &Workstation, options: Options) -> Result<Self> {
        let logs = tempfile::tempdir()?;
        let mut command = Command::new(find_program("chromedriver", &[])?);
        // Told to choose a port itself, it takes a free one of IPv6 and gives up when that one is taken on IPv4.
        let port = free_port()?;
        command.arg(format!("--port={port}")).stdin(Stdio::null());
        command.env("HOME", workstation.home()).env_remove("XDG_CONFIG_HOME");
        command.env("SALLYPORT_HELPER_CONFIG", workstation.home().join(".config/sallyport/helper.toml"));
        if let Some(number) = options.desktop {
            command.env("DISPLAY", format!(":{number}"));
        }
        let mut driver = Program::start("chromedriver", &mut command, logs.path())?;
        wait::until_true("ChromeDriver has started", START_LIMIT, || {
            driver.check_alive()?;
            Ok(driver.log().contains("started successfully"))
        })?;
        let driver_url = format!("http://127.0.0.1:{port}");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let capabilities = capabilities(workstation, options)?;
        let client = runtime
            .block_on(ClientBuilder::new(connector()).capabilities(capabilities).connect(&driver_url))
            .with_context(|| format!("starting Chromium; ChromeDriver said:\n{}", driver.log()))?;
        let session = runtime.block_on(client.session_id())?.context("the browser has no session")?;
        let session_url = format!("{driver_url}/session/{session}");
        let browser = Self { client: Some(client), runtime, driver, session_url, _logs: logs };
        browser.set_size(options.size.0, options.size.1)?;
        browser.set_dark(options.dark)?;
        Ok(browser)
    }

    fn client(&self) -> Result<&Client> {
        self.client.as_ref().context("the browser was closed")
    }

    /// Loads a page.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn go_to(&self, url: &str) -> Result<()> {
        self.runtime.block_on(self.client()?.goto(url)).with_context(|| format!("loading {url}"))
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn reload(&self) -> Result<()> {
        self.runtime.block_on(self.client()?.refresh()).context("loading the page again")
    }

    /// Where the page is.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn url(&self) -> Result<String> {
        Ok(self.runtime.block_on(self.client()?.current_url())?.to_string())
    }

    /// Runs JavaScript in the page; `arguments[0]` and so on are `arguments`.
    ///
    /// # Errors
    /// When the script throws.
    pub fn script(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        self.runtime.block_on(self.client()?.execute(script, arguments)).with_context(|| format!("running {script}"))
    }

    /// Sets the size of the page in pixels.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn set_size(&self, width: u32, height: u32) -> Result<()> {
        self.set_size_and_zoom(width, height, 1)
    }

    /// Sets the size of the window's inside in the screen's pixels, and how many of these a pixel of the page is wide: with 2
    /// the page has half the room, as when a person zooms to 200 %.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn set_size_and_zoom(&self, width: u32, height: u32, zoom: u32) -> Result<()> {
        let (width, height) = (width / zoom, height / zoom);
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": zoom, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)?;
        Ok(())
    }

    /// Makes the system's choice dark or light, and waits until the page has changed its colours, which it does softly.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn set_dark(&self, dark: bool) -> Result<()> {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features)?;
        self.script_with_answer(SETTLED, vec![])?;
        Ok(())
    }

    /// Saves what is downloaded in a folder, without asking.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn download_into(&self, folder: &Path) -> Result<()> {
        self.devtools("Browser.setDownloadBehavior", json!({ "behavior": "allow", "downloadPath": folder }))?;
        Ok(())
    }

    /// A command of the browser's developer tools.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let body = json!({ "cmd": command, "params": parameters }).to_string();
        let mut answer = ureq::post(format!("{}/goog/cdp/execute", self.session_url))
            .header("content-type", "application/json")
            .send(body)
            .with_context(|| format!("asking the browser for {command}"))?;
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        Ok(answer["value"].clone())
    }

    /// Saves a picture of the page as `tests/screenshots/NAME.png`.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn screenshot(&self, name: &str) -> Result<()> {
        let picture = self.runtime.block_on(self.client()?.screenshot()).context("making a screenshot")?;
        let folder = workspace::screenshot_folder();
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), picture).context("writing the screenshot")
    }

    /// What a person would see, for the message of a failure; a picture is saved beside it.
    fn page_for_people(&self) -> String {
        let _ = self.screenshot("failure");
        let url = self.url().unwrap_or_default();
        let text = self.script("return document.body.innerText", vec![]).unwrap_or_default();
        format!("the page {url} says:\n{}", text.as_str().unwrap_or_default())
    }

    /// The native-messaging processes that this browser started: (process id, command line).
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn helpers(&self) -> Result<Vec<(u32, String)>> {
        let mut all = descendants(self.driver.pid())?;
        all.retain(|(_, command)| command.split_whitespace().next().is_some_and(|it| it.ends_with("sallyport-helper")));
        Ok(all)
    }

    /// Seconds of CPU that all processes of this browser have used.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let ticks = descendants(self.driver.pid())?.into_iter().filter_map(|(pid, _)| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let (_, rest) = stat.rsplit_once(')')?;
            // The fields behind the name are numbered from 3 in proc(5); utime is 14 and stime is 15.
            let mut times = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
            Some(times.next()?.ok()? + times.next()?.ok()?)
        });
        Ok(ticks.sum::<u64>() as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Opens one more tab with a page, and goes there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_tab(&self, url: &str) -> Result<()> {
        let client = self.client()?;
        self.runtime.block_on(async {
            let tab = client.new_window(true).await?;
            client.switch_to_window(tab.handle).await
        })?;
        self.go_to(url)
    }

    /// Goes to the tab with this number, in the order in which they were opened.
    ///
    /// # Errors
    /// When there is none.
    pub fn go_to_tab(&self, number: usize) -> Result<()> {
        let client = self.client()?;
        let tabs = self.runtime.block_on(client.windows())?;
        let Some(tab) = tabs.into_iter().nth(number) else { bail!("the browser has no tab {number}") };
        self.runtime.block_on(client.switch_to_window(tab)).context("going to another tab")
    }

    /// Quits the browser as a person does.
    ///
    /// # Errors
    /// When it does not quit.
    pub fn quit(&mut self) -> Result<()> {
        if let Some(client) = self.client.take() {
            self.runtime.block_on(client.close()).context("quitting the browser")?;
        }
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // What is left of the browser must not outlive the test.
        let started = descendants(self.driver.pid()).unwrap_or_default();
        if self.quit().is_err() {
            for (pid, _) in started {
                if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                }
            }
        }
    }
}

/// The CSS selector of an element by id or `data-testid`.
#[must_use]
pub fn selector(name: &str) -> String {
    format!("[id=\"{name}\"], [data-testid=\"{name}\"]")
}

fn connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}

fn capabilities(workstation: &Workstation, options: Options) -> Result<fantoccini::wd::Capabilities> {
    let mut arguments = arguments(&workstation.profile(), options.desktop.is_none());
    if options.desktop.is_some() {
        arguments.extend(["--disable-gpu".into(), "--window-position=0,0".into(), "--window-size=1280,800".into()]);
    }
    if options.shares {
        arguments.push("--auto-select-desktop-capture-source=Entire screen".into());
    }
    if options.extension {
        let folder = workspace::extension_folder();
        if !folder.join("manifest.json").is_file() {
            bail!("there is no extension in {}; run `cargo www`", folder.display());
        }
        arguments.push(format!("--load-extension={}", folder.display()));
    }
    let mut chrome = json!({ "binary": find_program("chromium", &[])?, "args": arguments });
    if options.policy {
        // ChromeDriver adds this switch, and it stops what a policy installs.
        chrome["excludeSwitches"] = json!(["disable-background-networking"]);
    }
    let Value::Object(all) = json!({ "goog:chromeOptions": chrome, "unhandledPromptBehavior": "accept" }) else {
        bail!("capabilities are an object");
    };
    Ok(all)
}
