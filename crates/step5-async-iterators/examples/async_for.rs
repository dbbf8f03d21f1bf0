//! The note's `async for` program: five items, a second apart, one after the other.
//!
//! `cargo run -p step5 --example async_for -- --manual-clock`

use std::time::Duration;

use step3::{Clock, ManualClock, sleep};
use step4::EventLoop;
use step5::{Generator, for_await, generator};
use timeline::demo::{Stage, say};

struct AsyncIterable {
    max_count: u32,
}

impl AsyncIterable {
    /// Python's `async def __aiter__` with a `yield` in it: a plain function that returns a fresh generator.
    fn aiter(&self) -> Generator<'_, u32> {
        generator(|y| async move {
            for i in 0..self.max_count {
                sleep(Duration::from_secs(1)).await; // An asynchronous operation.
                y.emit(i).await;
            }
        })
    }
}

async fn program() {
    for_await!(item in AsyncIterable { max_count: 5 }.aiter() => {
        say(format!("Received: {item}"));
    });
}

fn main() -> std::io::Result<()> {
    let stage = Stage::from_args();
    let clock = if stage.is_manual() { Clock::from(&ManualClock::new()) } else { Clock::real() };
    let event_loop = EventLoop::with_clock(clock.clone())?;
    stage.play(move || clock.now(), || event_loop.run(program()));
    Ok(())
}
