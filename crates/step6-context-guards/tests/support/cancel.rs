//! Cancels a scenario everywhere: at its first poll, at its second, and so on, until it is through before that happens.
//!
//! ```text
//!   scenario   poll 1      poll 2      poll 3 … its end
//!              ──▶·  wait  ──▶·  wait  ──▶·
//!                 ▲        ▲
//!                 │        └ `Woken`: what it has waited for is there, and it will never learn of it
//!                 └ `Waiting`: it has just begun to wait
//! ```
//!
//! Each time, everything is made anew. Beside the victim, others run, who have to get through as if nothing had happened.
//! Then what was left to the loop is given time, and the scenario looks at what there is: on a manual clock, so that waiting
//! costs nothing and a hang is an error.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use step2::yield_now;
use step3::{sleep, timeout};
use step4::spawn;
use step6::{AsyncContext, Event, Outcome};

use crate::support::{run, turns};

const HOUR: Duration = Duration::from_secs(3600);

/// What is tried: made anew for each place at which it is cancelled.
pub(crate) trait Scenario: 'static {
    /// Does what is to be cancelled, as a task. What it takes along, it takes when this is called.
    fn victim(self: Rc<Self>) -> impl Future<Output = ()> + 'static;

    /// Runs beside the victim, from before it, and has to come to its end if the loop does not end first.
    fn others(self: Rc<Self>) -> impl Future<Output = ()> + 'static {
        async {}
    }

    /// Panics unless all is as it should be, on a loop where nothing else runs any more.
    fn check(self: Rc<Self>, ended: Ended) -> impl Future<Output = ()> + 'static;
}

/// Who came to the end, so that the check knows what to expect.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ended {
    pub(crate) victim: bool,
    pub(crate) others: bool,
}

/// How the victim is cancelled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    /// Its future is dropped, inside a task that goes on.
    Drop,
    /// Its task is aborted.
    Abort,
    /// The main future returns, and the loop cancels all there is.
    EndOfLoop,
    /// Its future is dropped, and after so many turns the main future returns.
    DropAndThenEndOfLoop(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Waiting,
    Woken,
}

/// Cancels a scenario at each of its polls. Returns how many it had.
///
/// # Panics
///
/// Panics if a check does; if the others, or a check, wait for ever; if anything of the scenario outlives its loop; and if
/// it has no two polls, so that there was nothing to be tried.
pub(crate) fn cancel_everywhere<S: Scenario>(how: How, make: impl Fn() -> S) -> usize {
    let polls = [When::Waiting, When::Woken].map(|when| {
        (0..).find(|&polls| {
            assert!(polls < 10_000, "the scenario has no end");
            cancel_at(Cut { how, when, polls }, Rc::new(make())).victim
        })
    });
    let most = polls.into_iter().flatten().max().unwrap_or_default();
    assert!(most > 1, "it was never cancelled anywhere but at its first poll");
    most
}

/// Where a run is cancelled.
#[derive(Clone, Copy, Debug)]
struct Cut {
    how: How,
    when: When,
    polls: usize,
}

fn cancel_at<S: Scenario>(cut: Cut, scenario: Rc<S>) -> Ended {
    let _named = NamesItself(cut);
    let (ended, is_checked) = run(main(cut, Rc::clone(&scenario)));
    assert_eq!(Rc::strong_count(&scenario), 1, "something of the scenario has outlived its loop");
    if !is_checked {
        run(async move { in_time("the check", scenario.check(ended)).await });
    }
    ended
}

/// Says where it was cancelled, if that has led to a panic.
struct NamesItself(Cut);

impl Drop for NamesItself {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this came of {:?}", self.0);
        }
    }
}

/// Runs and cancels it. Returns who came to the end, and whether all was checked already.
async fn main<S: Scenario>(cut: Cut, scenario: Rc<S>) -> (Ended, bool) {
    let (victim_ended, others_ended) = (Rc::<Cell<bool>>::default(), Rc::<Cell<bool>>::default());
    let ended = {
        let (victim, others) = (Rc::clone(&victim_ended), Rc::clone(&others_ended));
        move || Ended { victim: victim.get(), others: others.get() }
    };
    let others = {
        let others = Rc::clone(&scenario).others();
        spawn(async move {
            others.await;
            others_ended.set(true);
        })
    };
    let is_cut = Rc::new(Event::new());
    let victim = spawn(CutOff {
        future: Some(Box::pin(Rc::clone(&scenario).victim())),
        cut,
        polled: 0,
        is_cut: Rc::clone(&is_cut),
        has_ended: victim_ended,
    });
    in_time("the victim", is_cut.wait()).await;
    match cut.how {
        _ if victim.is_finished() => victim.await.unwrap_or_else(|error| error.resume()),
        How::Drop | How::DropAndThenEndOfLoop(_) => victim.await.unwrap_or_else(|error| error.resume()),
        How::Abort => drop(victim.abort()),
        How::EndOfLoop => return (ended(), false),
    }
    if let (false, How::DropAndThenEndOfLoop(so_many)) = (ended().victim, cut.how) {
        turns(so_many).await;
        return (ended(), false);
    }
    in_time("the others", others).await.unwrap_or_else(|error| error.resume());
    sleep(HOUR).await; // For what was left to the loop.
    in_time("the check", scenario.check(ended())).await;
    (ended(), true)
}

/// Awaits `work`, and panics instead of waiting for ever.
async fn in_time<F: Future>(who: &str, work: F) -> F::Output {
    match timeout(HOUR, work).await {
        Ok(output) => output,
        Err(_elapsed) => panic!("{who} would wait for ever"),
    }
}

/// Polls a future so many times, and no more. Then it drops it, or leaves it where it is until it is dropped itself.
struct CutOff {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    cut: Cut,
    polled: usize,
    /// Set when the future has ended, or is not polled any more.
    is_cut: Rc<Event>,
    has_ended: Rc<Cell<bool>>,
}

impl CutOff {
    fn cut(&mut self) -> Poll<()> {
        self.is_cut.set();
        if let How::Drop | How::DropAndThenEndOfLoop(_) = self.cut.how {
            self.future = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Future for CutOff {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.polled == self.cut.polls {
            return self.cut();
        }
        self.polled += 1;
        let future = self.future.as_mut().expect("it is polled until it is cut off");
        if future.as_mut().poll(cx).is_ready() {
            self.has_ended.set(true);
            self.is_cut.set();
            return Poll::Ready(());
        }
        if self.cut.when == When::Waiting && self.polled == self.cut.polls {
            return self.cut();
        }
        Poll::Pending
    }
}

impl Drop for CutOff {
    fn drop(&mut self) {
        self.is_cut.set(); // Also if the future has panicked.
    }
}

/// The ledger of what was entered and left. It complains of what is left twice, or too early; who reads it, of what was
/// not left at all.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Rc<RefCell<Entries>>);

#[derive(Default)]
struct Entries {
    entries: Vec<Entry>,
    /// A panic of an exit that was left to the loop would be lost.
    complaints: Vec<String>,
}

struct Entry {
    name: &'static str,
    /// The name of what it is inside of.
    outer: &'static str,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Entered,
    Leaving,
    Left,
}

impl Ledger {
    /// Notes that `name` was entered, inside of `outer` (or of nothing: ""), and returns its number.
    pub(crate) fn enter(&self, name: &'static str, outer: &'static str) -> usize {
        let mut ledger = self.0.borrow_mut();
        let around = ledger.entries.iter().rfind(|entry| entry.name == outer);
        if around.is_some_and(|around| around.stage != Stage::Entered) {
            let complaint = format!("{name} was entered when {outer}, which it is inside of, was being left");
            ledger.complaints.push(complaint);
        }
        ledger.entries.push(Entry { name, outer, stage: Stage::Entered });
        ledger.entries.len() - 1
    }

    /// Notes that an exit begins.
    pub(crate) fn leaving(&self, number: usize) {
        self.go(number, Stage::Entered, Stage::Leaving);
        let mut ledger = self.0.borrow_mut();
        let name = ledger.entries[number].name;
        let inner = ledger.entries.iter().find(|entry| entry.outer == name && entry.stage != Stage::Left);
        if let Some(inner) = inner {
            let complaint = format!("{name} was left before {}, which is inside of it", inner.name);
            ledger.complaints.push(complaint);
        }
    }

    /// Notes that an exit is over.
    pub(crate) fn left(&self, number: usize) {
        self.go(number, Stage::Leaving, Stage::Left);
    }

    fn go(&self, number: usize, from: Stage, to: Stage) {
        let mut ledger = self.0.borrow_mut();
        let entry = &mut ledger.entries[number];
        let (name, was) = (entry.name, std::mem::replace(&mut entry.stage, to));
        if was != from {
            ledger.complaints.push(format!("{name} went from {was:?} to {to:?}"));
        }
    }

    /// Panics if anything that was entered was not left exactly once, and in order.
    pub(crate) fn balance(&self) {
        let ledger = self.0.borrow();
        assert!(ledger.complaints.is_empty(), "{:?}", ledger.complaints);
        for entry in &ledger.entries {
            assert_eq!(entry.stage, Stage::Left, "{} was not left", entry.name);
        }
    }

    /// Returns how often `name` was entered.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.0.borrow().entries.iter().filter(|entry| entry.name == name).count()
    }

    /// Makes a context that is noted here, and takes some turns to enter and to leave.
    pub(crate) fn context(&self, name: &'static str, outer: &'static str) -> Noted {
        Noted { ledger: self.clone(), name, outer }
    }

    /// Makes a clean-up that counts as entered from now on.
    pub(crate) fn clean_up(
        &self,
        name: &'static str,
        outer: &'static str,
    ) -> impl Future<Output = ()> + use<> {
        let (ledger, number) = (self.clone(), self.enter(name, outer));
        async move {
            ledger.leaving(number);
            turns(2).await;
            ledger.left(number);
        }
    }
}

/// A context that is noted in a [`Ledger`].
pub(crate) struct Noted {
    ledger: Ledger,
    name: &'static str,
    outer: &'static str,
}

/// What was entered: its place in the ledger.
#[derive(Clone)]
pub(crate) struct Place {
    ledger: Ledger,
    number: usize,
}

impl<T: 'static, E: fmt::Debug + 'static> AsyncContext<T, E> for Noted {
    type Value = Place;

    async fn enter(self) -> Result<Place, E> {
        yield_now().await;
        let number = self.ledger.enter(self.name, self.outer);
        Ok(Place { ledger: self.ledger, number })
    }

    async fn exit(place: Place, outcome: Outcome<T, E>) -> Outcome<T, E> {
        place.ledger.leaving(place.number);
        turns(2).await;
        place.ledger.left(place.number);
        outcome
    }
}
