//! What a sleep promises: never early, in order, once, and nothing left behind.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use step2::{Park, ThreadPark, drive, join, race};
use step3::{Clock, ManualClock, Sleep, TimerDriver, block_on, now, sleep, sleep_until};
use timeline::Kind;

mod support;
use support::{Driver, Wakes, all, count, days, look, manual, ms, panic_of, park, poll, record, run, secs};

/// Polls a sleep for the first time: from now on it is in the wheel.
fn set(mut sleep: Sleep, waker: &Waker) -> Sleep {
    assert_eq!(poll(&mut sleep, waker), Poll::Pending);
    sleep
}

/// Sets a sleep of each length, in this order, with wakers named after the lengths in milliseconds.
fn set_all(wakes: &Wakes, millis: &[u64]) -> Vec<Sleep> {
    millis.iter().map(|&length| set(sleep(ms(length)), &wakes.waker(length))).collect()
}

// Order.

#[test]
fn sleeps_end_in_the_order_of_their_deadlines_not_of_registration() {
    let ended = RefCell::new(Vec::new());
    run(all([30, 10, 40, 20].map(|length| {
        let ended = &ended;
        Box::pin(async move {
            sleep(ms(length)).await;
            ended.borrow_mut().push((length, now()));
        }) as _
    })));
    assert_eq!(*ended.borrow(), [(10, ms(10)), (20, ms(20)), (30, ms(30)), (40, ms(40))]);
}

#[test]
fn sleeps_with_equal_deadlines_end_in_the_order_they_were_set() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    // Set at various distances from the deadline, as they would be on various levels of the wheel.
    let moments = [0, 1, 5_000, 9_000, 9_936, 9_999];
    let mut sleeps = Vec::new();
    for moment in moments {
        clock.advance(ms(moment) - clock.now());
        look(&mut driver);
        sleeps.push(set(sleep_until(secs(10)), &wakes.waker(moment)));
    }
    park(&mut driver);
    assert_eq!(clock.now(), secs(10));
    assert_eq!(wakes.take(), moments.map(|moment| moment.to_string()));
}

#[test]
fn deadlines_within_one_millisecond_count_as_equal() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let _late = set(sleep(Duration::from_micros(1_900)), &wakes.waker("set first"));
    let _early = set(sleep(Duration::from_micros(1_100)), &wakes.waker("due first"));
    park(&mut driver);
    assert_eq!(clock.now(), ms(2), "rounded up, so neither is early");
    assert_eq!(wakes.take(), ["set first", "due first"]);
}

#[test]
fn after_a_busy_spell_all_that_are_due_wake_in_the_order_of_their_deadlines() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let mut sleeps = set_all(&wakes, &[5_000, 70, 3, 900, 64, 4_999, 6_000]);

    clock.advance(secs(5)); // a computation that takes five seconds
    assert_eq!(wakes.take(), [""; 0], "nobody is woken while it computes");
    look(&mut driver);
    assert_eq!(wakes.take(), ["3", "64", "70", "900", "4999", "5000"]);
    let still_asleep =
        sleeps.iter_mut().filter_map(|sleep| poll(sleep, Waker::noop()).is_pending().then_some(()));
    assert_eq!(still_asleep.count(), 1);
}

#[test]
fn after_a_busy_poll_all_that_are_due_fire_in_one_park() {
    let (clock, mut driver) = manual();
    let busy = clock.clone();
    let recorded = clock.clone();
    let sleepers = all([3, 1, 2].map(|length| Box::pin(sleep(secs(length))) as _));
    let program = join(sleepers, async move {
        sleep(ms(500)).await;
        busy.advance(secs(10));
    });
    let (_, timeline) = timeline::record_with(move || recorded.now(), || drive(&mut driver, program));
    assert_eq!(clock.now(), ms(10_500));
    assert_eq!(timeline.parks(), 1, "the second look finds everything due, and need not sleep");
    let fired = timeline.order(|event| match event.kind {
        Kind::TimerFired { timer } => Some(timer.to_string()),
        _ => None,
    });
    assert_eq!(fired, ["timer 3", "timer 1", "timer 2", "timer 0"], "numbered in the order they were set");
}

// Never early.

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 500 },
        failure_persistence: None, // or proptest looks for a directory, which Miri does not have
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_sleep_is_never_early_and_at_most_a_millisecond_late(
        began in 0..u64::MAX / 2,
        nanos in vec((1..u64::MAX / 4, 0..63_u32), 1..if cfg!(miri) { 5 } else { 50 }),
    ) {
        let (clock, mut driver) = manual();
        clock.advance(Duration::from_nanos(began));
        let began = clock.now();
        drive(&mut driver, all(nanos.into_iter().map(|(nanos, shift)| {
            let length = Duration::from_nanos((nanos >> shift).max(1)); // of all magnitudes, most of them short
            Box::pin(async move {
                sleep(length).await;
                let slept = now() - began;
                assert!(slept >= length, "{slept:?} is early for {length:?}");
                assert!(slept - length < ms(1), "{slept:?} is late for {length:?}");
            }) as _
        }))).expect("a thread can always park");
        assert_eq!(driver.timers(), 0);
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri computes too slowly for a real clock")]
fn a_sleep_is_never_early_on_the_real_clock_and_sleeps_overlap() {
    let lengths = (1..=20).map(|n| Duration::from_micros(1_037 * n));
    let total: Duration = lengths.clone().sum();
    let began = Instant::now();
    block_on(all(lengths.map(|length| {
        Box::pin(async move {
            let began = Instant::now();
            sleep(length).await;
            assert!(began.elapsed() >= length, "{:?} is early for {length:?}", began.elapsed());
        }) as _
    })));
    assert!(began.elapsed() < total / 2, "the longest takes 21 ms, all in turn would take 218 ms");
}

// Zero, past, for ever, and very far.

#[test]
fn a_sleep_of_zero_or_until_the_past_is_pending_exactly_once() {
    let (clock, driver) = manual();
    let _entered = driver.enter();
    clock.advance(secs(5));
    let wakes = Wakes::default();
    let waker = wakes.waker("woken");
    for mut sleep in
        [sleep(Duration::ZERO), sleep_until(secs(4)), sleep_until(secs(5)), sleep_until(Duration::ZERO)]
    {
        assert_eq!(poll(&mut sleep, &waker), Poll::Pending, "one turn for everyone else");
        assert_eq!(wakes.take(), ["woken"], "and it asks for the next one itself");
        assert_eq!(driver.timers(), 0);
        assert_eq!(poll(&mut sleep, &waker), Poll::Ready(()));
        assert_eq!(wakes.take(), [""; 0]);
    }
    assert_eq!(clock.now(), secs(5));
}

#[test]
fn a_sleep_of_the_longest_duration_never_ends_and_does_not_overflow() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let mut reset = sleep(secs(1));
    reset.reset(Duration::MAX);
    let mut for_ever = vec![sleep(Duration::MAX), sleep_until(Duration::MAX), reset];
    for moment in [Duration::ZERO, days(1), days(100_000)] {
        clock.advance(moment);
        for sleep in &mut for_ever {
            assert_eq!(poll(sleep, &wakes.waker("for ever")), Poll::Pending);
        }
        let _short = set(sleep(secs(1)), &wakes.waker("a second"));
        park(&mut driver);
        assert_eq!(wakes.take(), ["a second"], "the driver sleeps no longer than before");
        assert_eq!(driver.timers(), 0, "what never ends takes no room");
    }
    clock.advance(Duration::MAX);
    look(&mut driver);
    assert_eq!(wakes.take(), [""; 0]);
    assert!(for_ever.iter_mut().all(|sleep| poll(sleep, Waker::noop()).is_pending()));
}

/// In nanoseconds the last milliseconds of the clock do not fit 64 bits once they are rounded up: it used to overflow.
#[test]
fn close_to_the_end_of_the_clock_a_sleep_ends_in_time_or_never() {
    let end = Duration::from_nanos(u64::MAX);
    let clock = ManualClock::new();
    clock.advance(end - secs(10));
    let mut driver = TimerDriver::new(ThreadPark::new(), Clock::from(&clock));
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let in_time = set(sleep(secs(5)), &wakes.waker("in time"));
    let _beyond = set(sleep(secs(20)), &wakes.waker("beyond the end"));
    let _in_the_last_tick = set(sleep_until(end - Duration::from_nanos(1)), &wakes.waker("in the last tick"));
    let began = clock.now();
    park(&mut driver);
    assert_eq!(wakes.take(), ["in time"]);
    assert!((secs(5)..secs(5) + ms(1)).contains(&(clock.now() - began)));
    drop(in_time);
    driver.park(Some(secs(60))).expect("a thread can always park");
    assert_eq!(clock.now(), end, "the clock stops there");
    assert_eq!(wakes.take(), [""; 0]);
}

/// Counted in 64 bits, a moment beyond the end was the end itself: once the clock stood there, it had passed, and an interval ticked
/// without end before its time.
#[test]
fn at_the_end_of_the_clock_a_moment_beyond_it_has_not_come() {
    let (clock, driver) = manual();
    let _entered = driver.enter();
    clock.advance(Duration::MAX);
    let end = now();
    let mut reset = sleep(secs(1));
    reset.reset(end + ms(1));
    for mut beyond in [sleep_until(end + ms(1)), sleep_until(Duration::MAX), reset] {
        assert!(poll(&mut beyond, Waker::noop()).is_pending());
        assert!(poll(&mut beyond, Waker::noop()).is_pending());
    }
    let mut at_the_end = sleep_until(end);
    assert!(poll(&mut at_the_end, Waker::noop()).is_pending(), "it yields once");
    assert!(poll(&mut at_the_end, Waker::noop()).is_ready());
}

/// The order of deadlines holds for what the wheel can see, and the clock has to jump by days to show it.
#[test]
fn of_sleeps_beyond_the_range_of_the_wheel_that_one_jump_passes_the_one_set_first_is_woken_first() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let _later = set(sleep(days(20)), &wakes.waker("set first"));
    let _earlier = set(sleep(days(15)), &wakes.waker("due first"));
    clock.advance(days(30));
    look(&mut driver);
    assert_eq!(wakes.take(), ["set first", "due first"]);
}

#[test]
fn a_sleep_beyond_the_range_of_the_wheel_ends_when_it_said() {
    for (length, laps) in [(days(12), 1), (days(13), 2), (days(24), 2), (days(1_000), 81)] {
        let (slept, timeline) = record(async move {
            sleep(length).await;
            now()
        });
        assert_eq!(slept, length);
        assert_eq!(
            timeline.parks(),
            laps,
            "the wheel looks 12 days ahead, so {length:?} takes this many looks"
        );
    }
}

#[test]
fn a_sleep_after_a_pause_longer_than_the_range_of_the_wheel_ends_when_it_said() {
    let (clock, mut driver) = manual();
    clock.advance(days(10_000)); // The wheel has stood still all the time: it was empty.
    drive(&mut driver, sleep(secs(1))).expect("a thread can always park");
    assert_eq!(clock.now(), days(10_000) + secs(1));
}

// When it begins.

#[test]
fn a_sleep_counts_from_its_first_poll_not_from_the_call() {
    run(async {
        let nap = sleep(secs(3));
        sleep(secs(2)).await;
        nap.await;
        assert_eq!(now(), secs(5), "one after the other, although made at once");
    });
}

#[test]
fn a_sleep_until_a_moment_does_not_care_when_it_is_polled_first() {
    run(async {
        let nap = sleep_until(secs(3));
        sleep(secs(2)).await;
        nap.await;
        assert_eq!(now(), secs(3));
    });
}

#[test]
fn a_sleep_that_nobody_polls_sets_nothing() {
    let (_, driver) = manual();
    let _entered = driver.enter();
    let nap = sleep(secs(1));
    assert_eq!(driver.timers(), 0);
    drop(nap);
    drop(sleep(secs(1)));
}

// Cancelled.

#[test]
fn a_sleep_dropped_before_its_deadline_never_wakes_and_leaves_nothing() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    drop(set_all(&wakes, &[10, 10, 70, 5_000, 86_400_000]));
    assert_eq!(driver.timers(), 0);
    clock.advance(days(2));
    look(&mut driver);
    assert_eq!(wakes.take(), [""; 0]);
}

#[test]
fn a_sleep_dropped_after_a_busy_spell_does_not_wake_although_it_was_due() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let sleeps = set_all(&wakes, &[10]);
    clock.advance(secs(1));
    drop(sleeps);
    look(&mut driver);
    assert_eq!(wakes.take(), [""; 0]);
}

#[test]
fn a_driver_does_not_wait_for_a_sleep_that_was_dropped() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let mut sleeps = set_all(&wakes, &[10, 20]);
    drop(sleeps.remove(0));
    park(&mut driver);
    assert_eq!((wakes.take(), clock.now()), (vec!["20".to_string()], ms(20)));
}

#[test]
fn of_many_sleeps_set_and_dropped_in_any_order_nothing_is_left() {
    const MANY: u64 = if cfg!(miri) { 100 } else { 100_000 };
    let (_, mut driver) = manual();
    let _entered = driver.enter();
    let bell = Arc::new(Bell);
    let waker = Waker::from(Arc::clone(&bell));
    let mut sleeps: Vec<_> =
        (0..MANY).map(|n| Some(set(sleep(ms(1 + n * 7_919 % 100_000)), &waker))).collect();
    assert_eq!(driver.timers() as u64, MANY);
    assert_eq!(Arc::strong_count(&bell) as u64, MANY + 2, "one clone of the waker each");
    for n in 0..MANY {
        sleeps[(n * 7_907 % MANY) as usize] = None;
        assert_eq!(driver.timers() as u64, MANY - 1 - n);
    }
    assert_eq!(Arc::strong_count(&bell), 2);
    driver.park(Some(ms(1))).expect("a thread can always park");
}

/// A waker that only counts its clones.
struct Bell;

impl Wake for Bell {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn each_waker_is_given_back_when_its_sleep_ends_is_reset_or_changes_hands() {
    let (_, mut driver) = manual();
    let _entered = driver.enter();
    let [first, second] = [Arc::new(Bell), Arc::new(Bell)];
    let count = || (Arc::strong_count(&first), Arc::strong_count(&second));
    let [one, other] = [Waker::from(Arc::clone(&first)), Waker::from(Arc::clone(&second))];

    let mut nap = set(sleep(secs(1)), &one);
    assert_eq!(count(), (3, 2));
    nap = set(nap, &other);
    assert_eq!(count(), (2, 3), "it changed hands");
    nap.reset(secs(5));
    assert_eq!(count(), (2, 2), "it was reset");
    nap = set(nap, &one);
    park(&mut driver);
    assert_eq!(count(), (2, 2), "it ended");
    assert_eq!(poll(&mut nap, &one), Poll::Ready(()));
}

#[test]
fn a_sleep_that_ends_within_a_tick_waits_for_the_next_one_and_leaves_no_timer() {
    let micros = Duration::from_micros;
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let _fires = set(sleep(ms(1)), &wakes.waker("1 ms"));
    let mut nap = set(sleep(micros(1_500)), &wakes.waker("1.5 ms"));
    clock.advance(micros(1_700));
    look(&mut driver);
    assert_eq!(wakes.take(), ["1 ms"]);
    assert_eq!(poll(&mut nap, &wakes.waker("again")), Poll::Pending);
    park(&mut driver);
    assert_eq!((wakes.take(), clock.now()), (vec!["again".to_string()], ms(2)));
    assert_eq!(poll(&mut nap, Waker::noop()), Poll::Ready(()));
    assert_eq!(driver.timers(), 0);
}

// When it has passed already.

#[test]
fn on_a_manual_clock_a_deadline_that_has_passed_unseen_is_due_at_once() {
    let (clock, driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    clock.advance(Duration::from_micros(5_500)); // Nobody has read the clock since.
    let _nap = set(sleep_until(Duration::from_micros(5_200)), &wakes.waker("at once"));
    assert_eq!((wakes.take(), driver.timers()), (vec!["at once".to_string()], 0));
}

#[test]
fn on_a_real_clock_a_deadline_that_has_passed_unseen_is_pending_exactly_once() {
    block_on(async {
        let deadline = now() + ms(5);
        std::thread::sleep(ms(10)); // A computation, which does not look at the clock.
        let (mut polls, mut nap) = (0, pin!(sleep_until(deadline)));
        poll_fn(|cx| {
            polls += 1;
            nap.as_mut().poll(cx)
        })
        .await;
        assert_eq!(polls, 2);
        assert!(now() >= deadline);
    });
}

// Reset.

#[test]
fn a_sleep_can_be_reset_to_earlier_and_to_later() {
    for (deadline, sleep_before) in [(secs(5), secs(10)), (secs(20), secs(10)), (secs(5), secs(7))] {
        let (clock, mut driver) = manual();
        let _entered = driver.enter();
        let wakes = Wakes::default();
        let mut nap = set(sleep(sleep_before), &wakes.waker("old"));
        nap.reset(deadline);
        assert_eq!(driver.timers(), 0, "the old timer is gone at once");
        nap = set(nap, &wakes.waker("new"));
        park(&mut driver);
        assert_eq!((wakes.take(), clock.now()), (vec!["new".to_string()], deadline));
        assert_eq!(poll(&mut nap, Waker::noop()), Poll::Ready(()));
    }
}

#[test]
fn a_sleep_can_be_reset_before_its_first_poll_and_after_its_end() {
    run(async {
        let mut nap = sleep(secs(100));
        nap.reset(secs(1));
        (&mut nap).await;
        assert_eq!(now(), secs(1));
        nap.reset(secs(3));
        (&mut nap).await;
        assert_eq!(now(), secs(3));
    });
}

#[test]
fn a_sleep_reset_to_the_past_is_pending_exactly_once() {
    let (clock, driver) = manual();
    let _entered = driver.enter();
    clock.advance(secs(5));
    let wakes = Wakes::default();
    let mut nap = set(sleep(secs(1)), &wakes.waker("old"));
    nap.reset(secs(2));
    nap = set(nap, &wakes.waker("new"));
    assert_eq!(wakes.take(), ["new"]);
    assert_eq!(poll(&mut nap, Waker::noop()), Poll::Ready(()));
}

// Polled, and polled again.

#[test]
fn the_latest_waker_wins() {
    let (_, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let mut nap = sleep(secs(1));
    for name in ["first", "second", "third"] {
        nap = set(nap, &wakes.waker(name));
    }
    park(&mut driver);
    assert_eq!(wakes.take(), ["third"]);
}

#[test]
fn a_spurious_poll_sets_no_second_timer_and_changes_no_deadline() {
    let (slept, timeline) = record(async {
        let mut nap = sleep(secs(3));
        for _ in 0..2 {
            // Each of these ends, and so the nap beside it is polled for nothing.
            race(&mut nap, sleep(secs(1))).await;
        }
        nap.await;
        now()
    });
    assert_eq!(slept, secs(3));
    assert_eq!(count(&timeline, |kind| matches!(kind, Kind::TimerSet { .. })), 3);
    assert_eq!(count(&timeline, |kind| matches!(kind, Kind::TimerFired { .. })), 3);
    assert_eq!(count(&timeline, |kind| matches!(kind, Kind::TimerDropped { .. })), 0);
}

#[test]
fn a_sleep_takes_one_park_and_two_polls() {
    let (_, timeline) = record(sleep(secs(2)));
    assert_eq!((timeline.parks(), timeline.polls("Sleep"), timeline.wakes("Sleep")), (1, 2, 1));
    assert_eq!(timeline.end, secs(2));
}

#[test]
fn two_sleeps_with_one_deadline_share_one_park() {
    async fn both() {
        join(sleep(secs(2)), sleep(secs(2))).await;
    }
    let (_, timeline) = record(both());
    assert_eq!((timeline.parks(), timeline.polls("both"), timeline.wakes("both")), (1, 2, 2));
}

#[test]
fn a_sleep_polled_after_its_end_panics_and_says_so() {
    let (_, driver) = manual();
    let _entered = driver.enter();
    let mut nap = set(sleep(Duration::ZERO), Waker::noop());
    assert_eq!(poll(&mut nap, Waker::noop()), Poll::Ready(()));
    let message = panic_of(|| _ = poll(&mut nap, Waker::noop()));
    assert_eq!(message, "`Sleep` was polled after it had returned Ready; `reset` makes it wait again");
}

#[test]
fn a_sleep_polled_outside_of_a_driver_panics_and_says_where_to_await_it() {
    let message = panic_of(|| step2::block_on(sleep(secs(1))));
    assert!(message.starts_with("no timer driver on this thread: await sleeps"), "{message}");
    assert!(message.contains("`step3::block_on`"), "{message}");

    // It is as it was before: inside of a driver it still counts from its first poll there.
    let (clock, mut driver) = manual();
    let mut nap = sleep(secs(1));
    assert!(!panic_of(|| _ = poll(&mut nap, Waker::noop())).is_empty());
    drive(&mut driver, nap).expect("a thread can always park");
    assert_eq!(clock.now(), secs(1));
}

#[test]
fn a_sleep_and_a_driver_say_what_they_are() {
    let (_, driver): (_, Driver) = manual();
    assert!(format!("{driver:?}").contains("TimerDriver"));
    assert!(format!("{:?}", sleep(secs(1))).contains("Sleep"));
}
