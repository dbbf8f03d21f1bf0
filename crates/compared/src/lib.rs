//! The same small programs in Python and in Rust: what CPython's asyncio prints, our runtimes print, line by line.
//!
//! ```text
//!   programs/gathering.py   async def fails_fast(): …     ── python3 ──▶ lines ┐
//!                                                                              ├─ equal, or a difference by design
//!   programs/gathering.rs   async fn fails_fast() { … }   ── step 4  ──▶ lines ┘
//! ```
//!
//! Each file is about one facility, and each program in it about one clause, which its docstring and its doc comment state in
//! the same words. Read them side by side. `cargo test -p compared` runs both sides; where Python and Rust differ on purpose,
//! `tests/compared.rs` has both outputs, and the reason. To see what one file's programs print under Python:
//! `python3 crates/compared/run.py gathering`.
//!
//! Both sides run on a manual clock, which moves where the loop would sleep; all else of the event loop is CPython's own. The
//! programs print the same in real time (`run.py --real-time`), if the machine is not so busy that it loses 20 ms.
//!
//! # Absent on purpose
//!
//! Timers with equal deadlines: CPython leaves their order open, ours is the order of setting. What Rust refuses
//! when it is compiled. Step 1 and step 7, whose time and threads are the point.
//!
//! This library is what the Rust programs have in the place of `print`, `time.sleep` and `finally`.

use std::cell::RefCell;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use step3::{Clock, ManualClock};
use step4::EventLoop;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static CLOCK: RefCell<ManualClock> = RefCell::default();
}

/// Prints a line where the comparison finds it: Python's `print`.
///
/// ```
/// let name = "world";
/// compared::say!("hello {name}");
/// assert_eq!(compared::said(), ["hello world"]);
/// ```
#[macro_export]
macro_rules! say {
    ($($format:tt)+) => { $crate::say_line(format!($($format)+)) };
}

/// Prints a line: what [`say!`] calls.
pub fn say_line(line: impl Display) {
    LINES.with_borrow_mut(|lines| lines.push(line.to_string()));
}

/// Returns what this thread has said since the last call.
#[must_use]
pub fn said() -> Vec<String> {
    LINES.take()
}

/// Runs `main` on a clock that moves only as the loop sleeps: `asyncio.run`.
///
/// # Panics
///
/// Panics as `step4::run` does.
pub fn run<F>(main: F) -> F::Output
where
    F: Future + 'static,
    F::Output: 'static,
{
    let clock = CLOCK.with_borrow(|clock| Clock::from(clock));
    EventLoop::with_clock(clock).expect("the system refused to open a selector for IO").run(main)
}

/// Returns so many milliseconds.
#[must_use]
pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Keeps the thread busy for so long: Python's `time.sleep`, or a computation.
pub fn busy(time: Duration) {
    CLOCK.with_borrow(|clock| clock.advance(time));
}

/// Says its text when it is dropped: Python's `try: … finally: print(text)`.
///
/// ```
/// drop(compared::Finally("closed"));
/// assert_eq!(compared::said(), ["closed"]);
/// ```
#[must_use = "it says its text when it is dropped"]
#[derive(Debug)]
pub struct Finally(pub &'static str);

impl Drop for Finally {
    fn drop(&mut self) {
        say_line(self.0);
    }
}
