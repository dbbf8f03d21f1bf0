//! Step 3's timers, as hyper wants them: for its limit on how long a request's header may take.
//!
//! hyper's deadlines are [`Instant`]s, ours are durations on the driver's clock. The timer keeps an instant that stands for that
//! clock's zero, and moves between the two by adding and subtracting it; so a manual clock works here as well.
//! hyper moves one sleep to the next deadline over and over, which for us is a [`reset`](step3::Sleep::reset) and allocates
//! nothing.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// Hands step 3's sleeps to hyper. Its methods are to be called in our tasks, where there is a timer driver.
///
/// ```
/// use std::time::Duration;
/// use hyper::rt::Timer;
/// use interop::HyperTimer;
///
/// step4::run(async {
///     let timer = HyperTimer::new();
///     let deadline = timer.now() + Duration::from_millis(2);
///     timer.sleep_until(deadline).await;
///     assert!(timer.now() >= deadline);
/// });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HyperTimer {
    /// Stands for the zero of the driver's clock.
    zero: Instant,
}

impl HyperTimer {
    /// Makes a timer.
    #[must_use]
    pub fn new() -> Self {
        Self { zero: Instant::now() }
    }

    fn deadline(self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.zero)
    }
}

impl Default for HyperTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl Timer for HyperTimer {
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep(step3::sleep(time)))
    }

    fn sleep_until(&self, instant: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep(step3::sleep_until(self.deadline(instant))))
    }

    fn now(&self) -> Instant {
        self.zero + step3::now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, instant: Instant) {
        match sleep.as_mut().downcast_mut_pin::<HyperSleep>() {
            Some(mut ours) => ours.0.reset(self.deadline(instant)),
            None => *sleep = self.sleep_until(instant),
        }
    }
}

struct HyperSleep(step3::Sleep);

impl Future for HyperSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Sleep for HyperSleep {}
