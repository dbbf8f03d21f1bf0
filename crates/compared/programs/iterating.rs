//! Step 5's `for_await!`: one item at a time.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use compared::say;
use step2::yield_now;
use step4::spawn;
use step5::{AsyncIterator, Generator, for_await, generator, try_generator};

/// Counts down, and waits before each number.
struct Countdown {
    left: u32,
    waits: bool,
}

impl Countdown {
    fn new(start: u32) -> Self {
        Self { left: start, waits: false }
    }
}

impl AsyncIterator for Countdown {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.waits = !self.waits;
        if self.waits {
            say!("waiting for {}", self.left);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.left -= 1;
        Poll::Ready(Some(self.left + 1))
    }
}

/// Counts up to an end, and never waits.
struct Ready {
    next: u32,
    end: u32,
}

impl Ready {
    fn new(end: u32) -> Self {
        Self { next: 0, end }
    }
}

impl AsyncIterator for Ready {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.next == self.end {
            return Poll::Ready(None);
        }
        self.next += 1;
        Poll::Ready(Some(self.next))
    }
}

async fn other() {
    say!("another task");
}

/// The loop is sequential: while the body runs, the iterator stands still.
pub(crate) async fn one_item_after_the_other() {
    for_await!(number in Countdown::new(2) => {
        say!("body of {number} begins");
        yield_now().await;
        say!("body of {number} ends");
    });
    say!("over");
}

/// Other tasks run while the iterator waits for its next item.
pub(crate) async fn others_run_while_it_waits() {
    let task = spawn(other());
    for_await!(number in Countdown::new(2) => {
        say!("{number}");
    });
    task.await.unwrap();
}

/// Other tasks do not run if the next items are ready.
pub(crate) async fn others_do_not_run_if_it_is_ready() {
    let task = spawn(other());
    for_await!(number in Ready::new(3) => {
        say!("{number}");
    });
    task.await.unwrap();
}

/// A thousand items that are ready.
pub(crate) async fn a_thousand_ready_items() {
    let has_run = Rc::new(Cell::new(false));

    async fn other(has_run: Rc<Cell<bool>>) {
        has_run.set(true);
    }

    let task = spawn(other(Rc::clone(&has_run)));
    for_await!(_number in Ready::new(1000) => {});
    say!("{}", if has_run.get() { "another task has run meanwhile" } else { "no other task has run" });
    task.await.unwrap();
}

/// `break` leaves the loop, and the rest can be had later.
pub(crate) async fn left_early() {
    let mut numbers = Ready::new(4);
    for_await!(number in &mut numbers => {
        say!("{number}");
        if number == 2 {
            break;
        }
    });
    say!("in between");
    for_await!(number in numbers => {
        say!("{number}");
    });
    say!("the end");
}

/// An error ends a generator for good.
pub(crate) async fn an_error_ends_it() {
    fn numbers() -> Generator<'static, Result<u32, &'static str>> {
        try_generator(|y| async move {
            y.emit(Ok(1)).await;
            Err("no bread")?;
            y.emit(Ok(2)).await;
            Ok(())
        })
    }

    let mut items = numbers();
    for_await!(number in &mut items => {
        match number {
            Ok(number) => say!("{number}"),
            Err(error) => {
                say!("{error}");
                break;
            }
        }
    });
    for_await!(_number in items => {
        say!("never printed");
    });
    say!("it has ended");
}

/// Each loop over it has a generator of its own.
struct Letters;

impl Letters {
    fn iter(&self) -> Generator<'_, char> {
        generator(|y| async move {
            for letter in "ab".chars() {
                yield_now().await;
                y.emit(letter).await;
            }
        })
    }
}

/// If `__aiter__` is a generator function, each loop begins anew.
pub(crate) async fn each_loop_begins_anew() {
    let letters = Letters;
    for _ in 0..2 {
        for_await!(letter in letters.iter() => {
            say!("{letter}");
        });
    }
}

/// Two loops over it at once have their own places in it.
pub(crate) async fn a_loop_in_a_loop() {
    let letters = Letters;
    for_await!(outer in letters.iter() => {
        for_await!(inner in letters.iter() => {
            say!("{outer} {inner}");
        });
    });
}
