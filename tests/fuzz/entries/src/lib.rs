//! Where a fuzzer enters: everything that reads what somebody else sent. Each entry takes bytes and panics when a promise is
//! broken. The targets in `../fuzz_targets` call these; an ordinary test replays the corpus through them.

#![expect(clippy::panic, reason = "a fuzzer looks for panics")]

pub mod audit;
#[cfg(feature = "programs")]
pub mod capture;
pub mod endpoint;
pub mod frames;
pub mod input;
pub mod json;
#[cfg(feature = "programs")]
pub mod programs;
#[cfg(feature = "programs")]
pub mod recording;
#[cfg(feature = "programs")]
pub mod relay;

/// A target: its name, which is the folder of its corpus too, and its entry.
pub type Target = (&'static str, fn(&[u8]));

/// Every target that needs `wire` alone.
pub const OF_WIRE: [Target; 8] = [
    ("stream_frames", frames::stream_frames),
    ("stream_endpoint", endpoint::stream_endpoint),
    ("resume_handshake", endpoint::resume_handshake),
    ("agent_messages", json::agent_messages),
    ("link_messages", json::link_messages),
    ("helper_messages", json::helper_messages),
    ("console_api", json::console_api),
    ("audit_export", audit::audit_export),
];

/// Every target that needs the programs.
#[cfg(feature = "programs")]
pub const OF_PROGRAMS: [Target; 8] = [
    ("relay_table", relay::relay_table),
    ("native_messaging", programs::native_messaging),
    ("enrolment", programs::enrolment),
    ("proxy_answers", programs::proxy_answers),
    ("metrics_request", programs::metrics_request),
    ("items_csv", programs::items_csv),
    ("recording", recording::recording),
    ("capture", capture::capture),
];
