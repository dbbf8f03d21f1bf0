//! A million timers on one wheel: sets them within the hour, cancels nine in ten, and lets the others come due.
//!
//! ```text
//! cargo run --release -p step3 --example million_timers_wheel
//! ```

use std::time::Instant;

use step3::{TooFar, Wheel};

const TIMERS: u64 = 1_000_000;
/// In ticks of a millisecond.
const HOUR: u64 = 3_600_000;

fn main() -> Result<(), TooFar> {
    let mut wheel = Wheel::new();

    let start = Instant::now();
    let mut keys = Vec::new();
    for timer in 0..TIMERS {
        keys.push(wheel.insert(scattered(timer), timer)?);
    }
    report("set", keys.len(), start);

    let start = Instant::now();
    for (_, key) in keys.iter().enumerate().filter(|(timer, _)| timer % 10 != 0) {
        wheel.remove(*key);
    }
    report("cancelled", keys.len() - wheel.len(), start);

    let start = Instant::now();
    let waiting = wheel.len();
    while wheel.pop(HOUR).is_some() {}
    report("came due", waiting, start);

    // A time-out that is set for each request and hardly ever needed: the timer's commonest life.
    let start = Instant::now();
    for request in 0..TIMERS {
        let time_out = wheel.insert(wheel.now() + 30_000, request)?;
        wheel.remove(time_out);
    }
    report("set and cancelled at once", TIMERS as usize, start);
    Ok(())
}

/// Spreads the timers over the hour, in no order (by the golden ratio, as in Fibonacci hashing).
fn scattered(timer: u64) -> u64 {
    (timer.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % HOUR
}

fn report(what: &str, timers: usize, start: Instant) {
    let each = start.elapsed().as_nanos() as f64 / timers as f64;
    println!("{timers:>9} {what:<26} {each:>6.1} ns each");
}
