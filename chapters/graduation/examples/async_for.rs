//! The note's `async for` program on tokio, which has no generators and no loop over streams: the crate `async-stream` has the
//! first, and `while let` is the second.
//!
//! `cargo run -p graduation --example async_for -- --manual-clock`

use std::io;
use std::pin::pin;
use std::time::Duration;

use async_stream::stream;
use tokio::time::sleep;
use tokio_stream::{Stream, StreamExt};

struct AsyncIterable {
    max_count: u32,
}

impl AsyncIterable {
    /// Python's `async def __aiter__` with a `yield` in it: a plain function that returns a fresh stream.
    fn aiter(&self) -> impl Stream<Item = u32> {
        stream! {
            for i in 0..self.max_count {
                sleep(Duration::from_secs(1)).await; // An asynchronous operation.
                yield i;
            }
        }
    }
}

async fn program() {
    let items = AsyncIterable { max_count: 5 };
    let mut items = pin!(items.aiter());
    while let Some(item) = items.next().await {
        println!("Received: {item}");
    }
}

fn main() -> io::Result<()> {
    graduation::play(program())
}
