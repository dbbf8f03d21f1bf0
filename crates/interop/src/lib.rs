//! Libraries of others, unchanged, on our runtimes: what it takes to join them, and what happens under load.
//!
//! A library that is written against `futures-io` needs nothing of this: step 4's streams have those traits, so WebSockets, TLS
//! and compression just run (`tests/websocket.rs`, `tests/tls.rs`). Two others bring traits or a runtime of their own:
//!
//! ```text
//!   hyper ── hyper::rt::{Read, Write} ──▶ HyperIo ──── futures-io ────▶ step4::TcpStream
//!         └─ hyper::rt::Timer ──────────▶ HyperTimer ─────────────────▶ step3::sleep_until
//!
//!   tokio's sockets and timers ── a thread with a runtime ──▶ their driver; our tasks poll them inside `BesideTokio`
//! ```
//!
//! Read in this order: [`hyper_io`], [`hyper_timer`], the example `hyper_server`; then [`beside_tokio`].
//!
//! A plain `cargo test` leaves this package out, so that nobody has to compile hyper and tokio to learn without them;
//! `cargo test -p interop` runs it, and `.ci/run interop` also has wrk ask the server.

pub mod hyper_io;

pub mod hyper_timer;

pub mod beside_tokio;

pub use beside_tokio::BesideTokio;
pub use hyper_io::HyperIo;
pub use hyper_timer::HyperTimer;
