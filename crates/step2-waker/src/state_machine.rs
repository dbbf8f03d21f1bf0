//! What the compiler makes of an `async fn`: an enum with one variant for each place where it can stop.
//!
//! The note's program, as an `async fn` ([`main_async`]) and as the machine we would write ourselves ([`MainMachine`]):
//!
//! ```text
//!   async fn main():                     Begin
//!       print("Begin operation")           │ first poll: print, make the inner future
//!       io_operation().await             Waiting { io }   ⟲ each poll polls `io`; Pending: stay
//!       print("End operation")             │ `io` is Ready: print
//!                                        End              a poll after the end panics
//! ```
//!
//! # Invariants
//!
//! 1. Nothing runs until the first poll: making the machine only stores its arguments.
//! 2. One poll runs as far as it can: straight through the await if the inner future is Ready at once.
//! 3. `io` lives inside the machine, in the one variant that needs it, and is dropped when the machine leaves it.
//!
//! The machine contains the future that it waits for, and that future may hold references into itself. This is where
//! `Pin` comes from: once polled, the machine must not move. `pin_project_lite` hands the promise on to `io`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// Runs the note's `main`, written with `async` and `await`.
pub async fn main_async<Io: Future<Output = ()>>(print: impl Fn(&str), io_operation: impl Fn() -> Io) {
    print("Begin operation");
    io_operation().await;
    print("End operation");
}

pin_project! {
    /// Runs the note's `main`, written as the state machine that [`main_async`] compiles to.
    ///
    /// ```
    /// use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    /// use step2::{MainMachine, yield_now};
    ///
    /// let lines = std::cell::RefCell::new(Vec::new());
    /// let print = |line: &str| lines.borrow_mut().push(line.to_owned());
    /// let mut machine = pin!(MainMachine::new(print, yield_now));
    /// assert!(lines.borrow().is_empty(), "making it runs nothing");
    ///
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert_eq!(machine.as_mut().poll(&mut cx), Poll::Pending);
    /// assert_eq!(*lines.borrow(), ["Begin operation"]);
    /// assert_eq!(machine.as_mut().poll(&mut cx), Poll::Ready(()));
    /// assert_eq!(*lines.borrow(), ["Begin operation", "End operation"]);
    /// ```
    #[must_use = "a future does nothing until it is polled"]
    #[derive(Debug)]
    pub struct MainMachine<Print, MakeIo, Io> {
        print: Print,
        io_operation: MakeIo,
        #[pin]
        state: State<Io>,
    }
}

pin_project! {
    #[project = At]
    #[derive(Debug)]
    enum State<Io> {
        Begin,
        Waiting { #[pin] io: Io },
        End,
    }
}

impl<Print, MakeIo, Io> MainMachine<Print, MakeIo, Io>
where
    Print: Fn(&str),
    MakeIo: Fn() -> Io,
    Io: Future<Output = ()>,
{
    /// Stores the arguments, as calling an `async fn` does, and runs nothing.
    pub fn new(print: Print, io_operation: MakeIo) -> Self {
        Self { print, io_operation, state: State::Begin }
    }
}

impl<Print, MakeIo, Io> Future for MainMachine<Print, MakeIo, Io>
where
    Print: Fn(&str),
    MakeIo: Fn() -> Io,
    Io: Future<Output = ()>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                At::Begin => {
                    (this.print)("Begin operation");
                    let io = (this.io_operation)();
                    this.state.set(State::Waiting { io });
                }
                At::Waiting { io } => {
                    ready!(io.poll(cx));
                    (this.print)("End operation");
                    this.state.set(State::End);
                    return Poll::Ready(());
                }
                At::End => panic!("`MainMachine` was polled after it had returned Ready"),
            }
        }
    }
}
