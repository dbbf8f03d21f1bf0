//! What a call of `block_on` costs if the future is ready: with the park that it keeps, and with a new park each time.
//!
//! ```text
//! cargo run --release -p step2 --example kept_park
//! ```

use std::future::ready;
use std::hint::black_box;
use std::io;
use std::time::Instant;

use step2::{ThreadPark, block_on, drive};

const CALLS: u32 = 1_000_000;

fn main() -> io::Result<()> {
    let start = Instant::now();
    for call in 0..CALLS {
        black_box(block_on(ready(black_box(call))));
    }
    report("block_on, which keeps its park", start);

    let start = Instant::now();
    for call in 0..CALLS {
        black_box(drive(&mut ThreadPark::new(), ready(black_box(call)))?);
    }
    report("drive, on a new park each time", start);
    Ok(())
}

fn report(what: &str, start: Instant) {
    let each = start.elapsed().as_nanos() as f64 / f64::from(CALLS);
    println!("{what}   {each:>6.1} ns a call");
}
