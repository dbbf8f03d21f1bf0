//! A wrong answer to `desugar`: what `pay` returns is left alone until the next poll, as if it ran by itself.

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
    /// At the first await.
    Asking { asking: Io, pay: Pay },
    /// At the second await.
    Paying { price: u32, paying: Io },
    /// It has returned.
    End,
}

impl Order {
    fn new(ask: Ask, pay: Pay) -> Self {
        Self::Begin { ask, pay }
    }
}

impl Future for Order {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let this = self.get_mut();
        loop {
            match mem::replace(this, Self::End) {
                Self::Begin { ask, pay } => *this = Self::Asking { asking: ask(), pay },
                Self::Asking { mut asking, pay } => match asking.as_mut().poll(cx) {
                    Poll::Ready(price) => {
                        *this = Self::Paying { price, paying: pay(price) };
                        return Poll::Pending;
                    }
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
    }
}

#[cfg(test)]
#[path = "../../checks/desugar.rs"]
mod checks;
