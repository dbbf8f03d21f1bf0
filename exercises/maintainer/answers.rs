//! All stubs and all wrong answers in one program, so that the maintainers' checks build once.
//!
//! The modules are listed in a file that `crates/course/tests/maintainer.rs` writes before it builds this.
#![allow(warnings, clippy::all, reason = "wrong answers need not be tidy")]

include!(concat!(env!("CARGO_TARGET_TMPDIR"), "/answers.rs"));
