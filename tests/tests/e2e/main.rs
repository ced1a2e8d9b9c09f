//! The main job in a real browser, against real servers. `cargo verify` runs it; it needs Chromium and Debian packages.
