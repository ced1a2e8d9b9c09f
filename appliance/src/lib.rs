//! The appliance.
pub mod store;
