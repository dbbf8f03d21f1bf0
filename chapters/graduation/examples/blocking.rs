//! The note's first program on tokio: what blocks goes to a thread where it may, and is awaited.
//!
//! `cargo run -p graduation --example blocking`. No paused clock makes it faster: tokio's clock has no say in a `thread::sleep`.

use std::time::Duration;
use std::{io, thread};

use tokio::task::spawn_blocking;

fn io_operation() {
    println!("Some time-consuming IO operations...");
    thread::sleep(Duration::from_secs(2));
}

async fn program() {
    println!("Begin operation");
    spawn_blocking(io_operation).await.expect("it does not panic");
    println!("End operation");
}

fn main() -> io::Result<()> {
    graduation::play(program())
}
