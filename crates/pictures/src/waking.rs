//! Chapter 2: what is between a poll that is pending and the next one, and how a wake gets lost.

use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release},
};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use step2::lost_wakeup::ForgetfulPark;
use step2::{ParkToken, Receiver, ThreadPark, drive, oneshot};
use step3::ManualClock;
use timeline::{Figure, Inherited, Kind, Panel, Timeline, inherit, probe};

use crate::play::{by_hand, millis, say, secs};

/// The note's `main`. Its IO is a thread that takes two seconds: step 2 has no other way to wait for time.
pub(crate) fn await_run() -> Timeline {
    by_hand(|clock| {
        let (helper, clock) = (inherit(), clock.clone());
        let (sender, receiver) = oneshot();
        let (over, is_over) = channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                // All that main does before it sleeps comes first: so the recording is the same every time.
                while !is_parked(&helper) {
                    thread::yield_now();
                }
                let _lane = helper.enter("helper");
                probe::parked(Some(secs(2)));
                clock.advance(secs(2));
                probe::unparked();
                say("has the answer");
                sender.send(()).expect("main waits for it");
                is_over.recv().expect("main says when it is over");
            });
            drive(&mut ThreadPark::new(), program(receiver)).expect("a thread can always park");
            over.send(()).expect("the helper waits for it");
        });
    })
}

async fn program(answer: Receiver<()>) {
    say("Begin operation");
    io_operation(answer).await;
    say("End operation");
}

async fn io_operation(answer: Receiver<()>) {
    answer.await.expect("the helper sends it");
}

fn is_parked(recording: &Inherited) -> bool {
    let so_far = recording.so_far().expect("this is recorded");
    so_far.events.iter().any(|event| matches!(event.kind, Kind::Parked { .. }))
}

pub(crate) fn await_picture() -> String {
    Figure::new(
        "One await: pending, asleep, woken, ready",
        "The first poll runs the program up to the await, and is pending. The thread sleeps for two seconds, until the helper's \
         thread has the answer and calls the waker; a second poll runs the program to its end.",
    )
    .panel(Panel::new("", await_run()).with_notes())
    .svg()
}

/// Lets the wake fall between a thread's look and its sleep: in a park that loses it, and in step 2's.
///
/// A step takes a millisecond, on a clock that is made up. Thread 1 waits, and thread 2 wakes it.
#[must_use]
pub fn wake_runs() -> [Timeline; 2] {
    [loses(), keeps()]
}

const STEP: Duration = millis(1);
/// How many steps a panel shows.
const STEPS: u32 = 6;

/// Two threads that take turns, each on its lane. Both begin at once, and the waiter says when it is the waker's turn.
///
/// They wait for each other by looking, again and again. A channel would put them to sleep, and so use up the token that the
/// waker leaves for the sleep that is to be shown.
fn take_turns(waiter: impl FnOnce(&ManualClock, &dyn Fn()) + Send, waker: impl FnOnce() + Send) -> Timeline {
    by_hand(|clock| {
        let (waits, wakes) = (inherit(), inherit());
        let turn = &AtomicU32::new(0);
        let pass_on = |to: u32| turn.store(to, Release);
        let wait_for = |mine: u32| {
            while turn.load(Acquire) != mine {
                thread::sleep(Duration::from_micros(50));
            }
        };
        probe::parked(None);
        thread::scope(|scope| {
            scope.spawn(move || {
                let lane = waits.enter("waiter");
                pass_on(1);
                wait_for(2);
                let wake = || {
                    pass_on(3);
                    wait_for(4);
                };
                waiter(clock, &wake);
                clock.advance(STEP * STEPS - clock.now());
                drop(lane);
                pass_on(5);
            });
            scope.spawn(move || {
                wait_for(1);
                let _lane = wakes.enter("waker");
                pass_on(2);
                wait_for(3);
                waker();
                pass_on(4);
                wait_for(5);
            });
        });
        probe::unparked();
    })
}

/// A look, and then a sleep. In between there is a gap.
fn loses() -> Timeline {
    let park = ForgetfulPark::new();
    let waiter = |clock: &ManualClock, wake: &dyn Fn()| {
        clock.advance(STEP);
        let in_the_gap = || {
            say("looks: no wake yet");
            clock.advance(STEP);
            wake();
            clock.advance(STEP * 2);
            say("sleeps, for ever");
            probe::parked(None);
        };
        // It would not come back without this limit, which is not on the recording's clock.
        let was_woken = park.park_with_gap(millis(20), in_the_gap);
        assert!(!was_woken, "this park loses a wake that falls into its gap");
    };
    let waker = || {
        say("wakes: sets the flag, signals nobody");
        park.wake();
    };
    take_turns(waiter, waker)
}

/// The look announces the sleep, in the same step: what [`ThreadPark`] does.
fn keeps() -> Timeline {
    let token = &ParkToken::new();
    let (myself, sleeper) = channel();
    let waiter = |clock: &ManualClock, wake: &dyn Fn()| {
        myself.send(thread::current()).expect("the waker takes it");
        clock.advance(STEP);
        assert!(token.begin(), "there is no wake yet");
        say("looks and announces: no wake yet");
        clock.advance(STEP);
        wake();
        clock.advance(STEP * 2);
        say("its sleep ends at once");
        probe::parked(None);
        thread::park();
        probe::unparked();
        assert!(token.end(), "the wake was kept");
    };
    let waker = move || {
        assert!(token.notify(), "somebody may be asleep");
        say("wakes: leaves a token, and ends the sleep");
        sleeper.recv().expect("the waiter has sent it").unpark();
    };
    take_turns(waiter, waker)
}

pub(crate) fn lost_wakeup_picture() -> String {
    let [lost, kept] = wake_runs();
    let named = |lane: &str| lane.strip_prefix("thread ").filter(|name| *name != "main").map(str::to_owned);
    let panel = |title, run| Panel::new(title, run).with_notes().without_axis().named(named);
    Figure::new(
        "A wake that falls between the look and the sleep",
        "The same order twice: the waiter looks, the waker wakes, the waiter sleeps. If the look and the sleep are two things, \
         the wake is lost, and the waiter sleeps for ever. If the look announces the sleep in the word that the wake writes to, the \
         waker knows that it must end that sleep, which is over at once.",
    )
    .panel(panel("Look, then sleep: the wake is lost", lost))
    .panel(panel("Look and announce in one step: the wake is kept", kept))
    .svg()
}
