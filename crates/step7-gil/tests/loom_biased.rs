//! Biased counts under the model checker: every interleaving of an owner that counts, checks and ends, and of others that
//! copy, drop and leave it their references.
//!
//! `CARGO_TARGET_DIR=target/loom cargo test -p step7 --features loom --test loom_biased --release`. The head of each object
//! stands for its memory: a model fails if an object is not freed, or if that is not ordered after all uses; and if a plain
//! count is used by two threads that are not ordered.
#![cfg(feature = "loom")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod live;

use std::sync::Arc;

use live::Marked;
use loom::sync::Mutex;
use loom::thread;
use step7::{Biased, Here, Owner, PENDING, Ref, Value};

type Object = Ref<Biased>;

/// Checks all interleavings of so many preemptions at most.
fn model_with(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(f);
}

/// Checks all interleavings of up to three preemptions, which is where bugs are.
fn model(f: impl Fn() + Sync + Send + 'static) {
    model_with(3, f);
}

fn object(value: Value<Biased>) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other:?} is not on the heap"),
    }
}

fn text(here: Here<'_>) -> Object {
    object(Value::text("text", here))
}

fn list(items: impl IntoIterator<Item = Object>, here: Here<'_>) -> Object {
    object(Value::list(items.into_iter().map(Value::Object).collect(), here))
}

#[test]
fn the_owner_and_another_drop_one_reference_each() {
    model(|| {
        let owner = Owner::attach();
        let ours = text(owner.here());
        let moved = ours.clone_ref(owner.here());
        let other = thread::spawn(move || drop(moved));
        drop(ours);
        owner.check();
        other.join().unwrap();
    });
}

#[test]
fn what_is_left_to_the_owner_is_freed_by_its_next_check() {
    let mark = Marked::new();
    model(move || {
        let owner = Owner::attach();
        let moved = object(Value::text(mark.text(), owner.here()));
        let other = thread::spawn(move || drop(moved));
        owner.merge_queued(); // Whether or not there is anything.
        other.join().unwrap();
        assert!(mark.alive() == 0 || owner.breaker().get() & PENDING != 0);
        owner.check();
        assert_eq!(mark.alive(), 0);
    });
}

#[test]
fn what_is_left_to_an_owner_that_ends_is_freed_by_one_of_the_two() {
    model(|| {
        let owner = Owner::attach();
        let moved = text(owner.here());
        let other = thread::spawn(move || drop(moved));
        drop(owner);
        other.join().unwrap();
    });
}

#[test]
fn an_owner_counts_and_ends_while_another_leaves_it_a_reference() {
    model(|| {
        let owner = Owner::attach();
        let ours = text(owner.here());
        let moved = ours.clone_ref(owner.here());
        let other = thread::spawn(move || drop(moved));
        let again = ours.clone_ref(owner.here());
        drop(ours);
        drop(owner);
        drop(again); // We are nobody's owner now.
        other.join().unwrap();
    });
}

#[test]
fn another_copies_and_drops_while_the_owner_drops() {
    model(|| {
        let owner = Owner::attach();
        let ours = text(owner.here());
        let moved = ours.clone_ref(owner.here());
        let other = thread::spawn(move || {
            let there = Owner::attach();
            let copied = moved.clone_ref(there.here());
            drop((moved, copied));
        });
        drop(ours);
        owner.check();
        drop(owner);
        other.join().unwrap();
    });
}

/// Another has a copy of its own, and gives back what it was copied from. Then its copy comes and goes, and the owner sees
/// no more of that than the count.
#[test]
fn the_owner_sees_the_last_use_of_one_that_came_and_went() {
    model(|| {
        let owner = Owner::attach();
        let lent = Arc::new(Mutex::new(Some(text(owner.here()))));
        let borrowed = Arc::clone(&lent);
        let other = thread::spawn(move || {
            let there = Owner::attach();
            let copied = borrowed.lock().unwrap().as_ref().map(|lent| lent.clone_ref(there.here()));
            drop(copied);
        });
        let back = lent.lock().unwrap().take();
        drop(back);
        other.join().unwrap();
    });
}

#[test]
fn of_two_others_one_leaves_its_reference_and_the_other_counts_below_zero() {
    model_with(2, || {
        let owner = Owner::attach();
        let ours = text(owner.here());
        let others = [(); 2].map(|()| {
            let moved = ours.clone_ref(owner.here());
            thread::spawn(move || drop(moved))
        });
        drop(ours);
        owner.check();
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

#[test]
fn two_others_leave_an_object_each_to_an_owner_that_ends() {
    model_with(2, || {
        let owner = Owner::attach();
        let others = [(); 2].map(|()| {
            let moved = text(owner.here());
            thread::spawn(move || drop(moved))
        });
        owner.check();
        drop(owner);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The one that leaves its reference has marked the object as queued, and finds it merged: the owner has come to zero, as it
/// drops a copy that a third has made; and it may have ended, too.
#[test]
fn who_is_to_leave_its_reference_finds_the_object_merged_meanwhile() {
    model_with(2, || {
        let owner = Owner::attach();
        let ours = text(owner.here());
        let [moved, lent] = [(); 2].map(|()| ours.clone_ref(owner.here()));
        let other = thread::spawn(move || drop(moved));
        let third = thread::spawn(move || {
            let there = Owner::attach();
            (lent.clone_ref(there.here()), lent)
        });
        let back = third.join().unwrap();
        drop((ours, back));
        drop(owner);
        other.join().unwrap();
    });
}

#[test]
fn an_owner_that_ends_frees_a_list_while_another_leaves_it_the_item() {
    model(|| {
        let owner = Owner::attach();
        let item = text(owner.here());
        let outer = list([item.clone_ref(owner.here())], owner.here());
        thread::spawn(move || drop(outer)).join().unwrap();
        let other = thread::spawn(move || drop(item));
        drop(owner);
        other.join().unwrap();
    });
}

#[test]
fn of_an_ended_owners_object_two_threads_drop_the_last_references() {
    model(|| {
        let owner = Owner::attach();
        let ours = text(owner.here());
        let moved = ours.clone_ref(owner.here());
        drop(owner);
        let other = thread::spawn(move || drop(moved));
        drop(ours);
        other.join().unwrap();
    });
}

#[test]
fn three_threads_have_a_reference_each_and_the_owner_merges() {
    model_with(2, || {
        let owner = Owner::attach();
        let ours = text(owner.here());
        let moved = ours.clone_ref(owner.here());
        let first = thread::spawn(move || {
            let there = Owner::attach();
            let copied = moved.clone_ref(there.here());
            let second = thread::spawn(move || drop(copied));
            drop(moved);
            second.join().unwrap();
        });
        owner.check();
        drop(ours);
        first.join().unwrap();
    });
}

#[test]
fn two_owners_drop_lists_of_each_others_objects() {
    model_with(2, || {
        let owner = Owner::attach();
        let item = text(owner.here());
        let ours = item.clone_ref(owner.here());
        let other = thread::spawn(move || {
            let there = Owner::attach();
            drop(list([item], there.here()));
            there.check();
        });
        drop(list([ours], owner.here()));
        owner.check();
        other.join().unwrap();
    });
}

#[test]
fn two_threads_join_two_lists_the_other_way_round() {
    model(|| {
        let owner = Owner::attach();
        let [one, other] = [(); 2].map(|()| list([], owner.here()));
        let lists = Arc::new([one, other]);
        let theirs = Arc::clone(&lists);
        let thread = thread::spawn(move || {
            let there = Owner::attach();
            drop(theirs[1].join(&theirs[0], there.here()));
        });
        drop(lists[0].join(&lists[1], owner.here()));
        thread.join().unwrap();
        drop(lists);
    });
}
