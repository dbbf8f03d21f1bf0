//! The note's `gather` program on tokio: there is no function `gather`, but a macro that awaits several futures.
//!
//! `cargo run -p graduation --example gather -- --manual-clock`

use std::io;
use std::time::Duration;

use tokio::time::sleep;
use tokio::{spawn, try_join};

async fn io_operation(id: u32, delay: u64) {
    sleep(Duration::from_secs(delay)).await;
    println!("IO {id} delayed {delay}s");
}

async fn program() {
    try_join!(spawn(io_operation(1, 1)), spawn(io_operation(2, 2))).expect("neither fails");
}

fn main() -> io::Result<()> {
    graduation::play(program())
}
