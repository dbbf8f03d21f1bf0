//! What a future is and does, driven by hand: the counterpart of a coroutine object in Python.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use step2::state_machine::main_async;
use step2::{MainMachine, yield_now};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn calling_an_async_fn_runs_nothing() {
    let ran = Cell::new(false);
    let future = async { ran.set(true) };
    assert!(!ran.get());
    drop(future);
    assert!(!ran.get());
}

/// Drives `main` poll by poll, and returns what had been printed after each poll.
fn lines_after_each_poll<F: Future<Output = ()>>(main: F, lines: &RefCell<Vec<String>>) -> Vec<Vec<String>> {
    let mut main = pin!(main);
    let mut seen = vec![lines.borrow().clone()];
    loop {
        let outcome = poll(main.as_mut());
        seen.push(lines.borrow().clone());
        if outcome.is_ready() {
            return seen;
        }
    }
}

#[test]
fn driven_by_hand_it_stops_resumes_and_ends_and_the_enum_does_so_poll_by_poll_like_the_async_fn() {
    let lines = RefCell::new(Vec::new());
    let print = |line: &str| lines.borrow_mut().push(line.to_owned());
    let by_compiler = lines_after_each_poll(main_async(&print, yield_now), &lines);
    lines.borrow_mut().clear();
    let by_hand = lines_after_each_poll(MainMachine::new(&print, yield_now), &lines);
    assert_eq!(by_hand, by_compiler);
    assert_eq!(
        by_hand,
        [
            vec![],
            vec!["Begin operation".to_owned()],
            vec!["Begin operation".to_owned(), "End operation".to_owned()]
        ]
    );
}

#[test]
#[should_panic(expected = "polled after it had returned Ready")]
fn driving_the_machine_after_its_end_panics() {
    let mut machine = pin!(MainMachine::new(|_: &str| (), || std::future::ready(())));
    assert!(poll(machine.as_mut()).is_ready());
    let _ = poll(machine);
}

#[test]
#[should_panic(expected = "resumed after completion")]
fn driving_an_async_fn_after_its_end_panics() {
    let mut future = pin!(async {});
    assert!(poll(future.as_mut()).is_ready());
    let _ = poll(future);
}

/// Sets its cell when dropped: what a `finally` is in Python.
struct Finally<'a>(&'a Cell<bool>);

impl Drop for Finally<'_> {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn dropping_a_suspended_future_runs_its_destructors() {
    let cleaned_up = Cell::new(false);
    let mut future = Box::pin(async {
        let _finally = Finally(&cleaned_up);
        std::future::pending::<()>().await;
    });
    assert!(poll(future.as_mut()).is_pending());
    assert!(!cleaned_up.get());
    drop(future);
    assert!(cleaned_up.get());
}

#[test]
fn dropping_a_future_that_never_started_drops_its_arguments_and_runs_no_line_of_it() {
    let (dropped, ran) = (Cell::new(false), Cell::new(false));
    let argument = Finally(&dropped);
    let future = async {
        ran.set(true);
        drop(argument);
    };
    drop(future);
    assert!(dropped.get() && !ran.get());
}

#[test]
fn awaiting_runs_in_line_and_awaiting_what_is_ready_does_not_suspend() {
    let order = RefCell::new(Vec::new());
    let mut outer = pin!(async {
        order.borrow_mut().push("outer begins");
        async { order.borrow_mut().push("inner") }.await;
        std::future::ready(()).await;
        order.borrow_mut().push("outer ends");
    });
    assert!(poll(outer.as_mut()).is_ready(), "one poll is enough");
    assert_eq!(*order.borrow(), ["outer begins", "inner", "outer ends"]);
}

#[test]
fn only_a_real_suspension_lets_others_run() {
    let order = RefCell::new(Vec::new());
    let worker = |name: &'static str| {
        let order = &order;
        async move {
            order.borrow_mut().push(format!("{name} 1"));
            std::future::ready(()).await;
            order.borrow_mut().push(format!("{name} 2"));
            yield_now().await;
            order.borrow_mut().push(format!("{name} 3"));
        }
    };
    step2::block_on(step2::join(worker("a"), worker("b")));
    assert_eq!(*order.borrow(), ["a 1", "a 2", "b 1", "b 2", "a 3", "b 3"]);
}
