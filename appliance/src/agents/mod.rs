//! Jumpoints' agents: how they enrol, how they prove who they are, which are connected, and which one gets a session.

pub mod choice;
pub mod enrolment;
pub mod presence;
pub mod proof;
