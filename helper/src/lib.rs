//! What the helper understands of the browser's words, apart from the program, so that a fuzzer reaches it.

pub mod native_messaging;
