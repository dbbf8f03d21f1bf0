//! All stubs and all wrong answers in one program, so that the maintainers' checks build once.
//!
//! The modules are listed in a file that `crates/course/tests/maintainer.rs` writes before it builds this. Without the feature there is nothing here, so that editors need no such
//! file.
#![cfg(feature = "answers")]
#![allow(warnings, clippy::all, reason = "wrong answers need not be tidy")]

include!(concat!(env!("CARGO_TARGET_TMPDIR"), "/answers.rs"));
