//! Timers: set and dropped, reset, and many that fire.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

use super::{Resets, Timers};
use crate::slot::Countdown;
use crate::watch::{Plan, Sample, Watch};

/// Operations in a round.
pub(crate) const ROUND: usize = 10_000;
/// Never reached.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Returns how long the `n`th of the other timers waits: an hour, and a millisecond more than the one before.
pub(crate) fn other(n: usize) -> Duration {
    HOUR + Duration::from_millis(n as u64)
}

pub(crate) fn others(size: usize) -> impl Iterator<Item = Duration> {
    (0..size).map(other)
}

pub(crate) async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

/// Makes, polls and drops timers while `size` others wait.
pub(crate) fn set_and_drop<R: Timers>(plan: &Plan) -> Sample {
    let Plan { size, time } = *plan;
    R::run(async move {
        let waker = own_waker().await;
        let mut cx = Context::from_waker(&waker);
        let mut waiting: Vec<_> = others(size).map(|time| Box::pin(R::sleep(time))).collect();
        assert!(waiting.iter_mut().all(|sleep| sleep.as_mut().poll(&mut cx).is_pending()));
        let mut watch = Watch::new(time);
        while watch.begin() {
            for _ in 0..ROUND {
                let sleep = pin!(R::sleep(HOUR));
                assert!(sleep.poll(&mut cx).is_pending());
            }
            R::yield_now().await; // Some put their changes off until the loop turns.
            watch.end(ROUND);
        }
        watch.sample()
    })
}

/// Resets one timer while `size` others wait.
pub(crate) fn reset<R: Resets>(plan: &Plan) -> Sample {
    let Plan { size, time } = *plan;
    R::run(async move {
        let waker = own_waker().await;
        let mut cx = Context::from_waker(&waker);
        let mut waiting: Vec<_> = others(size).map(|time| Box::pin(R::sleep(time))).collect();
        assert!(waiting.iter_mut().all(|sleep| sleep.as_mut().poll(&mut cx).is_pending()));
        let mut sleep = pin!(R::resettable(HOUR));
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        let mut watch = Watch::new(time);
        while watch.begin() {
            for _ in 0..ROUND {
                R::reset(sleep.as_mut(), HOUR);
                assert!(sleep.as_mut().poll(&mut cx).is_pending());
            }
            R::yield_now().await;
            watch.end(ROUND);
        }
        watch.sample()
    })
}

/// `size` tasks sleep until moments that are spread over 200 ms, in no order. The sample is one round, without a warm-up.
pub(crate) fn sleeps<R: Timers>(plan: &Plan) -> Sample {
    let size = plan.size;
    R::run(async move {
        let run = Moments::begin(size);
        let lateness = Rc::new(RefCell::new(Lateness::for_so_many(size)));
        let countdown = Rc::new(Countdown::of(size));
        for n in 0..size {
            let deadline = run.moment(n);
            let (lateness, countdown) = (Rc::clone(&lateness), Rc::clone(&countdown));
            R::start(async move {
                R::sleep(deadline.saturating_duration_since(Instant::now())).await;
                lateness.borrow_mut().note(deadline);
                countdown.one_is_done();
            });
        }
        countdown.wait().await;
        run.sample(lateness.take())
    })
}

/// When each of many sleeps ends.
pub(crate) struct Moments {
    begin: Instant,
    cpu: ProcessTime,
    size: usize,
    first: Instant,
}

impl Moments {
    const SPREAD: Duration = Duration::from_millis(200);

    pub(crate) fn begin(size: usize) -> Self {
        let begin = Instant::now();
        // Time enough to spawn all tasks before the first one is due.
        let first = begin + Duration::from_millis(100) + Duration::from_micros(4) * size as u32;
        Self { begin, cpu: ProcessTime::now(), size, first }
    }

    /// Returns when the first one ends.
    pub(crate) fn first(&self) -> Instant {
        self.first
    }

    /// A step that has no factor in common with the usual sizes takes us to each place once.
    pub(crate) fn moment(&self, n: usize) -> Instant {
        let place = n as u64 * 7_919 % self.size as u64;
        self.first + Duration::from_nanos(Self::SPREAD.as_nanos() as u64 * place / self.size as u64)
    }

    pub(crate) fn sample(&self, lateness: Lateness) -> Sample {
        let (wall, cpu) = (self.begin.elapsed(), self.cpu.elapsed());
        let each = |time: Duration| time.as_nanos() as f64 / self.size as f64;
        lateness.add_to(Sample::of_time(each(wall), each(cpu)))
    }
}

/// How late sleeps ended, in nanoseconds; negative if too early.
#[derive(Default)]
pub(crate) struct Lateness(Vec<i64>);

impl Lateness {
    pub(crate) fn for_so_many(sleeps: usize) -> Self {
        Self(Vec::with_capacity(sleeps))
    }

    pub(crate) fn note(&mut self, deadline: Instant) {
        let now = Instant::now();
        let late = now.saturating_duration_since(deadline).as_nanos() as i64;
        self.0.push(late - deadline.saturating_duration_since(now).as_nanos() as i64);
    }

    fn add_to(mut self, sample: Sample) -> Sample {
        self.0.sort_unstable();
        let last = self.0.len() - 1;
        sample
            .with("earliest_ns", self.0[0] as f64)
            .with("median_late_ns", self.0[last / 2] as f64)
            .with("p99_late_ns", self.0[last * 99 / 100] as f64)
            .with("worst_late_ns", self.0[last] as f64)
    }
}
