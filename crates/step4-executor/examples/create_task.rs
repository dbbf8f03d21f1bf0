//! The note's `create_task` program: two tasks that run by themselves, and are awaited one after the other.
//!
//! `cargo run -p step4 --example create_task -- --manual-clock`

use std::time::Duration;

use step3::{Clock, ManualClock, sleep};
use step4::{EventLoop, spawn};
use timeline::demo::{Stage, say};

async fn io_operation(id: u32, delay: u64) {
    sleep(Duration::from_secs(delay)).await;
    say(format!("IO {id} delayed {delay}s"));
}

async fn program() {
    let task1 = spawn(io_operation(1, 1)); // Scheduled, not started.
    let task2 = spawn(io_operation(2, 2));
    // Both start here, when `program` first waits.
    task1.await.expect("it does not fail");
    task2.await.expect("it does not fail");
}

fn main() -> std::io::Result<()> {
    let stage = Stage::from_args();
    let clock = if stage.is_manual() { Clock::from(&ManualClock::new()) } else { Clock::real() };
    let event_loop = EventLoop::with_clock(clock.clone())?;
    stage.play(move || clock.now(), || event_loop.run(program()));
    Ok(())
}
