//! What an answer to `desugar` has to do.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use exercises::{Task, check, misconception, note, notes};

use super::{Io, Order};

/// A shop whose answers come after so many polls.
#[derive(Clone, Default)]
struct Shop {
    kept: Arc<Mutex<Option<Waker>>>,
}

/// One answer of it: keeps the latest waker while it is pending.
struct Answer {
    shop: Shop,
    name: &'static str,
    pending: u32,
    value: u32,
}

impl Future for Answer {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        note(format!("{} is polled", self.name));
        if self.pending == 0 {
            *self.shop.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return Poll::Ready(self.value);
        }
        self.pending -= 1;
        *self.shop.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Makes an order whose two awaits are pending so many times.
fn order(shop: &Shop, ask_pending: u32, pay_pending: u32) -> Order {
    let (one, two) = (shop.clone(), shop.clone());
    let ask = move || -> Io {
        note("ask is called");
        Box::pin(Answer { shop: one, name: "asking", pending: ask_pending, value: 40 })
    };
    let pay = move |price: u32| -> Io {
        note(format!("pay is called with {price}"));
        Box::pin(Answer { shop: two, name: "paying", pending: pay_pending, value: 2 })
    };
    Order::new(Box::new(ask), Box::new(pay))
}

#[test]
fn making_it_runs_nothing() {
    check(|_| {
        let order = order(&Shop::default(), 1, 1);
        if !notes().is_empty() {
            misconception("W2-starts-at-call", &format!("before the first poll: {}", notes().join(", ")));
        }
        drop(order);
        assert!(notes().is_empty(), "and dropping it runs nothing either");
    });
}

#[test]
fn the_first_poll_asks() {
    check(|_| {
        let mut task = Task::new("order", order(&Shop::default(), 1, 1));
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(notes(), ["ask is called", "asking is polled"]);
    });
}

#[test]
fn one_poll_goes_as_far_as_it_can() {
    check(|_| {
        let mut task = Task::new("order", order(&Shop::default(), 1, 1));
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(task.poll(), Poll::Pending);
        let second = &notes()[2..];
        if !second.contains(&"paying is polled".to_owned()) {
            let text =
                "the second poll has the price, but does not poll what `pay` returns: nobody else will";
            misconception("W2-unpolled", text);
        }
        assert_eq!(second, ["asking is polled", "pay is called with 40", "paying is polled"]);

        let mut at_once = Task::new("order at once", order(&Shop::default(), 0, 0));
        assert!(at_once.poll().is_ready(), "both answers are there: one poll is enough");
    });
}

#[test]
fn while_it_waits_its_waker_is_left_behind() {
    check(|_| {
        let mut task = Task::new("order", order(&Shop::default(), 2, 2));
        for poll in 1..=4 {
            assert_eq!(task.poll(), Poll::Pending);
            if task.wakers() == 0 {
                misconception(
                    "W2-forgets-waker",
                    &format!("after poll {poll} nobody has a waker of the order"),
                );
            }
        }
    });
}

#[test]
fn it_goes_on_where_it_has_stopped() {
    check(|_| {
        let mut task = Task::new("order", order(&Shop::default(), 1, 1));
        while task.poll().is_pending() {}
        let calls: Vec<String> = notes().into_iter().filter(|note| note.contains("called")).collect();
        assert_eq!(calls, ["ask is called", "pay is called with 40"]);
    });
}

#[test]
fn its_output_is_the_price_and_the_fee() {
    check(|_| {
        let mut task = Task::new("order", order(&Shop::default(), 1, 2));
        let output = std::iter::repeat_with(|| task.poll()).find(Poll::is_ready);
        assert_eq!(output, Some(Poll::Ready(42)));
        assert_eq!(task.polls(), 4);
    });
}

#[test]
fn polled_after_its_end_it_panics() {
    check(|_| {
        let mut task = Task::new("order", order(&Shop::default(), 0, 0));
        assert!(task.poll().is_ready());
        catch_unwind(AssertUnwindSafe(|| task.poll()))
            .expect_err("it should panic when polled after its end");
    });
}
