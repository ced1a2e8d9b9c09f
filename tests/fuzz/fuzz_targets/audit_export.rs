#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_entries::audit::audit_export(bytes));
