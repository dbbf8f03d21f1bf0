//! What an interval promises: planned times, no drift, and a policy for what was missed.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use step2::drive;
use step3::MissedTicks::{Burst, Delay, Skip};
use step3::{Interval, MissedTicks, block_on, interval, now, sleep, sleep_until, timeout};

mod support;
use support::{manual, ms, panic_of, record, run, secs};

/// Takes `count` ticks; says for each when it was planned and when it was taken.
async fn take(ticks: &mut Interval, count: usize) -> Vec<(Duration, Duration)> {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push((ticks.tick().await, now()));
    }
    taken
}

/// Polls for the next tick, which plans it, and goes on without it.
async fn plan(ticks: &mut Interval) {
    poll_fn(|cx| {
        assert!(ticks.poll_tick(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn the_first_tick_comes_one_period_after_the_first_poll() {
    run(async {
        let mut ticks = interval(secs(10));
        sleep(secs(3)).await;
        assert_eq!(take(&mut ticks, 3).await, [13, 23, 33].map(|at| (secs(at), secs(at))));
    });
}

#[test]
fn work_between_the_ticks_does_not_shift_them() {
    let (clock, mut driver) = manual();
    let program = async {
        let mut ticks = interval(secs(10));
        for n in 1..=if cfg!(miri) { 10 } else { 100 } {
            assert_eq!((ticks.tick().await, now()), (secs(10 * n), secs(10 * n)));
            clock.advance(secs(n % 10)); // computes
            sleep(ms(n)).await; // and waits
        }
    };
    drive(&mut driver, program).expect("a thread can always park");
}

#[test]
fn a_period_that_is_no_whole_number_of_milliseconds_does_not_drift() {
    run(async {
        let mut ticks = interval(Duration::from_micros(1_300));
        let taken = take(&mut ticks, if cfg!(miri) { 20 } else { 1_000 }).await;
        for (n, (planned, at)) in (1..).zip(taken) {
            assert_eq!(planned, Duration::from_micros(1_300 * n));
            assert!(
                at >= planned && at - planned < ms(1),
                "tick {n}, planned for {planned:?}, came at {at:?}"
            );
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "Miri computes too slowly for a real clock")]
fn ticks_on_the_real_clock_are_never_early_and_do_not_drift() {
    let began = Instant::now();
    block_on(async {
        let mut ticks = interval(ms(5));
        let first = now();
        for n in 1..=10 {
            let planned = ticks.tick().await;
            assert!(now() >= planned && planned >= first + ms(5) * n);
            sleep(ms(2)).await;
        }
    });
    let elapsed = began.elapsed();
    assert!(elapsed >= ms(50));
    assert!(
        elapsed < ms(140),
        "ten periods and a rest; twice the 70 ms that they would take if they drifted"
    );
}

#[test]
fn a_tick_takes_one_park() {
    let (_, timeline) = record(async { take(&mut interval(secs(1)), 5).await });
    assert_eq!(timeline.parks(), 5);
}

// Missed ticks.

/// Ticks every 10 s, with the ticks of 10 and 20 missed at 25; says when each of `count` ticks was taken, in seconds,
/// and for when it was planned.
fn after_missing_two(policy: MissedTicks, count: usize) -> Vec<(u64, u64)> {
    let (clock, mut driver) = manual();
    let program = async {
        let mut ticks = interval(secs(10)).missed_ticks(policy);
        plan(&mut ticks).await;
        clock.advance(secs(25)); // Nobody looks until then.
        assert_eq!((ticks.tick().await, now()), (secs(10), secs(25)), "taken at once in any case");
        take(&mut ticks, count).await
    };
    let taken = drive(&mut driver, program).expect("a thread can always park");
    taken.iter().map(|(planned, at)| (at.as_secs(), planned.as_secs())).collect()
}

#[test]
fn missed_ticks_are_made_up_for_in_a_burst() {
    assert_eq!(after_missing_two(Burst, 3), [(25, 20), (30, 30), (40, 40)]);
    assert_eq!(MissedTicks::default(), Burst);
}

#[test]
fn missed_ticks_delay_the_plan() {
    assert_eq!(after_missing_two(Delay, 3), [(35, 35), (45, 45), (55, 55)]);
}

#[test]
fn missed_ticks_are_skipped() {
    assert_eq!(after_missing_two(Skip, 3), [(30, 30), (40, 40), (50, 50)]);
}

/// Takes the tick of 10 s at `taken_at`, and says when the next two are taken.
fn next_two(policy: MissedTicks, taken_at: Duration) -> [Duration; 2] {
    let (clock, mut driver) = manual();
    let program = async {
        let mut ticks = interval(secs(10)).missed_ticks(policy);
        plan(&mut ticks).await;
        clock.advance(taken_at);
        assert_eq!(ticks.tick().await, secs(10));
        assert_eq!(now(), taken_at);
        let next = take(&mut ticks, 2).await;
        [next[0].1, next[1].1]
    };
    drive(&mut driver, program).expect("a thread can always park")
}

#[test]
fn a_tick_that_is_late_by_less_than_a_period_misses_nothing() {
    for policy in [Burst, Delay, Skip] {
        assert_eq!(next_two(policy, secs(19)), [secs(20), secs(30)], "{policy:?}");
    }
}

#[test]
fn a_tick_that_is_taken_when_the_next_is_due_has_missed_it() {
    assert_eq!(next_two(Burst, secs(20)), [secs(20), secs(30)]);
    assert_eq!(next_two(Delay, secs(20)), [secs(30), secs(40)]);
    assert_eq!(next_two(Skip, secs(20)), [secs(30), secs(40)]);
}

#[test]
fn a_burst_of_any_length_lets_no_time_pass() {
    let (clock, mut driver) = manual();
    let program = async {
        let mut ticks = interval(ms(1));
        plan(&mut ticks).await;
        const MISSED: u64 = if cfg!(miri) { 20 } else { 1_000 };
        clock.advance(ms(MISSED));
        let taken = take(&mut ticks, MISSED as usize).await;
        assert!(taken.iter().zip(1..).all(|(&tick, n)| tick == (ms(n), ms(MISSED))));
        assert_eq!(ticks.tick().await, ms(MISSED + 1));
    };
    drive(&mut driver, program).expect("a thread can always park");
}

/// More periods than 32 bits can count; it used to plan a tick in the past.
#[test]
fn a_tick_is_skipped_to_the_next_planned_one_however_many_were_missed() {
    let (clock, mut driver) = manual();
    let period = Duration::from_nanos(700);
    let program = async {
        let mut ticks = interval(period).missed_ticks(Skip);
        plan(&mut ticks).await;
        clock.advance(secs(7_000_000) + Duration::from_nanos(10)); // ten billion periods and a bit
        assert_eq!(ticks.tick().await, period);
        assert_eq!(ticks.tick().await, secs(7_000_000) + period);
    };
    drive(&mut driver, program).expect("a thread can always park");
}

// Bad luck and bad use.

#[test]
fn a_tick_that_is_dropped_half_way_is_not_lost() {
    let (_, mut driver) = manual();
    let program = async {
        let mut ticks = interval(secs(10));
        for wait in [2, 3] {
            assert!(timeout(secs(wait), ticks.tick()).await.is_err());
        }
        assert_eq!((ticks.tick().await, now()), (secs(10), secs(10)));

        assert!(timeout(secs(2), ticks.tick()).await.is_err());
        sleep_until(secs(27)).await;
        assert_eq!((ticks.tick().await, now()), (secs(20), secs(27)), "it was due while nobody waited");
        assert_eq!((ticks.tick().await, now()), (secs(30), secs(30)));
    };
    drive(&mut driver, program).expect("a thread can always park");
    assert_eq!(driver.timers(), 0);
}

#[test]
fn an_interval_that_is_dropped_leaves_no_timer() {
    let (_, mut driver) = manual();
    let program = async {
        let mut ticks = interval(secs(10));
        assert!(timeout(secs(1), ticks.tick()).await.is_err());
    };
    drive(&mut driver, program).expect("a thread can always park");
    assert_eq!(driver.timers(), 0);
}

#[test]
fn a_tick_can_be_polled_for() {
    run(async {
        let mut ticks = interval(secs(1));
        plan(&mut ticks).await;
        assert_eq!(poll_fn(|cx| ticks.poll_tick(cx)).await, secs(1));
        plan(&mut ticks).await;
    });
}

#[test]
fn the_longest_period_never_ticks_and_does_not_overflow() {
    run(async {
        sleep(secs(1)).await;
        let mut ticks = interval(Duration::MAX);
        assert!(timeout(secs(1_000_000), ticks.tick()).await.is_err());
    });
}

#[test]
fn a_period_of_zero_panics_and_says_so() {
    let message = panic_of(|| _ = interval(Duration::ZERO));
    assert_eq!(message, "an interval needs a period longer than zero");
}

#[test]
fn an_interval_outside_of_a_driver_panics_at_the_first_tick() {
    let mut ticks = interval(secs(1));
    let message = panic_of(|| _ = step2::block_on(ticks.tick()));
    assert!(message.starts_with("no timer driver on this thread"), "{message}");
}
