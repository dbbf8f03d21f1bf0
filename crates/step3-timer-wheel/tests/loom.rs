//! Holds of a manual clock under the model checker.
//!
//! `CARGO_TARGET_DIR=target/loom cargo test -p step3 --features loom --test loom --release`. The park here is a bare relaxed
//! flag, so that nothing but the hold makes a wake visible to the driver.
#![cfg(feature = "loom")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::io;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;
use step2::{Park, ThreadPark};
use step3::{Clock, ManualClock, TimerDriver, hold};

/// A park that tells of wakes, and never sleeps for long: who drives it looks again.
struct Flag(Arc<Woken>);

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

impl Park for Flag {
    fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        if limit != Some(Duration::ZERO) {
            thread::yield_now();
        }
        Ok(self.0.0.load(Relaxed))
    }
}

#[test]
fn a_manual_clock_does_not_jump_over_a_wake_that_came_before_the_end_of_a_hold() {
    loom::model(|| {
        let clock = ManualClock::new();
        let job_is_done = Arc::new(Woken(AtomicBool::new(false)));
        let park = Flag(Arc::clone(&job_is_done));
        let mut driver = TimerDriver::new(park, Clock::from(&clock));
        let held = {
            let _entered = driver.enter();
            hold()
        };
        let job = thread::spawn(move || {
            job_is_done.wake();
            drop(held);
        });
        // A deadline a second ahead: the clock would jump there as soon as nobody holds it, and nobody was woken.
        while !driver.park(Some(Duration::from_secs(1))).unwrap() {
            assert_eq!(Clock::from(&clock).now(), Duration::ZERO);
        }
        job.join().unwrap();
    });
}

#[test]
fn a_hold_that_ends_while_the_driver_goes_to_sleep_wakes_it() {
    loom::model(|| {
        let clock = ManualClock::new();
        let mut driver = TimerDriver::new(ThreadPark::new(), Clock::from(&clock));
        let held = {
            let _entered = driver.enter();
            hold()
        };
        let job = thread::spawn(move || drop(held));
        // Loom reports a deadlock if it sleeps through.
        while Clock::from(&clock).now() == Duration::ZERO {
            driver.park(Some(Duration::from_secs(1))).unwrap();
        }
        job.join().unwrap();
    });
}
