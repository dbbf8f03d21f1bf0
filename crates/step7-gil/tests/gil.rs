//! The lock: who holds it, when it changes hands, and what else its holder does.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use step7::plain::UnderGil;
use step7::{DROP_REQUEST, Gil, GilGuard, Handoff, Histogram, Memory, PENDING, Plain, Policy, Py};

const HOUR: Duration = Duration::from_secs(3600);

/// Makes a lock whose waiters ask after a millisecond.
fn quick() -> Gil {
    Gil::builder().interval(Duration::from_millis(1)).build()
}

/// Makes a lock whose waiters ask after an hour: never.
fn slow() -> Gil {
    Gil::builder().interval(HOUR).build()
}

/// A number that is used with a token only: no atomic, and no lock of its own.
fn number(py: Py<'_>) -> UnderGil<u64> {
    Plain::guard(0, py)
}

fn read(number: &UnderGil<u64>, py: Py<'_>) -> u64 {
    Plain::with(number, py, |number| *number)
}

fn write(number: &UnderGil<u64>, value: u64, py: Py<'_>) {
    Plain::with(number, py, |number| *number = value);
}

/// Starts a thread that takes the lock once, and lets go of it.
fn waiter(gil: &Gil) -> JoinHandle<()> {
    let mut thread = gil.thread();
    thread::spawn(move || drop(thread.take()))
}

/// Waits until a waiter has asked the holder to let go.
fn until_asked(gil: &Gil) {
    while gil.breaker().get() & DROP_REQUEST == 0 {
        thread::sleep(Duration::from_micros(100)); // Leaves the processor to the waiter.
    }
}

/// Tries until something is seen that may happen each time, and need not.
#[track_caller]
fn is_seen(mut attempt: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !attempt() {
        assert!(begin.elapsed() < Duration::from_secs(60), "not once in a minute");
    }
}

/// Leaves a call that sends `value`.
fn leave(gil: &Gil, to: &Sender<u32>, value: u32) {
    let to = to.clone();
    gil.call_soon(move |_py| to.send(value).unwrap());
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn one_thread_at_a_time_holds_it() {
    let gil = quick();
    let is_inside = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut thread = gil.thread();
                for _ in 0..200 {
                    let mut guard = thread.take();
                    for _ in 0..5 {
                        assert!(!is_inside.swap(true, SeqCst), "somebody else holds it");
                        thread::yield_now();
                        is_inside.store(false, SeqCst);
                        guard.check();
                    }
                }
            });
        }
    });
}

#[test]
fn threads_that_count_under_it_without_an_atomic_lose_nothing() {
    let gil = quick();
    let counted = number(gil.thread().take().py());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut thread = gil.thread();
                let mut guard = thread.take();
                for _ in 0..1000 {
                    let before = read(&counted, guard.py());
                    thread::yield_now(); // The others may run, yet not count.
                    write(&counted, before + 1, guard.py());
                    guard.check();
                }
            });
        }
    });
    assert_eq!(read(&counted, gil.thread().take().py()), 4000);
}

#[test]
fn threads_that_let_a_check_come_between_reading_and_writing_lose_counts() {
    let gil = quick();
    let mut here = gil.thread();
    let mut guard = here.take();
    let counted = number(guard.py());
    thread::scope(|scope| {
        let before = read(&counted, guard.py());
        scope.spawn(|| {
            let mut thread = gil.thread();
            let guard = thread.take();
            write(&counted, read(&counted, guard.py()) + 1, guard.py());
        });
        until_asked(&gil);
        assert!(guard.check());
        write(&counted, before + 1, guard.py());
    });
    assert_eq!(read(&counted, guard.py()), 1, "and two have counted");
}

#[test]
fn clones_are_the_same_lock() {
    let gil = Gil::default();
    let clone = gil.clone();
    let mut thread = clone.thread();
    let _guard = thread.take();
    assert!(gil.is(&clone) && gil.is_taken());
    assert!(!gil.is(&Gil::default()));
}

#[test]
fn nobody_asks_before_the_interval_is_over() {
    let gil = slow();
    let mut here = gil.thread();
    let mut guard = here.take();
    let waiter = waiter(&gil);
    for _ in 0..100 {
        thread::yield_now();
        assert!(!guard.check());
    }
    assert_eq!(gil.figures().requests, 0);
    drop(guard);
    waiter.join().unwrap();
}

#[test]
fn a_waiter_asks_once_it_has_waited_for_the_interval() {
    let interval = Duration::from_millis(30);
    let gil = Gil::builder().interval(interval).build();
    let mut here = gil.thread();
    let guard = here.take();
    let begin = Instant::now();
    let waiter = waiter(&gil);
    until_asked(&gil);
    assert!(begin.elapsed() >= interval);
    assert!(gil.figures().requests >= 1);
    drop(guard);
    waiter.join().unwrap();
}

#[test]
fn a_request_is_over_when_somebody_has_taken_it() {
    let gil = quick();
    let mut here = gil.thread();
    let mut guard = here.take();
    let waiter = waiter(&gil);
    until_asked(&gil);
    assert!(guard.check());
    waiter.join().unwrap();
    assert_eq!(gil.breaker().get(), 0);
    assert!(!guard.check());
}

#[test]
fn who_was_asked_comes_back_after_another_has_had_it() {
    let gil = quick();
    let mut here = gil.thread();
    let mut guard = here.take();
    let turns = number(guard.py());
    thread::scope(|scope| {
        for turn in 1..=20 {
            let other = scope.spawn(|| {
                let mut thread = gil.thread();
                let guard = thread.take();
                write(&turns, read(&turns, guard.py()) + 1, guard.py());
            });
            until_asked(&gil);
            assert!(guard.check());
            assert_eq!(read(&turns, guard.py()), turn);
            other.join().unwrap();
        }
    });
}

#[test]
fn who_was_asked_does_not_wait_if_nobody_wants_it_any_more() {
    let gil = slow();
    let mut here = gil.thread();
    let mut guard = here.take();
    gil.breaker().set(DROP_REQUEST);
    assert!(guard.check());
    assert!(gil.is_held_here());
    assert_eq!(gil.figures().switches, 1);
}

#[test]
fn unforced_who_was_asked_may_have_it_back_at_once() {
    let gil = Gil::builder().interval(Duration::from_millis(1)).handoff(Handoff::Unforced).build();
    let mut here = gil.thread();
    is_seen(|| {
        let mut guard = here.take();
        let waiter = waiter(&gil);
        until_asked(&gil);
        let switches = gil.figures().switches;
        assert!(guard.check());
        let is_back_at_once = gil.figures().switches == switches;
        drop(guard);
        waiter.join().unwrap();
        is_back_at_once
    });
}

#[test]
fn by_ticks_a_holder_lets_go_after_so_many_checks_though_nobody_waits() {
    let gil = Gil::builder().policy(Policy::Ticks(3)).build();
    let mut here = gil.thread();
    let mut guard = here.take();
    let let_go: Vec<bool> = (0..7).map(|_| guard.check()).collect();
    assert_eq!(let_go, [false, false, true, false, false, true, false]);
    assert_eq!(gil.figures().forced, 2);
}

#[test]
fn by_ticks_a_holder_begins_to_count_when_it_takes_the_lock() {
    let gil = Gil::builder().policy(Policy::Ticks(2)).build();
    let mut here = gil.thread();
    for _ in 0..3 {
        let mut guard = here.take();
        assert!(!guard.check());
        guard.allow_threads(|| ());
        assert!(!guard.check());
    }
}

#[test]
fn by_ticks_nobody_asks() {
    let interval = Duration::from_nanos(1);
    let gil = Gil::builder().policy(Policy::Ticks(100)).interval(interval).build();
    let mut here = gil.thread();
    let mut guard = here.take();
    let waiter = waiter(&gil);
    while !waiter.is_finished() {
        guard.check();
    }
    assert_eq!(gil.figures().requests, 0);
    waiter.join().unwrap();
}

#[test]
fn by_ticks_calls_are_made_at_each_check() {
    let gil = Gil::builder().policy(Policy::Ticks(100)).build();
    let (calls, made) = channel();
    let mut here = gil.thread();
    let mut guard = here.take();
    leave(&gil, &calls, 7);
    assert!(!guard.check());
    assert_eq!(made.try_recv(), Ok(7));
}

#[test]
fn who_lets_go_for_io_after_being_asked_waits_for_the_hand_over() {
    let gil = quick();
    let mut here = gil.thread();
    let mut guard = here.take();
    for _ in 0..20 {
        let waiter = waiter(&gil);
        until_asked(&gil);
        let before = gil.figures().switches;
        let during = guard.allow_threads(|| gil.figures().switches);
        assert_eq!(during, before + 1);
        waiter.join().unwrap();
    }
}

#[test]
fn of_many_that_never_end_by_themselves_all_have_their_turns() {
    let gil = quick();
    let turns: Vec<_> = (0..4).map(|_| AtomicBool::new(false)).collect();
    thread::scope(|scope| {
        for mine in &turns {
            scope.spawn(|| {
                let mut thread = gil.thread();
                let mut guard = thread.take();
                mine.store(true, SeqCst);
                while !turns.iter().all(|turn| turn.load(SeqCst)) {
                    guard.check();
                }
            });
        }
    });
}

#[test]
fn a_panic_lets_go_of_it_and_poisons_nothing() {
    let gil = Gil::default();
    let mut here = gil.thread();
    assert!(panics(|| {
        let _guard = here.take();
        panic!("under the lock");
    }));
    assert!(!gil.is_taken() && !gil.is_held_here());
    drop(here.take());
    waiter(&gil).join().unwrap();
}

#[test]
fn a_panic_that_ends_a_thread_lets_the_next_one_in() {
    let gil = quick();
    let mut thread = gil.thread();
    let same = gil.clone();
    let holder = thread::spawn(move || {
        let _guard = thread.take();
        let waiter = waiter(&same);
        until_asked(&same);
        std::panic::panic_any(waiter);
    });
    let waiter = holder.join().unwrap_err().downcast::<JoinHandle<()>>().unwrap();
    waiter.join().unwrap();
}

#[test]
fn a_panic_without_the_lock_goes_on_under_it() {
    let gil = Gil::default();
    let mut here = gil.thread();
    let mut guard = here.take();
    assert!(panics(|| guard.allow_threads(|| panic!("in native code"))));
    assert!(gil.is_taken() && gil.is_held_here());
    drop(guard);
    waiter(&gil).join().unwrap();
}

#[test]
fn a_call_that_panics_in_who_takes_the_lock_lets_go_of_it() {
    let gil = Gil::default();
    gil.call_soon(|_py| panic!("in a call"));
    let mut here = gil.thread();
    assert!(panics(|| drop(here.take())));
    assert!(!gil.is_taken());
    drop(here.take());
}

#[test]
fn a_call_that_panics_in_a_check_leaves_the_lock_with_its_holder() {
    let gil = Gil::default();
    let mut here = gil.thread();
    let mut guard = here.take();
    gil.call_soon(|_py| panic!("in a call"));
    assert!(panics(|| _ = guard.check()));
    assert!(gil.is_held_here());
    assert!(!guard.check());
}

#[test]
fn a_call_is_made_by_the_holders_next_check_once() {
    let gil = Gil::default();
    let (calls, made) = channel();
    let mut here = gil.thread();
    let mut guard = here.take();
    leave(&gil, &calls, 7);
    assert!(made.try_recv().is_err());
    assert!(!guard.check(), "and it does not let go for that");
    guard.check();
    assert_eq!(made.try_iter().collect::<Vec<_>>(), [7]);
}

#[test]
fn a_call_is_made_by_the_next_one_that_takes_it_once() {
    let gil = Gil::default();
    let (calls, made) = channel();
    leave(&gil, &calls, 7);
    assert!(made.try_recv().is_err());
    drop(gil.thread().take());
    drop(gil.thread().take());
    assert_eq!(made.try_iter().collect::<Vec<_>>(), [7]);
}

#[test]
fn a_call_left_while_nobody_holds_it_for_native_code_is_made_after_that() {
    let gil = Gil::default();
    let (calls, made) = channel();
    let mut here = gil.thread();
    let mut guard = here.take();
    guard.allow_threads(|| {
        leave(&gil, &calls, 7);
        assert!(made.try_recv().is_err());
    });
    assert_eq!(made.try_recv(), Ok(7));
}

#[test]
fn calls_are_made_in_the_order_in_which_they_were_left() {
    let gil = Gil::default();
    let (calls, made) = channel();
    (0..10).for_each(|value| leave(&gil, &calls, value));
    drop(gil.thread().take());
    assert_eq!(made.try_iter().collect::<Vec<_>>(), Vec::from_iter(0..10));
}

#[test]
fn a_call_that_leaves_a_call_has_it_made_by_the_next_check() {
    let gil = Gil::default();
    let (calls, made) = channel();
    let mut here = gil.thread();
    let mut guard = here.take();
    let sender = calls.clone();
    gil.call_soon(move |py| {
        sender.send(1).unwrap();
        leave(py.gil(), &sender, 2);
    });
    guard.check();
    assert_eq!(made.try_iter().collect::<Vec<_>>(), [1]);
    guard.check();
    guard.check();
    assert_eq!(made.try_iter().collect::<Vec<_>>(), [2]);
}

#[test]
fn calls_left_by_many_threads_are_all_made_once_under_the_lock() {
    let gil = quick();
    let (calls, made) = channel();
    thread::scope(|scope| {
        for value in 0..4 {
            let (gil, calls) = (&gil, calls.clone());
            scope.spawn(move || (0..50).for_each(|_| leave(gil, &calls, value)));
        }
        scope.spawn(|| {
            let mut thread = gil.thread();
            let mut guard = thread.take();
            (0..100).for_each(|_| _ = guard.check());
        });
    });
    drop(gil.thread().take());
    assert_eq!(made.try_iter().count(), 200);
}

#[test]
fn a_call_has_a_token_of_its_lock() {
    let gil = Gil::default();
    let (calls, made) = channel();
    let same = gil.clone();
    gil.call_soon(move |py| calls.send(py.gil().is(&same) && same.is_held_here()).unwrap());
    drop(gil.thread().take());
    assert_eq!(made.recv(), Ok(true));
}

#[test]
fn a_switch_is_counted_when_another_thread_takes_it() {
    let gil = Gil::default();
    let (mut one, mut other) = (gil.thread(), gil.thread());
    for (thread, switches) in [(&mut one, 1), (&mut other, 2)] {
        drop(thread.take());
        drop(thread.take());
        assert_eq!(gil.figures().switches, switches);
    }
    drop(one.take());
    assert_eq!(gil.figures().switches, 3);
}

#[test]
fn forced_and_voluntary_ends_are_told_apart() {
    let gil = slow();
    let mut here = gil.thread();
    let mut guard = here.take();
    gil.breaker().set(DROP_REQUEST);
    guard.check();
    guard.allow_threads(|| ());
    drop(guard);
    let figures = gil.figures();
    assert_eq!((figures.forced, figures.voluntary), (1, 2));
}

#[test]
fn each_take_counts_as_a_wait_and_each_release_as_a_hold() {
    let gil = Gil::default();
    let mut here = gil.thread();
    let mut guard = here.take();
    assert_eq!((gil.figures().waits.count(), gil.figures().holds.count()), (1, 0));
    guard.allow_threads(|| ());
    assert_eq!((gil.figures().waits.count(), gil.figures().holds.count()), (2, 1));
    drop(guard);
    assert_eq!((gil.figures().waits.count(), gil.figures().holds.count()), (2, 2));
}

#[test]
fn a_hold_is_as_long_as_the_lock_was_held() {
    let gil = Gil::default();
    let mut here = gil.thread();
    let mut guard = here.take();
    let held = Duration::from_millis(20);
    thread::sleep(held);
    guard.allow_threads(|| assert!(gil.figures().holds.total() >= held));
    assert!(gil.figures().holds.percentile(100) >= held);
}

#[test]
fn a_wait_is_as_long_as_another_thread_has_held_the_lock_since() {
    let interval = Duration::from_millis(20);
    let gil = Gil::builder().interval(interval).build();
    let mut here = gil.thread();
    let guard = here.take();
    let waiter = waiter(&gil);
    until_asked(&gil);
    drop(guard);
    waiter.join().unwrap();
    assert!(gil.figures().waits.total() >= interval);
}

#[test]
fn a_histogram_takes_any_duration_and_any_percentage() {
    let mut times = Histogram::default();
    times.add(Duration::from_secs(100));
    assert!(times.percentile(100) > Duration::from_secs(100));
    assert!(times.percentile(100) <= Duration::from_secs(200));
    for _ in 0..2 {
        times.add(Duration::MAX);
    }
    assert_eq!((times.count(), times.total()), (3, Duration::MAX));
    assert_eq!(times.percentile(u64::MAX), times.percentile(100));
}

#[test]
fn one_thread_holds_two_locks() {
    let (one, other) = (Gil::default(), Gil::default());
    let (mut one_thread, mut other_thread) = (one.thread(), other.thread());
    let one_guard = one_thread.take();
    let other_guard = other_thread.take();
    assert!(one.is_taken() && other.is_taken());
    drop(one_guard);
    assert!(!one.is_taken() && other.is_taken());
    drop(other_guard);
    assert!(!other.is_taken());
}

#[test]
fn of_two_locks_the_one_taken_last_is_held_here_for_sure() {
    let (one, other) = (Gil::default(), Gil::default());
    let (mut one_thread, mut other_thread) = (one.thread(), other.thread());
    let _one_guard = one_thread.take();
    let other_guard = other_thread.take();
    assert!(!one.is_held_here() && other.is_held_here());
    drop(other_guard);
    assert!(!other.is_held_here());
}

#[test]
fn with_two_locks_each_makes_its_own_calls() {
    let (one, other) = (Gil::default(), Gil::default());
    let (calls, made) = channel();
    let (mut one_thread, mut other_thread) = (one.thread(), other.thread());
    let (mut one_guard, mut other_guard) = (one_thread.take(), other_thread.take());
    leave(&one, &calls, 1);
    leave(&other, &calls, 2);
    other_guard.check();
    assert_eq!(made.try_iter().collect::<Vec<_>>(), [2]);
    one_guard.check();
    assert_eq!(made.try_iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn it_is_held_here_from_when_it_was_taken_until_it_is_let_go() {
    let gil = Gil::default();
    assert!(!gil.is_held_here());
    let mut here = gil.thread();
    let mut guard = here.take();
    assert!(gil.is_held_here());
    assert!(!guard.allow_threads(|| gil.is_held_here()));
    assert!(gil.is_held_here());
    drop(guard);
    assert!(!gil.is_held_here());
}

#[test]
fn it_is_not_held_here_while_another_thread_holds_it() {
    let gil = Gil::default();
    let mut here = gil.thread();
    let _guard = here.take();
    thread::scope(|scope| assert!(!scope.spawn(|| gil.is_held_here()).join().unwrap()));
}

/// There is a list of all locks, for those who find theirs by its number.
#[test]
fn a_lock_that_is_dropped_takes_its_memory_along() {
    let make = || drop(Gil::builder().build());
    make();
    let hundred = allocation_counter::measure(|| (0..100).for_each(|_| make()));
    // Other tests' locks stand in the same list, so a few pieces of it may be anybody's.
    assert!(
        hundred.count_current < 50,
        "{} of {} allocations are left",
        hundred.count_current,
        hundred.count_total
    );
}

/// It was known by its address once; a lock that was freed while its guard was forgotten left that to the next one.
#[test]
fn a_new_lock_is_not_held_here_though_the_guard_of_an_older_one_was_forgotten() {
    for _ in 0..100 {
        let gil = Gil::default();
        assert!(!gil.is_held_here());
        let mut here = gil.thread();
        let guard: GilGuard<'_> = here.take();
        forget(guard);
    }
}

#[test]
#[should_panic(expected = "this thread holds the lock already")]
fn a_thread_that_holds_the_lock_is_told_so_instead_of_waiting_for_itself() {
    let gil = Gil::default();
    let (mut one, mut other) = (gil.thread(), gil.thread());
    let _guard = one.take();
    other.take();
}

#[test]
fn a_guard_whose_lock_was_taken_in_native_code_and_kept_has_no_token_and_lets_go_of_nothing() {
    let gil = Gil::default();
    let mut thread = gil.thread();
    let mut guard = thread.take();
    let mut kept = None;
    assert!(panics(|| guard.allow_threads(|| kept = Some(gil.thread().hold()))));
    assert!(panics(|| _ = guard.py()));
    assert!(panics(|| guard.allow_threads(|| ())));
    drop(guard);
    assert!(gil.is_taken() && kept.take().unwrap().py().gil().is(&gil));
    assert!(!gil.is_taken());
}

#[test]
fn a_guard_that_native_code_returns_is_dropped_and_the_lock_let_go_once() {
    let gil = Gil::default();
    let mut thread = gil.thread();
    let mut guard = thread.take();
    assert!(panics(|| drop(guard.allow_threads(|| gil.thread().hold()))));
    let (other, here) = (gil.clone(), channel::<()>());
    let holder = thread::spawn(move || {
        let mut thread = other.thread();
        let _guard = thread.take();
        here.1.recv().unwrap();
    });
    is_seen(|| gil.is_taken());
    drop(guard);
    assert!(gil.is_taken(), "another thread has it");
    here.0.send(()).unwrap();
    holder.join().unwrap();
}

#[test]
fn what_is_under_the_lock_is_not_shown_without_it() {
    let gil = Gil::default();
    let contents = Plain::guard("secret".to_owned(), gil.thread().take().py());
    assert!(!format!("{contents:?}").contains("secret"));
}

#[test]
fn a_pending_call_that_panics_leaves_those_behind_it_for_the_next() {
    let gil = Gil::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let behind = Arc::clone(&calls);
    gil.call_soon(|_py| panic!("in a pending call"));
    gil.call_soon(move |_py| _ = behind.fetch_add(1, SeqCst));
    let mut thread = gil.thread();
    catch_unwind(AssertUnwindSafe(|| drop(thread.take()))).unwrap_err();
    assert_eq!((calls.load(SeqCst), gil.is_taken()), (0, false));
    drop(thread.take());
    assert_eq!((calls.load(SeqCst), gil.breaker().get()), (1, 0));
}

#[test]
fn a_pending_call_that_leaves_another_does_not_keep_the_holder_for_ever() {
    fn again(gil: &Gil, calls: &Arc<AtomicUsize>) {
        let (next, counted) = (gil.clone(), Arc::clone(calls));
        gil.call_soon(move |_py| {
            if counted.fetch_add(1, SeqCst) < 2 {
                again(&next, &counted);
            }
        });
    }
    let (gil, calls) = (Gil::default(), Arc::new(AtomicUsize::new(0)));
    again(&gil, &calls);
    let mut thread = gil.thread();
    let mut guard = thread.take();
    assert_eq!((calls.load(SeqCst), gil.breaker().get()), (1, PENDING));
    guard.check();
    guard.check();
    assert_eq!((calls.load(SeqCst), gil.breaker().get()), (3, 0));
}
