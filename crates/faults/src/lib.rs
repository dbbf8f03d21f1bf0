//! Faults, and what is left behind after each: the runtimes under what a machine and its users do to them.
//!
//! Every file in `tests/` is one kind of fault: connections that reset, descriptors that run out, tasks that panic, a clock that
//! jumps. Each takes a [`Census`] before and after, since a fault may cost an error, but nothing may stay.
//!
//! A plain `cargo test` leaves this package out, because it takes a minute or two; `cargo test -p faults` runs it.
//!
//! A program beside them, `soak`, runs everything at once for ten minutes, and judges whether anything grows:
//!
//! ```console
//! $ cargo run --release -p faults --bin soak -- --minutes 10
//! ```

mod alone;
mod census;
mod echo;
mod roll_call;

pub use alone::alone;
pub use census::Census;
pub use echo::{Echo, Tally, echo, serve};
pub use roll_call::roll_call;
