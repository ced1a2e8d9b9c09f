//! The shipped programs together, without a browser: one test program, one module per subject.

mod servers;
