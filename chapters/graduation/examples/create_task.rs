//! The note's `create_task` program on tokio.
//!
//! `cargo run -p graduation --example create_task -- --manual-clock`

use std::io;
use std::time::Duration;

use tokio::spawn;
use tokio::time::sleep;

async fn io_operation(id: u32, delay: u64) {
    sleep(Duration::from_secs(delay)).await;
    println!("IO {id} delayed {delay}s");
}

async fn program() {
    let task1 = spawn(io_operation(1, 1)); // Scheduled. On several threads, another one may start it at once.
    let task2 = spawn(io_operation(2, 2));
    task1.await.expect("it does not fail");
    task2.await.expect("it does not fail");
}

fn main() -> io::Result<()> {
    graduation::play(program())
}
