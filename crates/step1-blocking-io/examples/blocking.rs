//! The note's first program: it blocks for two seconds.
//!
//! ```python
//! def io_operation():
//!     print("Some time-consuming IO operations...")
//!     time.sleep(2)
//!
//! def main():
//!     print("Begin operation")
//!     io_operation()
//!     print("End operation")
//!
//! main()
//! ```

use std::time::Duration;

use timeline::demo::{Stage, Time, say};

fn io_operation(time: &Time) {
    say("Some time-consuming IO operations...");
    time.sleep(Duration::from_secs(2));
}

fn main() {
    let stage = Stage::from_args();
    let time = Time::for_stage(&stage);
    let clock = time.clone();
    let program = || {
        say("Begin operation");
        io_operation(&time);
        say("End operation");
    };
    stage.play(move || clock.now(), program);
}
