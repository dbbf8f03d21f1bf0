//! What the learner's tool knows of the exercises: the catalogue, how a stub is cut from a solution, and how an answer is
//! judged. The maintainers' checks (`tests/maintainer.rs`) use the same. [`questions`] are what a chapter asks.
//!
//! ```text
//!   exercises.toml ──▶ catalogue ──▶ engine: cargo builds, each check in a process of its own ──▶ verdict
//!                          │
//!   solutions/ID.rs ──▶ stub: what the learner begins with            progress: what is finished
//! ```
#![forbid(unsafe_code)]

pub mod files;

pub mod catalogue;

pub mod stub;

pub mod engine;

pub mod verdict;

pub mod counts;

pub mod replace;

pub mod progress;

pub mod questions;
