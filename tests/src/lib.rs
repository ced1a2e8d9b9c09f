//! What the tests, `cargo verify`, `cargo demo` and `chain` are made of: the shipped programs as child processes, real
//! servers and clients beside them, a browser, and the checks of the source tree.
//!
//! | module | holds |
//! |---|---|
//! | [`workspace`] | folders of this checkout, and the programs built from it |
//! | [`program`] | one child process: its log, its end |
//! | [`wait`] | waiting for something to become true, with an end |
//! | [`api_client`] | the console API as a script uses it |
//! | [`appliance`], [`jumpoint`], [`helper`] | the three programs |
//! | [`way`] | how helper and jumpoint are told to reach the appliance |
//! | [`authenticator`] | a telephone with an authenticator app |
//! | [`database`] | what the appliances keep their data in |
//! | [`certificates`] | an authority and a certificate for one test |
//! | [`raw_link`] | a link spoken by hand, to say what no program of ours would |
//! | [`audit_trail`] | the audit trail as an administrator has it |
//! | [`clock`] | a clock for one program alone, moved by the test |
//! | [`sign_on`] | signing in by way of a provider |
//! | [`site`] | appliance, administrator, jumpoint and helper together |
//! | [`servers`] | PostgreSQL, Redis, sshd, nginx, Squid, HAProxy, a mail server, and small servers in this process |
//! | [`browser`], [`console`] | Chromium through ChromeDriver, and the console in it |
//! | [`prerequisites`] | what the machine has to have |
//! | [`steps`] | long work told step by step |
//! | [`stop`] | being asked to stop |
//! | [`guards`] | rules of the source tree that the compiler does not check |

// Features of a dependency of tests alone are then those of the programs too, and nothing is built twice.
use proptest as _;

pub mod api_client;
pub mod appliance;
pub mod audit_trail;
pub mod authenticator;
pub mod browser;
pub mod certificates;
pub mod clock;
pub mod console;
pub mod database;
pub mod guards;
pub mod helper;
pub mod jumpoint;
pub mod metrics;
pub mod prerequisites;
pub mod program;
pub mod raw_link;
pub mod servers;
pub mod sign_on;
pub mod site;
pub mod steps;
pub mod stop;
pub mod wait;
pub mod way;
pub mod workspace;
