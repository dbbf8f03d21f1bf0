//! Memory of what waits: timers and tasks, as resident memory before and after.
//!
//! Resident memory is what the machine must have: it includes what the allocator rounds up, and tables that have grown.
//! Timers wait sixteen to an allocation, as sleeps do in a task; so their own size counts, but next to no rounding.

use std::future::{Future, pending};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};

use super::timers::{other, own_waker};
use super::{Tasks, Timers};
use crate::watch::{Plan, Sample, resident_bytes};

/// How many timers wait in one allocation.
const TOGETHER: usize = 16;

/// `size` timers wait.
pub(crate) fn timers<R: Timers>(plan: &Plan) -> Sample {
    let size = plan.size.next_multiple_of(TOGETHER);
    R::run(async move {
        let waker = own_waker().await;
        let mut waiting = Vec::with_capacity(size / TOGETHER);
        waiting.resize_with(size / TOGETHER, || None);
        let before = resident_bytes();
        for (at, place) in waiting.iter_mut().enumerate() {
            let mut sleeps = Box::pin(hold::<R>(waker.clone(), at * TOGETHER));
            assert!(sleeps.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            *place = Some(sleeps);
        }
        R::yield_now().await;
        let bytes = resident_bytes().saturating_sub(before) as f64 / size as f64;
        drop(waiting);
        let future = size_of_val(&R::sleep(other(0))) as f64;
        let together = size_of_val(&hold::<R>(waker, 0)) as f64 / TOGETHER as f64;
        Sample::of_bytes(bytes)
            .with("bytes_of_the_future", future)
            .with("bytes_of_the_future_as_held", together)
    })
}

/// Makes sixteen sleeps, polls them once, and keeps them. An async block pins what lives in it, without unsafe code.
async fn hold<R: Timers>(waker: Waker, first: usize) {
    macro_rules! each {
        ($($name:ident)*) => {
            let mut number = first;
            $(
                let $name = pin!(R::sleep(other(number)));
                assert!($name.poll(&mut Context::from_waker(&waker)).is_pending());
                number += 1;
            )*
            assert_eq!(number, first + TOGETHER);
            drop(waker);
            pending::<()>().await;
        };
    }
    each!(a b c d e f g h i j k l m n o p);
}

/// `size` tasks wait.
pub(crate) fn tasks<R: Tasks>(plan: &Plan) -> Sample {
    let size = plan.size;
    R::run(async move {
        start_idle::<R>(1_000).await; // What is made once, is made now.
        let before = resident_bytes();
        for at in (0..size).step_by(1_000) {
            start_idle::<R>(1_000.min(size - at)).await;
        }
        let bytes = resident_bytes().saturating_sub(before) as f64 / size as f64;
        Sample::of_bytes(bytes).with("bytes_of_the_future", size_of_val(&idle(0)) as f64)
    })
}

async fn start_idle<R: Tasks>(tasks: usize) {
    for n in 0..tasks {
        R::start(idle(n as u64));
    }
    R::yield_now().await; // All others have their first poll.
}

/// Waits for ever, with a number in hand.
#[expect(clippy::manual_async_fn, reason = "an async fn would keep its argument twice, 8 bytes more")]
pub(crate) fn idle(number: u64) -> impl Future<Output = ()> + 'static {
    async move {
        pending::<()>().await;
        black_box(number);
    }
}
