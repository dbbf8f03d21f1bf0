//! The note's six programs on tokio: the examples are ports of ours, and here is what they share, a runtime and its clock.
//!
//! ```console
//! $ cargo run -p graduation --example gather -- --manual-clock
//! ```
#![forbid(unsafe_code)]

use std::{env, io};

use tokio::runtime::Builder;
use tokio::time::Instant;

/// Runs `program` on one thread, and then says on standard error how long that took on the runtime's clock.
///
/// With `--manual-clock` among the arguments, that clock is paused: as ours, it jumps to the next deadline whenever nothing can
/// run and nothing blocks.
///
/// # Errors
///
/// Returns the system's error if there is no runtime to be had.
pub fn play<F: Future>(program: F) -> io::Result<F::Output> {
    let is_manual = env::args().any(|argument| argument == "--manual-clock");
    let runtime = Builder::new_current_thread().enable_time().start_paused(is_manual).build()?;
    Ok(runtime.block_on(async {
        let begin = Instant::now();
        let output = program.await;
        eprintln!("took {:.1} s", begin.elapsed().as_secs_f64());
        output
    }))
}
