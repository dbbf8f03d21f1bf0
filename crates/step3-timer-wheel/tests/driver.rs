//! What a driver promises to those who drive with it: whose timers are whose, and what foreign code may do.

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use step2::{Either, Park, ThreadPark, drive, oneshot, race, yield_now};
use step3::{
    Clock, Hold, ManualClock, Sleep, TimerDriver, block_on, hold, now, sleep, sleep_until, timeout, try_now,
};

mod support;
use support::{Does, Wakes, days, look, manual, ms, panic_of, park, poll, run, secs};

/// Polls a sleep of `length` for the first time.
fn set(length: Duration, waker: &Waker) -> Sleep {
    let mut sleep = sleep(length);
    assert_eq!(poll(&mut sleep, waker), Poll::Pending);
    sleep
}

// How long it sleeps.

#[test]
fn a_park_ends_at_the_limit_or_at_the_next_deadline_whichever_is_first() {
    let (clock, mut driver) = manual();
    let entered = driver.enter();
    let wakes = Wakes::default();
    let _nap = set(secs(10), &wakes.waker("woken"));
    drop(entered);

    driver.park(Some(secs(4))).expect("a thread can always park");
    assert_eq!((clock.now(), wakes.take().len()), (secs(4), 0));
    driver.park(Some(secs(100))).expect("a thread can always park");
    assert_eq!((clock.now(), wakes.take().len()), (secs(10), 1));
    driver.park(Some(secs(1))).expect("a thread can always park");
    assert_eq!(clock.now(), secs(11), "no timer is left");
}

#[test]
fn a_park_with_a_limit_of_zero_wakes_what_is_due_and_lets_no_time_pass() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let _naps = [set(secs(1), &wakes.waker(1)), set(secs(3), &wakes.waker(3))];
    clock.advance(secs(2));
    look(&mut driver);
    assert_eq!((wakes.take(), clock.now()), (vec!["1".to_string()], secs(2)));
}

#[test]
fn a_wake_from_another_thread_ends_the_park_before_the_deadline() {
    let (sender, receiver) = oneshot();
    let other = thread::spawn(move || sender.send("in time"));
    let first = block_on(race(sleep(days(1)), receiver)); // Would last a day.
    assert_eq!(first, Either::Second(Ok("in time")));
    other.join().unwrap().unwrap();
}

#[test]
fn a_park_below_that_cannot_sleep_hands_its_error_up() {
    struct Broken;
    impl Park for Broken {
        fn waker(&self) -> Waker {
            Waker::noop().clone()
        }
        fn park(&mut self, _limit: Option<Duration>) -> io::Result<bool> {
            Err(io::Error::from(io::ErrorKind::OutOfMemory))
        }
    }
    for clock in [Clock::real(), Clock::from(&ManualClock::new())] {
        let mut driver = TimerDriver::new(Broken, clock);
        let error = drive(&mut driver, sleep(secs(1))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(driver.timers(), 0, "the sleep was dropped with the rest of the program");
    }
}

// Which driver is current.

#[test]
fn there_is_a_time_inside_of_a_driver_and_none_outside() {
    assert_eq!(try_now(), None);
    let message = panic_of(|| _ = now());
    assert!(message.starts_with("no timer driver on this thread"), "{message}");
    run(async {
        sleep(secs(1)).await;
        assert_eq!((try_now(), now()), (Some(secs(1)), secs(1)));
    });
    assert_eq!(try_now(), None);
}

#[test]
fn a_driver_inside_a_driver_has_timers_and_a_clock_of_its_own() {
    let wakes = Wakes::default();
    run(async {
        let outer = set(secs(5), &wakes.waker("outer"));
        run(async {
            sleep(secs(60)).await;
            assert_eq!(now(), secs(60));
        });
        assert_eq!(now(), Duration::ZERO, "the outer one stood still meanwhile");
        assert_eq!(wakes.take(), [""; 0]);
        sleep(secs(6)).await;
        assert_eq!(wakes.take(), ["outer"]);
        drop(outer);
    });
}

#[test]
fn after_a_panic_inside_an_inner_driver_the_outer_one_is_current_again() {
    run(async {
        let message = panic_of(|| {
            run(async {
                sleep(secs(1)).await;
                panic!("inside");
            });
        });
        assert_eq!(message, "inside");
        sleep(secs(3)).await;
        assert_eq!(now(), secs(3));
    });
    assert_eq!(try_now(), None);
}

#[test]
fn a_sleep_polled_in_an_inner_driver_waits_there() {
    let (_, mut outer) = manual();
    let _entered = outer.enter();
    let mut nap = set(secs(5), Waker::noop());
    let (clock, mut inner) = manual();
    drive(&mut inner, &mut nap).expect("a thread can always park");
    assert_eq!(clock.now(), secs(5));
    assert_eq!(outer.timers(), 1, "the timer that it had waits to be thrown out");
    look(&mut outer);
    assert_eq!(outer.timers(), 0);
}

// Sleeps that leave their driver.

#[test]
fn a_sleep_dropped_on_another_thread_leaves_nothing_after_the_owners_next_park() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let naps: Vec<Sleep> = (0..10).map(|n| set(secs(n + 1), &wakes.waker(n))).collect();
    thread::spawn(move || drop(naps)).join().unwrap();

    clock.advance(secs(100));
    look(&mut driver);
    assert_eq!(driver.timers(), 0);
    assert_eq!(wakes.take(), [""; 0], "although they were due by then");
}

#[test]
fn a_sleep_dropped_outside_of_its_driver_leaves_nothing_after_the_next_park() {
    let (_, mut driver) = manual();
    let entered = driver.enter();
    let nap = set(secs(1), Waker::noop());
    drop(entered);
    drop(nap);
    look(&mut driver);
    assert_eq!(driver.timers(), 0);
}

#[test]
fn a_sleep_that_has_fired_and_is_dropped_elsewhere_hurts_nobody() {
    let (_, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let fired = set(secs(1), &wakes.waker("fired"));
    park(&mut driver);
    let _next = set(secs(1), &wakes.waker("the next")); // in the room that the first has left
    thread::spawn(move || drop(fired)).join().unwrap();
    park(&mut driver);
    assert_eq!(wakes.take(), ["fired", "the next"]);
}

#[test]
fn a_sleep_polled_on_another_threads_driver_waits_there_until_the_same_moment() {
    let (clock, mut here) = manual();
    let _entered = here.enter();
    let wakes = Wakes::default();
    let nap = set(secs(5), &wakes.waker("here"));
    clock.advance(secs(2));

    let shared = Clock::from(&clock);
    let there = thread::spawn(move || {
        let mut there = TimerDriver::new(ThreadPark::new(), shared);
        drive(&mut there, async {
            nap.await;
            now()
        })
    });
    assert_eq!(there.join().unwrap().unwrap(), secs(5));
    look(&mut here);
    assert_eq!((here.timers(), wakes.take().len()), (0, 0), "nobody here is woken for it any more");
}

#[test]
fn a_sleep_polled_when_it_is_over_on_another_driver_wakes_nobody_where_it_was_set() {
    let (clock, mut here) = manual();
    let entered = here.enter();
    let wakes = Wakes::default();
    let mut nap = set(secs(5), &wakes.waker("here"));
    drop(entered);

    let mut there = TimerDriver::new(ThreadPark::new(), Clock::from(&clock));
    drive(&mut there, sleep(secs(6))).expect("a thread can always park");
    let entered = there.enter();
    assert_eq!(poll(&mut nap, Waker::noop()), Poll::Ready(()));
    drop(entered);
    look(&mut here);
    assert_eq!((here.timers(), wakes.take()), (0, vec![]));
}

#[test]
fn a_sleep_may_move_between_threads_on_the_real_clock() {
    let (to_there, from_here) = mpsc::channel::<Sleep>();
    let there = thread::spawn(move || {
        let nap = from_here.recv().unwrap();
        block_on(nap);
        Clock::real().now()
    });
    let deadline = block_on(async move {
        let deadline = now() + ms(20);
        let mut nap = sleep_until(deadline);
        assert_eq!(poll(&mut nap, Waker::noop()), Poll::Pending);
        to_there.send(nap).unwrap();
        deadline
    });
    assert!(there.join().unwrap() >= deadline, "a deadline means the same on every thread");
}

#[test]
fn a_driver_that_ends_wakes_its_sleeps_which_go_on_with_another() {
    let (_, driver) = manual();
    let entered = driver.enter();
    let wakes = Wakes::default();
    let mut moved = set(secs(1), &wakes.waker("moved"));
    let dropped = set(secs(1), &wakes.waker("dropped"));
    drop(entered);
    drop(driver);
    // Not woken, a sleep in a set that polls only who was woken would never be looked at again.
    assert_eq!(wakes.take(), ["moved", "dropped"]);

    drop(dropped);
    let (clock, mut another) = manual();
    drive(&mut another, &mut moved).expect("a thread can always park");
    assert_eq!(clock.now(), secs(1));
    assert_eq!(wakes.take(), [""; 0]);
}

/// A waker that keeps a sleep alive, as a task's does that has the sleep inside.
struct Keeps(#[expect(dead_code, reason = "it is there to be dropped")] Mutex<Option<Sleep>>);

impl Keeps {
    fn waker(sleep: Sleep) -> Waker {
        Waker::from(Arc::new(Keeps(Mutex::new(Some(sleep)))))
    }
}

impl Wake for Keeps {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_driver_may_be_dropped_while_its_timers_keep_each_other_alive() {
    for guard_goes_first in [true, false] {
        let (_, driver) = manual();
        let entered = driver.enter();
        let inner = set(secs(1), Waker::noop());
        let outer = set(secs(2), &Keeps::waker(inner));
        if guard_goes_first {
            drop(entered);
            drop(driver);
        } else {
            // The guard holds the last of the timers. It used to drop their wakers while it held the thread-local.
            drop(driver);
            drop(entered);
        }
        assert_eq!(try_now(), None);
        drop(outer);
    }
}

// Foreign code.

#[test]
fn a_waker_that_panics_takes_nothing_with_it() {
    let (_, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let _naps = [
        set(secs(1), &wakes.waker("before")),
        set(secs(1), &Does::waker(|| panic!("a waker that panics (this line belongs to a test)"))),
        set(secs(1), &wakes.waker("after")),
    ];
    park(&mut driver); // returns
    assert_eq!(wakes.take(), ["before", "after"]);
    assert_eq!(driver.timers(), 0);

    let _nap = set(secs(1), &wakes.waker("later"));
    park(&mut driver);
    assert_eq!(wakes.take(), ["later"], "and the driver is as good as new");
}

#[test]
fn a_waker_may_set_a_timer() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let kept = Arc::new(Mutex::new(None));
    let sets_another = Does::waker({
        let (kept, waker) = (Arc::clone(&kept), wakes.waker("set by a waker"));
        move || *kept.lock().unwrap() = Some(set(secs(1), &waker))
    });
    let _nap = set(secs(1), &sets_another);
    park(&mut driver);
    assert_eq!((driver.timers(), clock.now(), wakes.take().len()), (1, secs(1), 0));
    park(&mut driver);
    assert_eq!((wakes.take(), clock.now()), (vec!["set by a waker".to_string()], secs(2)));
}

#[test]
fn a_waker_may_drop_a_sleep_that_is_due_in_the_same_turn_and_it_does_not_wake() {
    let (_, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let due_as_well = Arc::new(Mutex::new(None));
    let drops_it = Does::waker({
        let due_as_well = Arc::clone(&due_as_well);
        move || drop(due_as_well.lock().unwrap().take())
    });
    let _first = set(secs(1), &drops_it);
    *due_as_well.lock().unwrap() = Some(set(secs(1), &wakes.waker("dropped")));
    let _last = set(secs(1), &wakes.waker("last"));
    park(&mut driver);
    assert_eq!(wakes.take(), ["last"]);
    assert_eq!(driver.timers(), 0);
}

#[test]
fn a_waker_may_compute_for_long_and_what_is_due_by_then_waits_for_the_next_turn() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let computes = Does::waker({
        let clock = clock.clone();
        move || clock.advance(secs(10))
    });
    let _naps = [set(secs(1), &computes), set(secs(2), &wakes.waker("2"))];
    park(&mut driver);
    assert_eq!(wakes.take(), [""; 0]);
    park(&mut driver);
    assert_eq!((wakes.take(), clock.now()), (vec!["2".to_string()], secs(11)));
}

#[test]
fn a_waker_may_run_a_driver_of_its_own() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let sleeps_itself = Does::waker({
        let wakes = wakes.clone();
        move || {
            run(sleep(secs(60)));
            wakes.note("slept");
        }
    });
    let _naps = [set(secs(1), &sleeps_itself), set(secs(1), &wakes.waker("after"))];
    park(&mut driver);
    assert_eq!((wakes.take(), clock.now()), (vec!["slept".to_string(), "after".to_string()], secs(1)));
}

/// A waker that does something when it is dropped.
struct DoesOnDrop<F: FnMut() + Send + 'static>(Mutex<F>);

impl<F: FnMut() + Send + 'static> Wake for DoesOnDrop<F> {
    fn wake(self: Arc<Self>) {}
}

impl<F: FnMut() + Send + 'static> Drop for DoesOnDrop<F> {
    fn drop(&mut self) {
        (self.0.lock().expect("it acts once"))();
    }
}

/// The last waker of a task drops the task, and with it whatever the program put there.
#[test]
fn a_waker_that_is_dropped_may_set_timers_drop_sleeps_and_run_drivers() {
    let wakes = Wakes::default();
    let acts_on_drop = || {
        let wakes = wakes.clone();
        let mut kept = Some(set(secs(7), Waker::noop()));
        Waker::from(Arc::new(DoesOnDrop(Mutex::new(move || {
            drop(kept.take());
            drop(set(secs(7), Waker::noop()));
            run(sleep(secs(60)));
            wakes.note("dropped");
        }))))
    };
    let (_, mut driver) = manual();
    let _entered = driver.enter();

    let mut renewed = set(secs(1), &acts_on_drop());
    assert_eq!(poll(&mut renewed, Waker::noop()), Poll::Pending);
    assert_eq!(wakes.take(), ["dropped"], "another waker took its place");

    drop(set(secs(1), &acts_on_drop()));
    assert_eq!(wakes.take(), ["dropped"], "its sleep was dropped");

    let mut reset = set(secs(1), &acts_on_drop());
    reset.reset(secs(5));
    assert_eq!(wakes.take(), ["dropped"], "its sleep was reset");

    let elsewhere = set(secs(1), &acts_on_drop());
    thread::spawn(move || drop(elsewhere)).join().unwrap();
    look(&mut driver);
    assert_eq!(wakes.take(), ["dropped"], "its sleep was dropped on another thread");

    let _fires = set(secs(1), &acts_on_drop());
    park(&mut driver);
    assert_eq!(wakes.take(), ["dropped"], "it was woken");
    assert_eq!(driver.timers(), 0);
}

// Manual clocks.

#[test]
fn clones_of_a_manual_clock_share_one_time_which_stops_at_its_end() {
    let clock = ManualClock::new();
    let same = Clock::from(&clock.clone());
    clock.advance(secs(1));
    assert_eq!(same.now(), secs(1));
    clock.advance(Duration::MAX);
    assert_eq!(same.now(), Duration::from_nanos(u64::MAX));
    clock.advance(secs(1));
    assert_eq!(same.now(), Duration::from_nanos(u64::MAX));
}

#[test]
fn a_driver_made_late_in_the_life_of_its_clock_starts_there() {
    let clock = ManualClock::new();
    clock.advance(days(10_000));
    let mut driver = TimerDriver::new(ThreadPark::new(), Clock::from(&clock));
    let slept = drive(&mut driver, async {
        sleep(secs(1)).await;
        now()
    });
    assert_eq!(slept.expect("a thread can always park"), days(10_000) + secs(1));
}

/// The clock used to jump to the next deadline although somebody had been woken, and could run at once.
#[test]
fn whoever_is_woken_goes_on_before_a_manual_clock_moves() {
    let outcome = run(timeout(secs(1), async {
        yield_now().await;
        sleep(Duration::ZERO).await;
        now()
    }));
    assert_eq!(outcome, Ok(Duration::ZERO));

    let (_, mut driver) = manual();
    let _entered = driver.enter();
    let _nap = set(secs(1), Waker::noop());
    driver.waker().wake();
    assert!(driver.park(None).expect("a thread can always park"), "woken");
    assert_eq!(now(), Duration::ZERO);
    assert!(driver.park(None).expect("a thread can always park"), "a timer fired");
    assert_eq!(now(), secs(1));
    assert!(!driver.park(Some(secs(1))).expect("a thread can always park"), "nothing happened");
}

#[test]
fn what_waits_for_nothing_but_a_thread_takes_no_time_on_a_manual_clock() {
    let (sender, receiver) = oneshot();
    let other = thread::spawn(move || sender.send(7));
    let (clock, mut driver) = manual();
    let value = drive(&mut driver, race(receiver, pending::<()>())).expect("a thread can always park");
    assert_eq!((value, clock.now()), (Either::First(Ok(7)), Duration::ZERO));
    other.join().unwrap().unwrap();
}

// Holds.

/// Lets go of `hold` on another thread, once this one has said so and not a moment before.
fn let_go_elsewhere(hold: Hold) -> (mpsc::Sender<()>, thread::JoinHandle<()>) {
    let (say, said) = mpsc::channel();
    let other = thread::spawn(move || {
        said.recv().expect("the test says so");
        drop(hold);
    });
    (say, other)
}

#[test]
fn a_manual_clock_stands_still_while_it_is_held_and_moves_afterwards() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let _nap = set(secs(10), &wakes.waker("due"));
    let hold = hold();
    driver.waker().wake();
    assert!(driver.park(None).expect("a thread can always park"), "woken");
    assert_eq!((clock.now(), wakes.take().len()), (Duration::ZERO, 0));

    drop(hold);
    assert!(driver.park(None).expect("a thread can always park"), "letting go is a wake");
    park(&mut driver);
    assert_eq!((clock.now(), wakes.take()), (secs(10), vec!["due".to_owned()]));
}

#[test]
fn a_hold_let_go_on_another_thread_ends_the_park_and_the_clock_moves_on() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let _nap = set(secs(1), &wakes.waker("due"));
    let (say, other) = let_go_elsewhere(hold());
    say.send(()).unwrap();
    // Nobody else ever wakes this driver: were letting go no wake, it would sleep for ever.
    while clock.now() == Duration::ZERO {
        park(&mut driver);
    }
    assert_eq!(wakes.take(), ["due"]);
    other.join().unwrap();
}

#[test]
fn a_clock_held_several_times_moves_after_the_last() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let _nap = set(secs(1), Waker::noop());
    let mut holds = vec![hold(), hold(), hold()];
    while let Some(hold) = holds.pop() {
        driver.waker().wake();
        park(&mut driver);
        assert_eq!(clock.now(), Duration::ZERO, "{} more", holds.len());
        drop(hold);
    }
    park(&mut driver); // The wake of the last hold.
    park(&mut driver);
    assert_eq!(clock.now(), secs(1));
}

#[test]
fn a_park_with_a_limit_of_zero_returns_although_the_clock_is_held() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let _nap = set(secs(1), Waker::noop());
    let _hold = hold();
    look(&mut driver);
    assert_eq!(clock.now(), Duration::ZERO);
}

/// It used to be left to the next wake: the driver slept for ever if there was none.
#[test]
fn what_is_due_already_fires_although_the_clock_is_held() {
    let (clock, mut driver) = manual();
    let _entered = driver.enter();
    let wakes = Wakes::default();
    let _naps = [set(secs(1), &wakes.waker("due")), set(secs(3), &wakes.waker("not due"))];
    let _hold = hold();
    clock.advance(secs(2)); // A computation that took so long.
    park(&mut driver);
    assert_eq!((wakes.take(), clock.now()), (vec!["due".to_owned()], secs(2)));
}

#[test]
fn work_that_was_held_for_is_in_time_for_the_shortest_timeout() {
    for _ in 0..100 {
        let outcome = run(async {
            let (sender, receiver) = oneshot();
            let hold = hold();
            thread::spawn(move || {
                sender.send("done").unwrap();
                drop(hold); // After the wake: between the two, the clock must not move.
            });
            timeout(ms(1), receiver).await
        });
        assert_eq!(outcome, Ok(Ok("done")));
    }
}

#[test]
fn a_real_clock_cannot_be_held() {
    block_on(async {
        let _hold = hold();
        let begin = now();
        sleep(ms(2)).await; // Would sleep for ever.
        assert!(now() >= begin + ms(2));
    });
}

#[test]
fn outside_of_a_driver_there_is_nothing_to_hold() {
    let held_nothing = hold();
    run(sleep(secs(1))); // Would hang if that held the clock of a driver to come.
    drop(held_nothing);
}

#[test]
fn a_hold_is_on_the_clock_of_the_driver_that_was_current_when_it_was_made() {
    run(async {
        let outer = hold();
        run(sleep(secs(1))); // The inner driver's clock moves.
        drop(outer);
        sleep(secs(1)).await;
        assert_eq!(now(), secs(1));
    });
}

#[test]
fn a_hold_may_outlive_its_driver() {
    let (_clock, driver) = manual();
    let entered = driver.enter();
    let hold = hold();
    drop(entered);
    drop(driver);
    drop(hold);
}
