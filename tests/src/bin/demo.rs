//! `cargo demo`: builds everything, starts a whole site on this machine with something to reach, and opens a browser that is
//! ready to use it. With `--check` it goes through the main job once by itself and ends.
#![expect(clippy::print_stdout, reason = "stdout is where this program talks to the person")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tempfile::TempDir;
use tests::api_client::ApiClient;
use tests::appliance::{Administrator, Ready, wait_until_ready};
use tests::browser::{self, Browser, Workstation};
use tests::console::{Console, NewItem};
use tests::prerequisites;
use tests::program::Program;
use tests::servers::{Echo, Page, Redis, find_program};
use tests::steps::{Outcome, Steps};
use tests::stop;
use tests::workspace::{PROGRAMS, cargo, extension_folder, program, root};
use wire::api::{JumpGroup, JumpGroupDraft, JumpItem, Jumpoint, TunnelDefinition, TunnelJumpDraft};

/// How long the appliance may take to serve; the first start makes keys and a database.
const START_LIMIT: Duration = Duration::from_secs(90);
/// What the sample page says.
const GREETING: &str = "It works: these bytes came through the tunnel.";

/// Starts Sallyport for a look.
#[derive(Parser)]
struct Arguments {
    /// Goes through the main job once in a headless browser, and ends.
    #[arg(long)]
    check: bool,
    /// Opens no browser.
    #[arg(long)]
    no_browser: bool,
    /// Port of the appliance; without: a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// What runs on this machine for the demo.
struct Site {
    dev: Program,
    ready: Ready,
    admin: Administrator,
    page: Page,
    echo: Echo,
    redis: Option<Redis>,
    folder: TempDir,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    stop::listen()?;
    match run(&arguments) {
        // Everything that was started has ended with its values. A check that was not finished is no success.
        Err(_) if stop::asked() && !arguments.check => Ok(()),
        result => result,
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let with_browser = arguments.check || (has_display() && !arguments.no_browser);
    build(with_browser)?;
    let mut site = Site::start(arguments.port)?;
    if arguments.check {
        check(&site).inspect_err(|_| eprintln!("the appliance said:\n{}", site.dev.log()))?;
        site.dev.stop()?;
        println!("The main job works.");
        return Ok(());
    }
    let window = if with_browser { Some(open_window(&site)?) } else { None };
    println!("\n  Console    {}", site.ready.url);
    println!("  User       {}", site.admin.user);
    println!("  Password   {}\n", site.admin.password);
    match &window {
        Some(_) => println!("A browser with helper and extension is open. Sign in, choose an item, press Jump."),
        None => println!(
            "Its certificate authority is {}.\nThe page \"Get the helper\" in the console tells how to install the helper.",
            site.ready.ca.display()
        ),
    }
    println!("Ctrl-C ends everything.");
    wait_for_the_end(&mut site.dev)?;
    println!("Ending …");
    drop(window);
    site.dev.stop()?;
    Ok(())
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn build(with_browser: bool) -> Result<()> {
    let mut steps = Steps::new(3, root().join("target/demo"), |line| println!("{line}"))?;
    let done = |outcome: Outcome| {
        ensure!(outcome.problem.is_none(), "{} failed; see above", outcome.name);
        Ok(())
    };
    done(steps.step("prerequisites", "what the machine has to have", |step| {
        prerequisites::for_building(step)?;
        if with_browser { prerequisites::for_browser(step) } else { Ok(()) }
    }))?;
    done(steps.step("site", "console to WebAssembly, styles, extension; some minutes the first time", |step| {
        step.run(cargo().args(["run", "--locked", "--bin", "www"]))
    }))?;
    done(steps.step("programs", "appliance, jumpoint, helper; some minutes the first time", |step| {
        step.run(cargo().args(["build", "--locked"]).args(PROGRAMS.iter().flat_map(|(_, program)| ["--bin", program])))
    }))
}

impl Site {
    fn start(port: u16) -> Result<Self> {
        println!("Starting appliance, jumpoint and something to reach …");
        let folder = tempfile::Builder::new().prefix("sallyport-demo-").tempdir()?;
        let ready_file = folder.path().join("ready.json");
        let mut command = Command::new(program("sallyport")?);
        command.arg("dev").arg("--data-dir").arg(folder.path().join("data")).args(["--port", &port.to_string()]);
        command.arg("--ready-file").arg(&ready_file).stdin(Stdio::null());
        let mut dev = Program::start("sallyport-dev", &mut command, folder.path())?;
        let ready = wait_until_ready(&mut dev, &ready_file, START_LIMIT)?;
        let admin = ready.admin.clone().context("sallyport dev named no administrator")?;
        let page = Page::start(&format!("<!doctype html><title>Sample</title><h1>{GREETING}</h1>\n"))?;
        let echo = Echo::start()?;
        // Only a sample: without Redis on this machine there is one item less.
        let redis = Redis::start().ok();
        let site = Self { dev, ready, admin, page, echo, redis, folder };
        site.make_items()?;
        Ok(site)
    }

    /// Items for the servers of this process; what `sallyport dev` made stays beside them.
    fn make_items(&self) -> Result<()> {
        let admin = ApiClient::new(&self.ready.url, &self.ready.ca)?;
        admin.sign_in(&self.admin.user, &self.admin.password)?;
        let jumpoint = self.jumpoint(&admin)?;
        let draft =
            JumpGroupDraft { name: "On this machine".into(), comments: "Made by cargo demo.".into(), revision: 0 };
        let group: JumpGroup = admin.post("/api/jump-groups", &draft)?.ok()?;
        let mut samples = vec![
            ("Sample web page", "127.7.0.1", self.page.port(), 8080, "HTTP"),
            ("Sample echo", "127.7.0.2", self.echo.port(), 7007, "Echo"),
        ];
        samples.extend(self.redis.as_ref().map(|redis| ("Sample Redis", "127.7.0.3", redis.port, 6379, "Redis")));
        for (name, local_address, remote_port, local_port, label) in samples {
            let draft = TunnelJumpDraft {
                name: name.into(),
                jumpoint_id: jumpoint.id,
                group_id: group.id,
                hostname: "127.0.0.1".into(),
                local_address: local_address.into(),
                tunnels: vec![TunnelDefinition { local_port, remote_port: remote_port.into(), label: label.into() }],
                tag: None,
                comments: "Made by cargo demo.".into(),
                jump_policy_id: None,
                session_policy_id: None,
                credentials: None,
                revision: 0,
            };
            let _: JumpItem = admin.post("/api/jump-items", &draft)?.ok()?;
        }
        Ok(())
    }

    fn jumpoint(&self, admin: &ApiClient) -> Result<Jumpoint> {
        tests::wait::until("the jumpoint is online", START_LIMIT, || {
            let all: Vec<Jumpoint> = admin.get("/api/jumpoints")?;
            Ok(all.into_iter().find(|it| it.online))
        })
        .with_context(|| self.dev.log())
    }
}

/// The main job, once: sign in, create an item, Jump, Protocol Tunneling, and a request through the tunnel.
fn check(site: &Site) -> Result<()> {
    println!("Going through the main job in a headless browser:");
    let workstation = Workstation::new(&site.ready)?;
    println!("- install the helper");
    workstation.install_helper(&site.ready)?;
    println!("- start the browser and sign in");
    let browser = Browser::start(&workstation, browser::Options::default())?;
    let console = Console::open(browser, &site.ready.url)?;
    console.sign_in(&site.admin.user, &site.admin.password)?;
    console.wait_for_helper()?;
    println!("- create a Protocol Tunnel Jump");
    let admin = ApiClient::new(&site.ready.url, &site.ready.ca)?;
    admin.sign_in(&site.admin.user, &site.admin.password)?;
    let jumpoint = site.jumpoint(&admin)?.name;
    console.create_item(&NewItem {
        name: "check",
        jumpoint: &jumpoint,
        hostname: "127.0.0.1",
        local_address: "127.7.0.9",
        pairs: &[(18080, site.page.port())],
        group: "",
    })?;
    println!("- Jump, and Protocol Tunneling");
    console.jump("check")?;
    let address = console.tunnel(1)?[0];
    println!("- GET http://{address}/");
    let answer = get(address)?;
    ensure!(answer.contains(GREETING), "the page is not the one behind the tunnel:\n{answer}");
    console.end_session()?;
    println!("- the session has ended");
    Ok(())
}

fn get(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("reading the page through the tunnel")?;
    Ok(answer)
}

/// A browser for the person, with a profile and home of its own.
struct Window {
    _browser: Program,
    _workstation: Workstation,
}

fn open_window(site: &Site) -> Result<Window> {
    let workstation = Workstation::new(&site.ready)?;
    workstation.install_helper(&site.ready)?;
    let mut command = Command::new(find_program("chromium", &[])?);
    command.args(browser::arguments(&workstation.profile(), false)).stdin(Stdio::null());
    command.arg(format!("--load-extension={}", extension_folder().display())).arg(&site.ready.url);
    if let (None, Some(home)) = (std::env::var_os("XAUTHORITY"), std::env::home_dir()) {
        // The key to the display is looked for in the home folder, which becomes another one.
        command.env("XAUTHORITY", home.join(".Xauthority"));
    }
    command.env("HOME", workstation.home()).env_remove("XDG_CONFIG_HOME");
    let browser = Program::start("chromium", &mut command, site.folder.path())?;
    Ok(Window { _browser: browser, _workstation: workstation })
}

/// Until Ctrl-C, SIGTERM, or the appliance's own end.
fn wait_for_the_end(dev: &mut Program) -> Result<()> {
    while !stop::asked() {
        if dev.ended()?.is_some() {
            // A Ctrl-C reached the appliance first; anything else is worth telling.
            println!("The appliance has ended. It said:\n{}", tests::program::tail(&dev.log(), 10));
            return Ok(());
        }
        std::thread::sleep(stop::LOOK);
    }
    Ok(())
}
