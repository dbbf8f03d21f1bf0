//! Biased counts from outside: who frees an object, and when, whoever made its references and whoever drops them.
//!
//! `MIRIFLAGS="-Zmiri-disable-isolation" cargo +nightly miri test -p step7 --test biased` looks for what is used after it was
//! freed, freed twice, never freed, or used by two threads at once.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod live;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, Mutex};
use std::thread;

use live::Marked;
use step7::{Biased, Here, Memory, Owner, PENDING, Ref, Value};

type Object = Ref<Biased>;

fn object(value: Value<Biased>) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other:?} is not on the heap"),
    }
}

fn text(mark: Marked, here: Here<'_>) -> Object {
    object(Value::text(mark.text(), here))
}

fn list(items: impl IntoIterator<Item = Object>, here: Here<'_>) -> Object {
    object(Value::list(items.into_iter().map(Value::Object).collect(), here))
}

/// Puts a text into a list, and that into a list, and so on.
fn deep(mark: Marked, here: Here<'_>) -> Object {
    let depth = if cfg!(miri) { 1_000 } else { 1_000_000 };
    (0..depth).fold(text(mark, here), |inner, _| list([inner], here))
}

/// Calls `f` on another thread, which is attached, and waits for it.
fn on_another<T: Send>(f: impl FnOnce(Here<'_>) -> T + Send) -> T {
    on_a_stranger(|| f(Owner::attach().here()))
}

/// Calls `f` on another thread, which is not attached, and waits for it.
fn on_a_stranger<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(f).join().unwrap())
}

fn is_pending(owner: &Owner) -> bool {
    owner.breaker().get() & PENDING != 0
}

#[track_caller]
fn panics_with(message: &str, f: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    let found = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    assert_eq!(found, Some(message));
}

#[test]
fn the_owners_last_reference_frees_the_object() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let first = text(mark, owner.here());
    let second = first.clone_ref(owner.here());
    drop(first);
    assert_eq!(mark.alive(), 1);
    drop(second);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn what_another_thread_copies_and_drops_leaves_no_work() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = text(mark, owner.here());
    on_another(|here| drop([(); 3].map(|()| ours.clone_ref(here))));
    assert!(!is_pending(&owner));
    drop(ours);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn of_a_copy_made_elsewhere_the_last_reference_frees_the_object_there() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = text(mark, owner.here());
    let theirs = on_another(|here| ours.clone_ref(here));
    drop(ours);
    assert_eq!(mark.alive(), 1);
    on_a_stranger(|| drop(theirs));
    assert_eq!(mark.alive(), 0);
    assert!(!is_pending(&owner));
}

#[test]
fn a_copy_made_elsewhere_is_dropped_by_the_owner_after_its_own() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = text(mark, owner.here());
    let [one, other] = on_another(|here| [(); 2].map(|()| ours.clone_ref(here)));
    drop(one);
    assert_eq!(mark.alive(), 1);
    drop((ours, other));
    assert_eq!(mark.alive(), 0);
}

#[test]
fn the_last_reference_dropped_elsewhere_is_left_to_the_owner() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let moved = text(mark, owner.here());
    on_a_stranger(|| drop(moved));
    assert!(mark.alive() == 1 && is_pending(&owner));
    assert!(owner.check());
    assert!(mark.alive() == 0 && !is_pending(&owner));
    assert!(!owner.check());
}

#[test]
fn what_is_left_to_the_owner_is_freed_when_that_ends() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let moved = text(mark, owner.here());
    on_another(|_| drop(moved));
    assert_eq!(mark.alive(), 1);
    drop(owner);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn of_two_references_dropped_elsewhere_one_is_left_to_the_owner() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = text(mark, owner.here());
    let moved = [(); 2].map(|()| ours.clone_ref(owner.here()));
    moved.into_iter().for_each(|moved| on_a_stranger(|| drop(moved)));
    owner.check();
    assert_eq!(ours.as_text(), Some(&*mark.text()));
    drop(ours);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn the_owner_drops_its_own_before_it_looks_at_what_was_left() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = text(mark, owner.here());
    let moved = ours.clone_ref(owner.here());
    on_a_stranger(|| drop(moved));
    drop(ours);
    assert_eq!(mark.alive(), 1);
    owner.check();
    assert_eq!(mark.alive(), 0);
}

#[test]
fn what_was_left_is_copied_again_before_the_owner_looks() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = text(mark, owner.here());
    let moved = ours.clone_ref(owner.here());
    on_a_stranger(|| drop(moved));
    let revived = [ours.clone_ref(owner.here()), on_another(|here| ours.clone_ref(here))];
    drop(ours);
    owner.check();
    let [one, other] = revived;
    on_a_stranger(|| drop(one));
    assert_eq!(mark.alive(), 1);
    drop(other);
    assert_eq!(mark.alive(), 0);
}

/// The owner merges with its count at zero while the queue has the object, and then finds it there.
#[test]
fn what_was_left_and_merged_meanwhile_is_not_merged_again() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = text(mark, owner.here());
    let moved = ours.clone_ref(owner.here());
    on_a_stranger(|| drop(moved));
    let theirs = on_another(|here| ours.clone_ref(here));
    let more = on_another(|here| ours.clone_ref(here));
    drop((ours, theirs)); // Both are the owner's to count, so its count is zero.
    assert_eq!(mark.alive(), 1);
    owner.check();
    assert_eq!(mark.alive(), 1);
    drop(more);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn after_it_was_merged_the_owner_counts_as_everybody_does() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = text(mark, owner.here());
    let moved = ours.clone_ref(owner.here());
    on_a_stranger(|| drop(moved));
    owner.check();
    let again = ours.clone_ref(owner.here());
    drop(ours);
    assert_eq!(mark.alive(), 1);
    on_another(|here| drop((again.clone_ref(here), again)));
    assert!(mark.alive() == 0 && !is_pending(&owner));
}

#[test]
fn once_the_owner_has_ended_the_last_reference_frees_the_object() {
    for drop_it in [|last| drop(last), |last| on_a_stranger(|| drop(last)), |last| on_another(|_| drop(last))]
    {
        let mark = Marked::new();
        let orphan = on_another(|here| text(mark, here));
        assert_eq!(orphan.as_text(), Some(&*mark.text()));
        drop_it(orphan);
        assert_eq!(mark.alive(), 0);
    }
}

#[test]
fn of_an_ended_owners_object_each_reference_counts() {
    let mark = Marked::new();
    let orphans = on_another(|here| {
        let orphan = text(mark, here);
        [(); 3].map(|()| orphan.clone_ref(here))
    });
    let [one, two, three] = orphans;
    drop(one);
    let four = on_another(|here| two.clone_ref(here));
    drop((three, two));
    assert_eq!(mark.alive(), 1);
    on_a_stranger(|| drop(four));
    assert_eq!(mark.alive(), 0);
}

#[test]
fn who_has_ended_and_is_attached_again_owns_nothing_of_before() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let before = text(mark, owner.here());
    let again = before.clone_ref(owner.here());
    drop(owner);
    let owner = Owner::attach();
    drop(before);
    assert_eq!(mark.alive(), 1);
    drop(again.clone_ref(owner.here()));
    drop(again);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn two_threads_leave_objects_to_a_third() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let rounds = if cfg!(miri) { 10 } else { 1_000 };
    let moved = [(); 2].map(|()| (0..rounds).map(|_| text(mark, owner.here())).collect::<Vec<_>>());
    thread::scope(|scope| {
        let others = moved.map(|moved| scope.spawn(|| drop(moved)));
        while others.iter().any(|other| !other.is_finished()) {
            owner.check();
            thread::yield_now();
        }
    });
    owner.check();
    assert_eq!(mark.alive(), 0);
}

#[test]
fn a_list_frees_its_items_and_leaves_those_of_another_owner() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let item = text(mark, owner.here());
    on_another(|here| drop(list([item, text(mark, here)], here)));
    assert_eq!(mark.alive(), 1);
    owner.check();
    assert_eq!(mark.alive(), 0);
}

#[test]
fn an_item_of_an_ended_owner_is_freed_with_its_list() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let orphan = on_another(|here| text(mark, here));
    drop(list([orphan], owner.here()));
    assert_eq!(mark.alive(), 0);
}

#[test]
fn a_list_a_million_deep_is_freed_by_its_owner() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    drop(deep(mark, owner.here()));
    assert_eq!(mark.alive(), 0);
}

#[test]
fn a_list_a_million_deep_is_left_to_its_owner_and_freed() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let moved = deep(mark, owner.here());
    on_a_stranger(|| drop(moved));
    assert_eq!(mark.alive(), 1);
    drop(owner);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn a_list_a_million_deep_is_freed_after_its_owner_has_ended() {
    let mark = Marked::new();
    drop(on_another(|here| deep(mark, here)));
    assert_eq!(mark.alive(), 0);
}

#[test]
fn what_is_left_to_who_frees_it_at_its_end_comes_to_itself_again() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let item = text(mark, owner.here());
    let outer = list([item.clone_ref(owner.here())], owner.here());
    on_a_stranger(|| drop((item, outer)));
    drop(owner);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn an_owner_that_panics_ends() {
    let mark = Marked::new();
    let caught = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let owner = Owner::attach();
            let moved = text(mark, owner.here());
            on_a_stranger(|| drop(moved));
            assert_eq!(mark.alive(), 2, "no");
        });
        other.join()
    });
    assert!(caught.is_err());
    assert_eq!(mark.alive(), 0);
}

#[test]
fn a_constant_is_one_object_for_all_and_not_counted() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let ours = Biased::constant(&mark.text(), owner.here());
    let moved = ours.clone_ref(owner.here());
    on_another(|here| {
        let theirs = Biased::constant(&mark.text(), here);
        assert!(theirs.is(&ours));
        drop((theirs.clone_ref(here), theirs, moved));
    });
    assert!(!is_pending(&owner), "a counted one would be left to us");
    (0..10).for_each(|_| drop(ours.clone_ref(owner.here())));
    drop((ours, owner));
    let later = on_another(|here| Biased::constant(&mark.text(), here));
    assert_eq!(later.as_text(), Some(&*mark.text()));
    on_a_stranger(|| drop(later));
    assert_eq!(mark.alive(), 1);
}

#[test]
fn constants_of_several_texts_are_told_apart() {
    let owner = Owner::attach();
    let texts = ["", "b", "a", "c", "ab"];
    let first = texts.map(|text| Biased::constant(text, owner.here()));
    let second = texts.map(|text| Biased::constant(text, owner.here()));
    for (at, text) in texts.into_iter().enumerate() {
        assert_eq!(first[at].as_text(), Some(text));
        assert!(first[at].is(&second[at]));
    }
}

#[test]
fn two_threads_append_to_a_list_and_nothing_is_lost() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let rounds = if cfg!(miri) { 20 } else { 10_000 };
    let items = list([], owner.here());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let owner = Owner::attach();
                for n in 0..rounds {
                    items.with_list(owner.here(), |items| items.push(Value::Int(n)));
                }
                items.with_list(owner.here(), |items| items.push(Value::text(mark.text(), owner.here())));
            });
        }
    });
    assert_eq!(items.with_list(owner.here(), |items| items.len() as i64), Some(2 * (rounds + 1)));
    drop(items);
    assert_eq!(mark.alive(), 0);
}

#[test]
fn two_threads_that_join_two_lists_the_other_way_round_both_go_on() {
    let (mark, owner) = (Marked::new(), Owner::attach());
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let [one, other] = [(); 2].map(|()| list([text(mark, owner.here())], owner.here()));
    thread::scope(|scope| {
        for [left, right] in [[&one, &other], [&other, &one]] {
            scope.spawn(move || {
                let owner = Owner::attach();
                for _ in 0..rounds {
                    let joined = left.join(right, owner.here()).unwrap();
                    assert_eq!(joined.with_list(owner.here(), |items| items.len()), Some(2));
                }
            });
        }
    });
    drop((one, other));
    assert_eq!(mark.alive(), 0);
}

#[test]
fn joined_lists_keep_their_order_whatever_their_addresses() {
    let owner = Owner::attach();
    let lists = ["a", "b"].map(|item| list([object(Value::text(item, owner.here()))], owner.here()));
    let texts = |list: Object| {
        let text = |item: &Value<Biased>| format!("{item:?}");
        list.with_list(owner.here(), |items| items.iter().map(text).collect::<String>()).unwrap()
    };
    let [a, b] = &lists;
    let joined = [[a, b], [b, a], [a, a]].map(|[left, right]| texts(left.join(right, owner.here()).unwrap()));
    assert_eq!(joined, [r#""a""b""#, r#""b""a""#, r#""a""a""#]);
}

const WITHIN: &str = "contents are used within the use of others";

#[test]
fn a_list_is_not_used_within_its_own_use_nor_within_anothers() {
    let owner = Owner::attach();
    let here = owner.here();
    let [one, other] = [(); 2].map(|()| list([], here));
    panics_with(WITHIN, || _ = one.with_list(here, |_| one.with_list(here, |_| ())));
    panics_with(WITHIN, || _ = one.with_list(here, |_| other.with_list(here, |_| ())));
    panics_with(WITHIN, || _ = one.with_list(here, |_| one.join(&other, here)));
    for list in [&one, &other] {
        let push = |items: &mut Vec<_>| items.push(Value::None);
        assert_eq!(list.with_list(here, push), Some(()), "and that was no harm");
    }
}

#[test]
fn contents_are_not_taken_together_with_themselves() {
    let owner = Owner::attach();
    let contents = Biased::guard(1, owner.here());
    panics_with("these are the same contents", || {
        Biased::with_both(&contents, &contents, owner.here(), |_, _| ());
    });
    assert_eq!(Biased::into_inner(contents), 1);
}

#[test]
fn a_thread_is_attached_once_at_a_time() {
    let owner = Owner::attach();
    panics_with("this thread is attached already", || drop(Owner::attach()));
    drop(owner);
    drop(Owner::attach());
}

/// All at once: references made and dropped by all, in any order, by owners that check, and that come and go.
#[test]
fn threads_that_pass_references_around_leave_nothing() {
    let mark = Marked::new();
    let rounds: usize = if cfg!(miri) { 30 } else { 30_000 };
    let (pool, begin) = (Mutex::new(Vec::<Object>::new()), Barrier::new(3));
    let run = |seed: usize| {
        begin.wait();
        let mut owner = Owner::attach();
        let mut random = seed;
        let mut mine = Vec::new();
        for _ in 0..rounds {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let pick = (random >> 33) % 97;
            match pick % 8 {
                0 => mine.push(text(mark, owner.here())),
                1 => pool.lock().unwrap().extend(mine.pop()),
                2 => mine.extend(pool.lock().unwrap().pop()),
                3 => mine.extend(mine.last().map(|last| last.clone_ref(owner.here()))),
                4 => mine.truncate(mine.len().saturating_sub(2)),
                5 => {
                    let items = list(mine.pop(), owner.here());
                    pool.lock().unwrap().push(items);
                }
                6 => _ = owner.check(),
                _ if pick == 7 => {
                    drop(owner);
                    mine.truncate(3);
                    owner = Owner::attach();
                }
                _ => drop(pool.lock().unwrap().pop()),
            }
        }
    };
    thread::scope(|scope| (1..=3).for_each(|seed| _ = scope.spawn(move || run(seed))));
    drop(pool.into_inner().unwrap());
    assert_eq!(mark.alive(), 0);
}
