//! What helper and agents have in common: how they dial the appliance and carry TCP connections over the link. The appliance
//! takes from here what is the same at both ends.
//!
//! | file | what it holds |
//! |---|---|
//! | [`appliance_url`] | the address of an appliance as people write it and browsers compare it |
//! | [`trust`] | whose certificates are believed |
//! | [`tcp`] | connecting, and why it failed |
//! | [`dial`] | TLS, WebSocket and JSON over one dialled connection |
//! | [`tls_io`] | how TLS is read and written, at both ends |
//! | [`proxy`] | which HTTP proxy leads to the appliance |
//! | [`proxy_tunnel`] | asking a proxy for a connection |
//! | [`talk`] | JSON messages over a WebSocket |
//! | [`stream_driver`] | the stream protocol over one WebSocket, for many tasks |
//! | [`backoff`] | how long to wait before dialling again |
//! | [`redial`] | dialling again when a session's link was lost |
//! | [`link_stream`] | one connection's end of the link |
//! | [`carry`] | one TCP socket joined to one stream |
//! | [`metrics`] | what a program counts of itself, and where it is read |
//! | `read_blocks` | the memory that sockets are read into |
//! | [`allocator`] | how much free memory the process keeps |
//! | [`open_files`] | how many connections the process may have |
//! | [`stop_signal`] | being asked to stop |
//! | [`hex`] | bytes in JSON |
//!
//! No server code: this ships to workstations and into customers' networks.

pub mod allocator;
pub mod appliance_url;
pub mod backoff;
pub mod carry;
pub mod dial;
pub mod hex;
pub mod link_stream;
mod link_task;
pub mod metrics;
pub mod open_files;
pub mod proxy;
pub mod proxy_tunnel;
mod read_blocks;
pub mod redial;
pub mod stop_signal;
pub mod stream_driver;
pub mod talk;
pub mod tcp;
pub mod tls_io;
pub mod trust;

pub use appliance_url::ApplianceUrl;
pub use dial::{DialError, Dialer, LinkIo, WebSocket};
pub use proxy::ProxyChoice;
pub use trust::Trust;
