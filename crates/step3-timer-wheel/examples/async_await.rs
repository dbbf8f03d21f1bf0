//! The note's `async`/`await` program: one coroutine that sleeps, and a thread that sleeps with it.
//!
//! `cargo run -p step3 --example async_await -- --manual-clock`

use std::time::Duration;

use step2::{ThreadPark, drive};
use step3::{Clock, ManualClock, TimerDriver, sleep};
use timeline::demo::{Stage, say};

async fn io_operation() {
    say("Some time-consuming IO operations...");
    sleep(Duration::from_secs(2)).await;
}

async fn program() {
    say("Begin operation");
    io_operation().await;
    say("End operation");
}

fn main() -> std::io::Result<()> {
    let stage = Stage::from_args();
    let clock = if stage.is_manual() { Clock::from(&ManualClock::new()) } else { Clock::real() };
    let mut driver = TimerDriver::new(ThreadPark::new(), clock.clone());
    stage.play(move || clock.now(), || drive(&mut driver, program()))
}
