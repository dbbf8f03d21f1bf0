//! A clock that jumps, with thousands of timers set: by a moment, by hours, to its very end. Whatever it does, nothing fires early,
//! everything that is due fires once and in the order of the deadlines, intervals make of the gap what their policy says, and no timer
//! is left behind.
//!
//! That a clock goes back cannot be said: [`ManualClock::advance`] takes a step that is never negative.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::io;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use fastrand::Rng;
use step2::{Entered, Park, ThreadPark, yield_now};
use step3::{
    Clock, Elapsed, ManualClock, MissedTicks, TimerDriver, interval, now, sleep, sleep_until, timeout,
};
use step4::{EventLoop, gather, spawn, unblock};
use step6::{time_limit, with};
use support::{each_case, ms};

/// The wheel sees so far ahead at once: 2^30 milliseconds. What is due later is set again on the way there.
const AHEAD: Duration = Duration::from_millis(1 << 30);

/// What a loop has left, how often it has slept, and how far its clock is to jump the next time.
#[derive(Default)]
struct Seen {
    timers_left: Cell<Option<usize>>,
    parks: Cell<usize>,
    jump: Cell<Duration>,
}

struct Watched {
    clock: ManualClock,
    park: TimerDriver<ThreadPark>,
    seen: Rc<Seen>,
}

impl Park for Watched {
    fn waker(&self) -> Waker {
        self.park.waker()
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        self.seen.parks.set(self.seen.parks.get() + 1);
        self.clock.advance(self.seen.jump.take());
        self.park.park(limit)
    }

    fn enter(&self) -> Entered {
        self.park.enter()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.seen.timers_left.set(Some(self.park.timers()));
    }
}

/// A clock that can be told to jump.
#[derive(Clone)]
struct Jumper {
    clock: ManualClock,
    seen: Rc<Seen>,
}

impl Jumper {
    /// Has the clock jump by `step`, between two turns of the loop.
    async fn jump(&self, step: Duration) {
        self.seen.jump.set(step);
        while !self.seen.jump.get().is_zero() {
            yield_now().await;
        }
    }
}

/// Runs `main` with a clock in its hands, and sees that no timer is left. Returns what `main` does, and how often the loop slept.
fn run<F: Future + 'static>(main: impl FnOnce(Jumper) -> F) -> (F::Output, usize) {
    let (clock, seen) = (ManualClock::new(), Rc::new(Seen::default()));
    let park = TimerDriver::new(ThreadPark::new(), Clock::from(&clock));
    let park = Watched { clock: clock.clone(), park, seen: Rc::clone(&seen) };
    let output = EventLoop::on(park).run(main(Jumper { clock, seen: Rc::clone(&seen) }));
    assert_eq!(seen.timers_left.get(), Some(0), "timers are left");
    (output, seen.parks.get())
}

/// A time of any size up to `longest`: as likely to have few digits as many.
fn of_any_size(rng: &mut Rng, longest: Duration) -> Duration {
    let digits = rng.u32(0..=u128::BITS - longest.as_nanos().leading_zeros()).min(63);
    Duration::from_nanos(rng.u64(0..=1 << digits)).min(longest)
}

/// Moves the clock by a little and by much, in turns and between them, until `last` has passed.
async fn jump(jumper: Jumper, mut rng: Rng, last: Duration) {
    while jumper.clock.now() < last {
        for _ in 0..rng.usize(1..50) {
            jumper.clock.advance(of_any_size(&mut rng, ms(1))); // As a computation does that takes so long.
            if rng.bool() {
                yield_now().await;
            }
        }
        jumper.jump(of_any_size(&mut rng, last)).await;
        if rng.bool() {
            sleep(of_any_size(&mut rng, ms(100))).await;
        }
    }
}

/// In which order deadlines fire: by the millisecond in which they are over.
fn tick(deadline: Duration) -> u128 {
    deadline.as_nanos().div_ceil(1_000_000)
}

#[test]
fn whatever_is_due_after_a_jump_fires_once_never_early_and_in_order() {
    each_case(20, |mut rng| {
        let longest = of_any_size(&mut rng, AHEAD - ms(2));
        let fired = Rc::new(RefCell::new(Vec::new()));
        let theirs = Rc::clone(&fired);
        let deadlines: Vec<Duration> =
            (0..3000).map(|_| of_any_size(&mut rng, longest) + Duration::from_nanos(1)).collect();
        let planned = deadlines.clone();
        run(|jumper| async move {
            let sleepers: Vec<_> = (planned.into_iter().enumerate())
                .map(|(number, deadline)| {
                    let fired = Rc::clone(&theirs);
                    spawn(async move {
                        sleep_until(deadline).await;
                        assert!(now() >= deadline, "{:?} early", deadline - now());
                        fired.borrow_mut().push(number);
                    })
                })
                .collect();
            // Some are dropped on the way: their places are nobody's.
            let dropped: Vec<_> = (0..1000).map(|n| spawn(sleep(longest / 1000 * n))).collect();
            yield_now().await;
            let jumps = spawn(jump(jumper, rng, longest + ms(1)));
            dropped.into_iter().for_each(|task| assert!(task.abort() || task.is_finished()));
            gather(sleepers).await.unwrap();
            jumps.await.unwrap();
        });
        let mut expected: Vec<usize> = (0..deadlines.len()).collect();
        expected.sort_by_key(|&number| tick(deadlines[number])); // Stable: of those that are equal, the one set first.
        assert!(*fired.borrow() == expected, "out of order");
    });
}

#[test]
fn a_jump_beyond_what_the_wheel_sees_fires_everything_and_nothing_early() {
    each_case(20, |mut rng| {
        let longest = of_any_size(&mut rng, AHEAD * 5000); // Some 170 years.
        let deadlines: Vec<Duration> = (0..1000).map(|_| of_any_size(&mut rng, longest)).collect();
        run(|jumper| async move {
            let sleepers = deadlines.into_iter().map(|deadline| {
                spawn(async move {
                    sleep_until(deadline).await;
                    assert!(now() >= deadline);
                })
            });
            let sleepers = sleepers.collect::<Vec<_>>();
            yield_now().await;
            jump(jumper, rng, longest).await;
            gather(sleepers).await.unwrap();
        });
    });
}

#[test]
fn limits_end_what_they_limit_and_nothing_earlier() {
    each_case(20, |mut rng| {
        let longest = of_any_size(&mut rng, AHEAD) + ms(1);
        run(|jumper| async move {
            let blocks = (0..1000).map(|n| {
                let (limit, time) = (of_any_size(&mut rng, longest), of_any_size(&mut rng, longest));
                spawn(async move {
                    let body = async move {
                        sleep(time).await;
                        now()
                    };
                    let outcome = if n % 2 == 0 {
                        timeout(limit, body).await
                    } else {
                        with(time_limit(limit), async |_deadline| Ok(body.await)).await
                    };
                    match outcome {
                        Ok(at) => assert!(at >= time),
                        Err(Elapsed) => assert!(now() >= limit, "{:?} early", limit - now()),
                    }
                })
            });
            let blocks = blocks.collect::<Vec<_>>();
            yield_now().await;
            let jumps = spawn(jump(jumper, rng, longest));
            gather(blocks).await.unwrap();
            jumps.await.unwrap();
        });
    });
}

/// Which tick follows the one planned for `last` and taken at `taken`.
fn next_tick(policy: MissedTicks, period: Duration, last: Duration, taken: Duration) -> Duration {
    let next = last + period;
    match policy {
        _ if next > taken => next,
        MissedTicks::Burst => next,
        MissedTicks::Delay => taken + period,
        MissedTicks::Skip => {
            let missed = (taken - last).as_nanos() / period.as_nanos();
            last + Duration::from_nanos((period.as_nanos() * (missed + 1)).try_into().unwrap())
        }
    }
}

#[test]
fn intervals_make_of_a_jump_what_their_policy_says() {
    each_case(20, |mut rng| {
        run(|jumper| async move {
            let longest = Duration::from_secs(10);
            let policies = [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip];
            let tickers = (0..90).map(|n| {
                let (period, policy) = (of_any_size(&mut rng, longest) / 100 + ms(1), policies[n % 3]);
                spawn(async move {
                    let mut ticks = interval(period).missed_ticks(policy);
                    let mut planned = now() + period;
                    for _ in 0..100 {
                        assert_eq!(ticks.tick().await, planned);
                        assert!(now() >= planned);
                        planned = next_tick(policy, period, planned, now());
                    }
                })
            });
            let tickers = tickers.collect::<Vec<_>>();
            yield_now().await;
            let jumps = spawn(jump(jumper, rng, longest));
            gather(tickers).await.unwrap();
            jumps.await.unwrap();
        });
    });
}

/// A timer that stays due after a jump, or an interval that looks at every tick it has missed, would have the loop turn on the spot.
#[test]
fn after_a_jump_the_loop_sleeps_as_long_as_before() {
    const HOUR: Duration = Duration::from_secs(3600);
    let ((), parks) = run(|jumper| async move {
        for policy in [MissedTicks::Delay, MissedTicks::Skip] {
            for _ in 0..1000 {
                let ticker = spawn(async move {
                    let mut ticks = interval(HOUR).missed_ticks(policy);
                    loop {
                        ticks.tick().await;
                    }
                });
                drop(ticker);
            }
        }
        let limits: Vec<_> = (0..1000).map(|_| spawn(timeout(HOUR, pending::<()>()))).collect();
        sleep(HOUR / 2).await;
        jumper.jump(HOUR * 24 * 365 * 100).await;
        gather(limits).await.unwrap().into_iter().for_each(|outcome| assert_eq!(outcome, Err(Elapsed)));
        sleep(HOUR * 10).await;
    });
    // Some ten sleeps; and a look after every 61 polls, of which there are a few for each task and hour.
    assert!(parks < 2000, "it has looked {parks} times");
}

#[test]
fn at_the_end_of_the_clock_nothing_more_fires_and_everything_else_goes_on() {
    run(|jumper| async move {
        let before: Vec<_> = (1..=1000).map(|n| spawn(sleep(AHEAD * n))).collect();
        let ticker = spawn(async {
            let mut ticks = interval(AHEAD).missed_ticks(MissedTicks::Skip);
            loop {
                ticks.tick().await;
            }
        });
        yield_now().await;
        jumper.jump(Duration::MAX).await;
        gather(before).await.unwrap();
        let end = now();
        assert_eq!(end, Duration::from_nanos(u64::MAX));
        jumper.jump(Duration::MAX).await;
        assert_eq!(now(), end, "it stands");

        let never: Vec<_> = (0..1000)
            .map(|n| {
                spawn(async move {
                    match n % 4 {
                        0 => sleep(ms(1)).await,
                        1 => assert_eq!(timeout(ms(1), pending::<()>()).await, Err(Elapsed)),
                        2 => assert_eq!(interval(ms(1)).tick().await, end),
                        _ => {
                            let block = with(time_limit(ms(1)), async |_deadline| {
                                pending::<()>().await;
                                Ok(())
                            });
                            assert_eq!(block.await, Err(Elapsed));
                        }
                    }
                })
            })
            .collect();
        for _ in 0..100 {
            yield_now().await;
        }
        assert!(never.iter().all(|task| !task.is_finished()), "nothing is due any more");
        assert!(!ticker.is_finished());
        // What has passed is over, and work that needs no time is done.
        sleep_until(end).await;
        sleep(Duration::ZERO).await;
        assert_eq!(timeout(Duration::ZERO, pending::<()>()).await, Err(Elapsed));
        assert_eq!(timeout(ms(1), unblock(|| 7)).await, Ok(7));
    });
}

#[test]
fn a_jump_while_threads_work_is_seen_when_they_are_done() {
    each_case(20, |mut rng| {
        run(|jumper| async move {
            let jobs: Vec<_> = (0..100).map(|n| spawn(unblock(move || n))).collect();
            let sleepers: Vec<_> = (0..1000).map(|_| spawn(sleep(of_any_size(&mut rng, AHEAD)))).collect();
            yield_now().await;
            let jumps = spawn(jump(jumper, rng, AHEAD));
            assert!(gather(jobs).await.unwrap().into_iter().eq(0..100));
            gather(sleepers).await.unwrap();
            jumps.await.unwrap();
        });
    });
}
