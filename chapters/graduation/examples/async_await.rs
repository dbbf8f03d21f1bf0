//! The note's `async`/`await` program on tokio.
//!
//! `cargo run -p graduation --example async_await -- --manual-clock`

use std::io;
use std::time::Duration;

use tokio::time::sleep;

async fn io_operation() {
    println!("Some time-consuming IO operations...");
    sleep(Duration::from_secs(2)).await;
}

async fn program() {
    println!("Begin operation");
    io_operation().await;
    println!("End operation");
}

fn main() -> io::Result<()> {
    graduation::play(program())
}
