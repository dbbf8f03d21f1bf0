//! Exercise `desugar` (step 2, easy): an `async fn` with two awaits, as the enum that the compiler makes of it.
//!
//! ```text
//! async fn order(ask: Ask, pay: Pay) -> u32 {
//!     let price = ask().await;
//!     let fee = pay(price).await;
//!     price + fee
//! }
//! ```
//!
//! Write the same as `Order`: one variant for each place where it can stop, with what it needs to go on from there.
//!
//! # Contract
//!
//! - Making an `Order` runs nothing.
//! - The first poll calls `ask`, and polls what it returns.
//! - One poll goes as far as it can: what an await returns at once does not stop it.
//! - While the awaited future is pending, so is the order, and the waker of the latest poll is left with it.
//! - It goes on where it has stopped: `ask` and `pay` are called once each.
//! - Its output is the price plus the fee.
//! - Polled after its end, it panics.
//!
//! Check it with `cargo course check desugar`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is awaited. It is boxed, so that an `Order` may hold it and still be moved.
type Io = Pin<Box<dyn Future<Output = u32>>>;
/// Asks for a price.
type Ask = Box<dyn FnOnce() -> Io>;
/// Pays a price, which costs a fee.
type Pay = Box<dyn FnOnce(u32) -> Io>;

enum Order {
    /// Nothing has run yet.
    Begin { ask: Ask, pay: Pay },
    // One variant for each place where it can stop, and one for the end.
}

impl Order {
    fn new(ask: Ask, pay: Pay) -> Self {
        todo!("desugar: keep the arguments until the first poll")
    }
}

impl Future for Order {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        todo!("desugar: go as far as possible from where it has stopped")
    }
}

#[cfg(test)]
#[path = "../checks/desugar.rs"]
mod checks;
