//! Chromium through ChromeDriver, on a workstation of its own: home folder, profile, trust in one certificate authority, and
//! the helper if the test wants one. Nothing outside that folder is touched, so tests can run side by side.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::appliance::Ready;
use crate::helper::InstalledHelper;
use crate::program::{Program, descendants, run};
use crate::servers::find_program;
use crate::{wait, workspace};

/// How long the browser may take to start, and to quit.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A person's machine: a home folder with a browser profile in it.
pub struct Workstation {
    folder: TempDir,
}

impl Workstation {
    /// A machine that trusts the appliance's certificate authority and has nothing else.
    ///
    /// # Errors
    /// When its folders cannot be made.
    pub fn new(ready: &Ready) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sallyport-workstation-").tempdir()?;
        let it = Self { folder };
        std::fs::create_dir_all(it.profile())?;
        trust(&it.home(), &ready.ca)?;
        Ok(it)
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The browser's profile.
    #[must_use]
    pub fn profile(&self) -> PathBuf {
        self.folder.path().join("profile")
    }

    /// Installs the helper for this browser profile.
    ///
    /// # Errors
    /// When the install command fails.
    pub fn install_helper(&self, ready: &Ready) -> Result<InstalledHelper> {
        InstalledHelper::install(ready, &self.home(), &self.profile().join("NativeMessagingHosts"), None)
    }
}

/// Makes browsers with this home folder trust a certificate authority.
///
/// # Errors
/// When `certutil` is missing or fails.
pub fn trust(home: &Path, ca: &Path) -> Result<()> {
    let store = home.join(".pki/nssdb");
    std::fs::create_dir_all(&store)?;
    let certutil = find_program("certutil", &[])?;
    let database = format!("sql:{}", store.display());
    run(Command::new(&certutil).args(["-N", "--empty-password", "-d", &database]), START_LIMIT)?;
    run(
        Command::new(&certutil).args(["-A", "-t", "C,,", "-n", "sallyport-test", "-d", &database, "-i"]).arg(ca),
        START_LIMIT,
    )?;
    Ok(())
}

/// The arguments every browser of ours gets.
#[must_use]
pub fn arguments(profile: &Path, headless: bool) -> Vec<String> {
    let mut all = vec![
        format!("--user-data-dir={}", profile.display()),
        "--no-first-run".into(),
        "--no-default-browser-check".into(),
        "--disable-component-update".into(),
        "--disable-sync".into(),
        "--disable-quic".into(),
        "--lang=en-US".into(),
    ];
    if headless {
        all.extend(["--headless=new".into(), "--disable-gpu".into()]);
    }
    if rustix::process::geteuid().is_root() {
        // The sandbox does not work for root.
        all.push("--no-sandbox".into());
    }
    all
}

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
}

impl Default for Options {
    fn default() -> Self {
        Self { extension: true, policy: false, size: (1280, 800), dark: false }
    }
}

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
        command.arg("--port=0").stdin(Stdio::null());
        command.env("HOME", workstation.home()).env_remove("XDG_CONFIG_HOME");
        command.env("SALLYPORT_HELPER_CONFIG", workstation.home().join(".config/sallyport/helper.toml"));
        let mut driver = Program::start("chromedriver", &mut command, logs.path())?;
        let port = wait::until("ChromeDriver says its port", START_LIMIT, || {
            driver.check_alive()?;
            Ok(port_in(&driver.log()))
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

    /// Whether an element with this id or `data-testid` is in the page and to be seen.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn shows(&self, name: &str) -> Result<bool> {
        let script = "const it = document.querySelector(arguments[0]); return !!it && it.getClientRects().length > 0";
        Ok(self.script(script, vec![json!(selector(name))])? == json!(true))
    }

    /// Waits until an element is to be seen.
    ///
    /// # Errors
    /// When it does not appear; the page's text is in the message.
    pub fn wait_for(&self, name: &str) -> Result<()> {
        wait::until_true(&format!("the page shows {name}"), wait::SOON, || self.shows(name))
            .with_context(|| self.page_for_people())
    }

    /// Waits until an element is not to be seen any more.
    ///
    /// # Errors
    /// When it stays; the page's text is in the message.
    pub fn wait_until_gone(&self, name: &str) -> Result<()> {
        wait::until_true(&format!("the page does not show {name} any more"), wait::SOON, || Ok(!self.shows(name)?))
            .with_context(|| self.page_for_people())
    }

    /// Waits until an element's text or an input's value is as `wanted` says, and gives it.
    ///
    /// # Errors
    /// When it does not become so; the page's text is in the message.
    pub fn wait_for_text(&self, name: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        wait::until(&format!("the text of {name} is as expected"), wait::SOON, || {
            Ok(self.text(name)?.filter(|text| wanted(text)))
        })
        .with_context(|| format!("{name} says {:?}\n{}", self.text(name).ok().flatten(), self.page_for_people()))
    }

    /// The text of an element or the value of an input; none when there is no such element.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        let script = "const it = document.querySelector(arguments[0]); if (!it) return null; \
                      return 'value' in it && it.tagName != 'LI' && it.tagName != 'BUTTON' ? it.value : it.innerText";
        Ok(self.script(script, vec![json!(selector(name))])?.as_str().map(str::to_owned))
    }

    /// An attribute of an element; none when there is no such element or attribute.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn attribute(&self, name: &str, attribute: &str) -> Result<Option<String>> {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        Ok(self.script(script, vec![json!(selector(name)), json!(attribute)])?.as_str().map(str::to_owned))
    }

    /// Clicks an element as a person would: it has to be to be seen, enabled, and not covered.
    ///
    /// # Errors
    /// When it cannot be clicked; the page's text is in the message.
    pub fn click(&self, name: &str) -> Result<()> {
        self.click_on(&selector(name))
    }

    /// Clicks the first element that a CSS selector finds.
    ///
    /// # Errors
    /// When it cannot be clicked; the page's text is in the message.
    pub fn click_on(&self, css: &str) -> Result<()> {
        self.with_element(css, "is clicked", |element| async move {
            if !element.is_enabled().await? {
                return Ok(false);
            }
            element.click().await.map(|()| true)
        })
    }

    /// Replaces what an input holds by typing.
    ///
    /// # Errors
    /// When it cannot be typed into; the page's text is in the message.
    pub fn type_into(&self, name: &str, text: &str) -> Result<()> {
        self.with_element(&selector(name), "is typed into", |element| async move {
            element.clear().await?;
            element.send_keys(text).await.map(|()| true)
        })
    }

    /// Presses keys where the focus is; special keys are those of `fantoccini::key::Key`.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn press(&self, keys: &str) -> Result<()> {
        let client = self.client()?;
        self.runtime.block_on(async { client.active_element().await?.send_keys(keys).await }).context("pressing keys")
    }

    /// Chooses the option of a `<select>` whose text contains `text`.
    ///
    /// # Errors
    /// When there is none; the page's text is in the message.
    pub fn choose(&self, name: &str, text: &str) -> Result<()> {
        self.with_element(&selector(name), &format!("offers {text}"), |element| async move {
            for option in element.find_all(Locator::Css("option")).await? {
                if option.text().await?.contains(text) {
                    return option.click().await.map(|()| true);
                }
            }
            Ok(false)
        })
    }

    /// Tries something with an element until it works: a page that is still drawing makes elements stale or covers them.
    fn with_element<F: Future<Output = Result<bool, fantoccini::error::CmdError>>>(
        &self,
        css: &str,
        what: &str,
        mut act: impl FnMut(fantoccini::elements::Element) -> F,
    ) -> Result<()> {
        let client = self.client()?;
        let mut last = None;
        let outcome = wait::until_true(&format!("{css} {what}"), wait::SOON, || {
            let tried = self.runtime.block_on(async {
                let element = client.find(Locator::Css(css)).await?;
                act(element).await
            });
            Ok(tried.unwrap_or_else(|error| {
                last = Some(error);
                false
            }))
        });
        outcome.with_context(|| {
            let error = last.map(|error| format!("the browser said: {error}\n")).unwrap_or_default();
            format!("{error}{}", self.page_for_people())
        })
    }

    /// Sets the size of the page in pixels.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn set_size(&self, width: u32, height: u32) -> Result<()> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)?;
        Ok(())
    }

    /// Makes the system's choice dark or light.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn set_dark(&self, dark: bool) -> Result<()> {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features)?;
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

fn port_in(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("started successfully on port ")?;
    rest.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}

fn capabilities(workstation: &Workstation, options: Options) -> Result<fantoccini::wd::Capabilities> {
    let mut arguments = arguments(&workstation.profile(), true);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_found_in_what_chromedriver_says() {
        assert_eq!(port_in("ChromeDriver was started successfully on port 40123."), Some(40123));
        assert_eq!(port_in("Starting ChromeDriver"), None);
    }
}
