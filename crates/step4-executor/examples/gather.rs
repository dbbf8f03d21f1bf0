//! The note's `gather` program: two waits of one and two seconds, which take two seconds together.
//!
//! `cargo run -p step4 --example gather -- --manual-clock`

use std::time::Duration;

use step3::{Clock, ManualClock, sleep};
use step4::{EventLoop, gather, spawn};
use timeline::demo::{Stage, say};

async fn io_operation(id: u32, delay: u64) {
    sleep(Duration::from_secs(delay)).await;
    say(format!("IO {id} delayed {delay}s"));
}

async fn program() {
    gather([spawn(io_operation(1, 1)), spawn(io_operation(2, 2))]).await.expect("neither fails");
}

fn main() -> std::io::Result<()> {
    let stage = Stage::from_args();
    let clock = if stage.is_manual() { Clock::from(&ManualClock::new()) } else { Clock::real() };
    let event_loop = EventLoop::with_clock(clock.clone())?;
    stage.play(move || clock.now(), || event_loop.run(program()));
    Ok(())
}
