//! Permits: who gets some and when, in sentences, and against a model that is too simple to be wrong.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use proptest::collection::vec;
use proptest::prelude::*;
use step5::{Permits, Ticket};

const NOBODY: [u32; 0] = [];

/// Which wakers were called, in order.
#[derive(Clone, Default)]
struct Wakes(Arc<Mutex<Vec<u32>>>);

impl Wakes {
    fn waker(&self, name: u32) -> Waker {
        struct Named(u32, Wakes);
        impl Wake for Named {
            fn wake(self: Arc<Self>) {
                self.1.0.lock().unwrap().push(self.0);
            }
        }
        Waker::from(Arc::new(Named(name, self.clone())))
    }

    /// Returns who was woken since the last call.
    fn take(&self) -> Vec<u32> {
        take(&mut self.0.lock().unwrap())
    }
}

/// Some permits with a line, and the wakes of those who stand there under names of one number each.
struct Line {
    permits: Permits,
    wakes: Wakes,
}

impl Line {
    fn new(free: usize) -> Self {
        Self { permits: Permits::new(free), wakes: Wakes::default() }
    }

    fn wait(&mut self, name: u32, wants: usize) -> Ticket {
        self.permits.wait(wants, self.wakes.waker(name))
    }

    /// Does what is owed after permits have come back; returns who was woken.
    fn grant_all(&mut self) -> Vec<u32> {
        while let Some(waker) = self.permits.grant() {
            waker.wake();
        }
        self.wakes.take()
    }

    fn give(&mut self, permits: usize) -> Vec<u32> {
        self.permits.give(permits);
        self.grant_all()
    }

    fn leave(&mut self, ticket: &Ticket) -> Vec<u32> {
        drop(self.permits.leave(ticket));
        self.grant_all()
    }
}

// Without a line.

#[test]
fn as_many_can_be_taken_as_are_free_and_then_no_more() {
    let mut permits = Permits::new(3);
    assert!(permits.take(2));
    assert!(!permits.take(2), "one is left");
    assert_eq!(permits.free(), 1, "a refusal takes nothing");
    assert!(permits.take(1));
    assert!(!permits.take(1));
}

#[test]
fn what_is_given_can_be_taken() {
    let mut permits = Permits::new(0);
    permits.give(2);
    assert!(permits.take(2));
}

#[test]
fn nothing_at_all_can_always_be_taken_if_nobody_waits() {
    let mut permits = Permits::new(0);
    assert!(permits.take(0));
    let _waiting = permits.wait(1, Waker::noop().clone());
    assert!(!permits.take(0));
}

// The line (invariant 1).

#[test]
fn permits_go_to_those_who_wait_in_the_order_in_which_they_came() {
    let mut line = Line::new(0);
    let tickets = [1, 2, 3].map(|name| line.wait(name, 1));
    for name in [1, 2, 3] {
        assert_eq!(line.give(1), [name]);
    }
    assert!(tickets.iter().all(|ticket| line.permits.is_granted(ticket)));
    assert_eq!(line.permits.free(), 0);
}

#[test]
fn a_newcomer_gets_none_while_somebody_waits_although_some_are_free() {
    let mut line = Line::new(1);
    let first = line.wait(1, 2);
    assert_eq!(line.grant_all(), NOBODY);
    assert!(!line.permits.take(1), "this one is kept for the first");
    assert_eq!(line.leave(&first), NOBODY);
    assert!(line.permits.take(1));
}

#[test]
fn who_waits_for_many_is_not_passed_by_who_waits_for_few() {
    let mut line = Line::new(0);
    let _tickets = [line.wait(1, 3), line.wait(2, 1)];
    assert_eq!(line.give(2), NOBODY);
    assert_eq!(line.give(1), [1]);
    assert_eq!(line.give(1), [2]);
}

#[test]
fn one_gift_may_be_enough_for_several() {
    let mut line = Line::new(0);
    let _tickets = [line.wait(1, 1), line.wait(2, 2), line.wait(3, 1)];
    assert_eq!(line.give(3), [1, 2]);
    assert_eq!(line.permits.free(), 0);
}

// What is granted (invariants 2 and 3).

#[test]
fn what_is_granted_belongs_to_the_waiter_before_it_has_looked() {
    let mut line = Line::new(0);
    let ticket = line.wait(1, 1);
    assert!(!line.permits.is_granted(&ticket));
    line.give(1);
    assert!(line.permits.is_granted(&ticket));
    assert!(!line.permits.take(1));
}

#[test]
fn who_is_granted_and_leaves_passes_its_permits_to_the_next() {
    let mut line = Line::new(0);
    let (first, second) = (line.wait(1, 1), line.wait(2, 1));
    assert_eq!(line.give(1), [1]);
    assert_eq!(line.leave(&first), [2]);
    assert!(line.permits.is_granted(&second));
}

#[test]
fn who_is_granted_and_leaves_an_empty_line_frees_its_permits() {
    let mut line = Line::new(2);
    let ticket = line.wait(1, 2);
    assert_eq!(line.grant_all(), [1]);
    line.leave(&ticket);
    assert_eq!(line.permits.free(), 2);
}

#[test]
fn who_leaves_while_it_waits_changes_nothing_for_the_others() {
    let mut line = Line::new(0);
    let (_first, second, _third) = (line.wait(1, 1), line.wait(2, 1), line.wait(3, 1));
    assert_eq!(line.leave(&second), NOBODY);
    assert_eq!(line.give(1), [1]);
    assert_eq!(line.give(1), [3]);
    assert_eq!(line.give(1), NOBODY);
    assert_eq!(line.permits.free(), 1, "it has waited, and had nothing to give back");
}

#[test]
fn who_waits_for_many_and_leaves_lets_those_behind_it_through() {
    let mut line = Line::new(0);
    let (first, _others) = (line.wait(1, 3), [line.wait(2, 1), line.wait(3, 1)]);
    assert_eq!(line.give(2), NOBODY);
    assert_eq!(line.leave(&first), [2, 3]);
}

/// Gaps are closed: whoever is behind one that stays, and comes and goes, must not fill the memory.
#[test]
fn who_comes_and_goes_behind_one_that_stays_leaves_nothing_behind() {
    let mut line = Line::new(0);
    let stays = line.wait(1, 2);
    let mut goes = line.wait(2, 1);
    let length = |line: &Line| format!("{:?}", line.permits).len();
    let before = length(&line);
    for _ in 0..1000 {
        let next = line.wait(2, 1); // So that there is always somebody at the end, too.
        line.permits.leave(&goes).unwrap();
        goes = next;
    }
    assert!(length(&line) < 3 * before);
    assert_eq!((line.give(2), line.give(1)), (vec![1], vec![2]));
    assert!(line.permits.is_granted(&stays) && line.permits.is_granted(&goes));
}

#[test]
fn those_behind_a_gap_keep_their_places() {
    let mut line = Line::new(0);
    let mut tickets = Vec::from_iter((0..8).map(|name| line.wait(name, 1)));
    for gone in [6, 3, 1, 2] {
        line.permits.leave(&tickets.remove(gone)).unwrap(); // 6, 3, 1 and 4.
    }
    assert_eq!([line.give(1), line.give(1)], [[0], [2]]);
    assert_eq!(
        tickets.iter().map(|ticket| line.permits.is_granted(ticket)).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    drop(line.permits.renew(&tickets[3], line.wakes.waker(70)));
    assert_eq!(line.give(3), [5, 70]);
    assert_eq!(line.permits.free(), 1);
}

// Wakers.

/// Polls as a future does: claims, and stays.
fn claim_or_stay(
    line: &mut Line,
    ticket: &mut Option<Ticket>,
    waker: &Waker,
    spare: &mut Option<Waker>,
) -> bool {
    line.permits.claim(1, ticket) || line.permits.stay(1, ticket, waker, spare)
}

#[test]
#[cfg_attr(miri, ignore = "Miri gives a vtable several addresses, so `will_wake` is not sure there")]
fn who_has_to_wait_is_asked_for_a_clone_of_its_waker_and_who_has_not_is_not() {
    let mut line = Line::new(1);
    let waker = line.wakes.waker(1);
    let (mut ticket, mut spare) = (None, None);
    assert!(line.permits.claim(1, &mut ticket));
    assert!(!line.permits.claim(1, &mut ticket));
    assert!(!line.permits.stay(1, &mut ticket, &waker, &mut spare), "it has no clone to keep");
    assert_eq!(ticket, None, "and so it has no place yet");
    spare = Some(waker.clone());
    assert!(line.permits.stay(1, &mut ticket, &waker, &mut spare));
    assert!(ticket.is_some() && spare.is_none());
    assert!(
        claim_or_stay(&mut line, &mut ticket, &waker, &mut spare),
        "the same waker need not be cloned again"
    );
    assert_eq!(line.give(1), [1]);
    assert!(line.permits.claim(1, &mut ticket));
    assert_eq!((ticket, line.permits.free()), (None, 0));
}

#[test]
#[cfg_attr(miri, ignore = "Miri gives a vtable several addresses, so `will_wake` is not sure there")]
fn who_waits_with_another_waker_leaves_the_older_one_to_be_dropped() {
    let mut line = Line::new(0);
    let (older, newer) = (line.wakes.waker(1), line.wakes.waker(2));
    let (mut ticket, mut spare) = (None, Some(older.clone()));
    assert!(claim_or_stay(&mut line, &mut ticket, &older, &mut spare));
    assert!(!claim_or_stay(&mut line, &mut ticket, &newer, &mut spare));
    spare = Some(newer.clone());
    assert!(claim_or_stay(&mut line, &mut ticket, &newer, &mut spare));
    assert!(spare.unwrap().will_wake(&older));
    assert_eq!(line.give(1), [2]);
}

#[test]
fn only_the_latest_waker_is_handed_out() {
    let mut line = Line::new(0);
    let ticket = line.wait(1, 1);
    line.permits.renew(&ticket, line.wakes.waker(10)).wake();
    assert_eq!(line.wakes.take(), [1], "the older one comes back");
    assert_eq!(line.give(1), [10]);
}

#[test]
fn a_waker_for_one_who_is_granted_already_comes_back() {
    let mut line = Line::new(0);
    let ticket = line.wait(1, 1);
    line.give(1);
    line.permits.renew(&ticket, line.wakes.waker(10)).wake();
    assert_eq!(line.wakes.take(), [10]);
    assert!(line.permits.is_granted(&ticket));
}

#[test]
fn the_waker_of_one_who_waited_in_vain_comes_back() {
    let mut line = Line::new(0);
    let (waited, granted) = (line.wait(1, 1), line.wait(2, 1));
    line.permits.leave(&waited).unwrap().wake();
    assert_eq!(line.wakes.take(), [1]);
    line.give(1);
    assert!(line.permits.leave(&granted).is_none(), "it was handed out");
}

#[test]
fn who_was_called_to_look_again_keeps_its_place() {
    let mut line = Line::new(0);
    let tickets = [line.wait(1, 1), line.wait(2, 1)];
    line.permits.take_wakers().into_iter().for_each(Waker::wake);
    assert_eq!(line.wakes.take(), [1, 2]);
    drop(line.permits.renew(&tickets[1], line.wakes.waker(20)));
    drop(line.permits.renew(&tickets[0], line.wakes.waker(10)));
    assert_eq!(line.give(2), [10, 20]);
}

// The model.

#[derive(Clone, Copy, Debug)]
enum Step {
    Take(usize),
    /// Waits, as one does who is refused.
    Wait(usize),
    Give(usize),
    /// One of those who came to the line, waiting or granted, leaves it.
    Leave(usize),
    /// One of those who were granted has what it wants, and forgets its ticket.
    Keep(usize),
    Renew(usize),
    CallAll,
}

fn steps() -> impl Strategy<Value = Step> {
    let (amount, which) = (0..4_usize, 0..100_usize);
    prop_oneof![
        2 => amount.clone().prop_map(Step::Take),
        4 => amount.clone().prop_map(Step::Wait),
        3 => amount.prop_map(Step::Give),
        2 => which.clone().prop_map(Step::Leave),
        2 => which.clone().prop_map(Step::Keep),
        1 => which.prop_map(Step::Renew),
        1 => Just(Step::CallAll),
    ]
}

/// Someone in the line, as the model sees it.
#[derive(Clone, Copy)]
struct Waiter {
    wants: usize,
    /// The name of its waker, if that was not taken away.
    waker: Option<u32>,
    is_granted: bool,
}

/// A line beside a model of it: a list that is gone through from the front.
struct Pair {
    line: Line,
    tickets: BTreeMap<u32, Ticket>,
    free: usize,
    waiters: BTreeMap<u32, Waiter>,
    /// What was taken and kept, and what was there and given: they must add up.
    kept: usize,
    given: usize,
    next_name: u32,
}

impl Pair {
    fn new(free: usize) -> Self {
        Self {
            line: Line::new(free),
            tickets: BTreeMap::new(),
            free,
            waiters: BTreeMap::new(),
            kept: 0,
            given: free,
            next_name: 0,
        }
    }

    fn name(&mut self) -> u32 {
        self.next_name += 1;
        self.next_name
    }

    /// Picks one of those in the line.
    fn pick(&self, which: usize) -> Option<u32> {
        self.waiters.keys().nth(which % self.waiters.len().max(1)).copied()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Take(wanted) => {
                let expected = self.waiters.values().all(|waiter| waiter.is_granted) && wanted <= self.free;
                assert_eq!(self.line.permits.take(wanted), expected);
                if expected {
                    self.free -= wanted;
                    self.kept += wanted;
                }
            }
            Step::Wait(wants) => {
                let name = self.name();
                let ticket = self.line.wait(name, wants);
                self.tickets.insert(name, ticket);
                self.waiters.insert(name, Waiter { wants, waker: Some(name), is_granted: false });
            }
            Step::Give(permits) => {
                self.line.permits.give(permits);
                self.free += permits;
                self.given += permits;
            }
            Step::Leave(which) => self.leave(which),
            Step::Keep(which) => self.keep(which),
            Step::Renew(which) => self.renew(which),
            Step::CallAll => {
                self.line.permits.take_wakers().into_iter().for_each(Waker::wake);
                let waiting = self.waiters.values_mut().filter(|waiter| !waiter.is_granted);
                let expected: Vec<u32> = waiting.filter_map(|waiter| waiter.waker.take()).collect();
                assert_eq!(self.line.wakes.take(), expected);
            }
        }
        let woken = self.model_grant();
        assert_eq!(self.line.grant_all(), woken);
    }

    fn leave(&mut self, which: usize) {
        let Some(name) = self.pick(which) else { return };
        let waiter = self.waiters.remove(&name).unwrap();
        let waker = self.line.permits.leave(&self.tickets.remove(&name).unwrap());
        if waiter.is_granted {
            assert!(waker.is_none());
            self.free += waiter.wants;
        } else {
            waker.unwrap().wake();
            assert_eq!(self.line.wakes.take(), Vec::from_iter(waiter.waker));
        }
    }

    fn keep(&mut self, which: usize) {
        let Some(name) = self.pick(which).filter(|name| self.waiters[name].is_granted) else { return };
        let ticket = self.tickets.remove(&name).unwrap();
        assert!(self.line.permits.is_granted(&ticket));
        self.kept += self.waiters.remove(&name).unwrap().wants;
    }

    fn renew(&mut self, which: usize) {
        let Some(name) = self.pick(which) else { return };
        let newer = self.name();
        self.line.permits.renew(&self.tickets[&name], self.line.wakes.waker(newer)).wake();
        let waiter = self.waiters.get_mut(&name).unwrap();
        let back = if waiter.is_granted { Some(newer) } else { waiter.waker.replace(newer) };
        assert_eq!(self.line.wakes.take(), Vec::from_iter(back));
    }

    /// Goes through the line from the front as long as there is enough; returns who is woken.
    fn model_grant(&mut self) -> Vec<u32> {
        let mut woken = Vec::new();
        for waiter in self.waiters.values_mut().filter(|waiter| !waiter.is_granted) {
            if waiter.wants > self.free {
                break;
            }
            self.free -= waiter.wants;
            waiter.is_granted = true;
            woken.extend(waiter.waker);
        }
        woken
    }

    fn check(&self) {
        assert_eq!(self.line.permits.free(), self.free);
        for (name, waiter) in &self.waiters {
            assert_eq!(self.line.permits.is_granted(&self.tickets[name]), waiter.is_granted);
        }
        let granted: usize = self.waiters.values().filter(|waiter| waiter.is_granted).map(|w| w.wants).sum();
        assert_eq!(self.free + granted + self.kept, self.given, "permits are conserved");
        let front = self.waiters.values().find(|waiter| !waiter.is_granted);
        assert!(front.is_none_or(|front| front.wants > self.free), "nobody at the front waits in vain");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn permits_do_what_a_list_would(
        free in 0..4_usize,
        steps in vec(steps(), 0..if cfg!(miri) { 50 } else { 300 }),
    ) {
        let mut pair = Pair::new(free);
        for step in steps {
            pair.step(step);
            pair.check();
        }
    }
}
