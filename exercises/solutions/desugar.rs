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
    // BEGIN SOLUTION
    //~ // One variant for each place where it can stop, and one for the end.
    /// At the first await.
    Asking { asking: Io, pay: Pay },
    /// At the second await.
    Paying { price: u32, paying: Io },
    /// It has returned.
    End,
    // END SOLUTION
}

impl Order {
    fn new(ask: Ask, pay: Pay) -> Self {
        // BEGIN SOLUTION: keep the arguments until the first poll
        Self::Begin { ask, pay }
        // END SOLUTION
    }
}

impl Future for Order {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        // BEGIN SOLUTION: go as far as possible from where it has stopped
        let this = self.get_mut();
        loop {
            match mem::replace(this, Self::End) {
                Self::Begin { ask, pay } => *this = Self::Asking { asking: ask(), pay },
                Self::Asking { mut asking, pay } => match asking.as_mut().poll(cx) {
                    Poll::Ready(price) => *this = Self::Paying { price, paying: pay(price) },
                    Poll::Pending => {
                        *this = Self::Asking { asking, pay };
                        return Poll::Pending;
                    }
                },
                Self::Paying { price, mut paying } => match paying.as_mut().poll(cx) {
                    Poll::Ready(fee) => return Poll::Ready(price + fee),
                    Poll::Pending => {
                        *this = Self::Paying { price, paying };
                        return Poll::Pending;
                    }
                },
                Self::End => panic!("`Order` was polled after it had returned Ready"),
            }
        }
        // END SOLUTION
    }
}

#[cfg(test)]
#[path = "../checks/desugar.rs"]
mod checks;
