//! What every agent does: a program in a remote network that dials out to the appliance, proves who it is, and opens TCP
//! connections to the targets the appliance names.
//!
//! | file | what it holds |
//! |---|---|
//! | [`identity`] | who the agent is, on disk |
//! | [`kept_proxy`] | the proxy that was named for it, on disk |
//! | [`enrol`] | becoming somebody, once, with a key from the console |
//! | [`greeting`] | proving it on every link |
//! | [`control`] | the control link: reconnecting, being told of sessions |
//! | [`sessions`] | the sessions that run |
//! | [`session`] | one session's link and its connections |
//! | [`host_facts`] | what the agent tells of its host |

pub mod control;
pub mod enrol;
pub mod greeting;
pub mod host_facts;
pub mod identity;
pub mod kept_proxy;
pub mod session;
pub mod sessions;
