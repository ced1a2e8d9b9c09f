//! Jumpoints' agents: how they enrol, how they prove who they are, and which are connected.

pub mod enrolment;
pub mod presence;
pub mod proof;
