//! Objects and their counts: when they are freed, by whom, and that it is done once.
//!
//! `MIRIFLAGS="-Zmiri-disable-isolation" cargo +nightly miri test -p step7 --test object` looks for what is used after it was
//! freed, freed twice, or never freed.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use step7::{Gil, PENDING, Plain, Py, Ref, Value};
use support::{Witness, watched};

type Text = Ref<Plain>;

/// Calls `f` under a new lock, and returns the witness of what is left.
fn witnessed<T>(f: impl FnOnce(Py<'_>) -> T) -> (Witness, T) {
    let gil = Gil::default();
    let output = f(gil.thread().take().py());
    drop(gil.thread().take()); // For what was dropped without it.
    drop(gil);
    (Witness::here(), output)
}

fn object(value: Value<Plain>) -> Ref<Plain> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other:?} is not on the heap"),
    }
}

fn text(text: &str, py: Py<'_>) -> Text {
    object(watched(|| Value::text(text, py)))
}

fn list(items: Vec<Value<Plain>>, py: Py<'_>) -> Ref<Plain> {
    object(watched(|| Value::list(items, py)))
}

/// Copies the texts out of a list.
fn texts(list: &Ref<Plain>, py: Py<'_>) -> Vec<String> {
    let text = |item: &Value<Plain>| match item {
        Value::Object(object) => object.as_text().unwrap().to_owned(),
        other => panic!("{other:?} is no text"),
    };
    list.with_list(py, |items| items.iter().map(text).collect()).unwrap()
}

#[track_caller]
fn panics_with(message: &str, f: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    let found = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    assert_eq!(found, Some(message));
}

#[test]
fn the_last_reference_frees_the_object() {
    let (witness, ()) = witnessed(|py| drop(text("freed", py)));
    assert!(!witness.sees_objects());
}

#[test]
fn an_object_lives_as_long_as_one_of_its_references() {
    let gil = Gil::default();
    let kept = {
        let mut thread = gil.thread();
        let guard = thread.take();
        let first = text("shared", guard.py());
        let copies: Vec<_> = (0..10).map(|_| first.clone_ref(guard.py())).collect();
        drop(first);
        let kept = copies.last().unwrap().clone_ref(guard.py());
        drop(copies);
        kept
    };
    assert_eq!(kept.as_text(), Some("shared"));
    drop(kept);
    drop(gil.thread().take());
    drop(gil);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn what_is_dropped_without_the_lock_stays_until_somebody_takes_it() {
    let gil = Gil::default();
    drop(text("dropped", gil.thread().take().py()));
    let kept = text("kept", gil.thread().take().py());
    let witness = Witness::here();
    drop(kept);
    assert!(witness.sees_objects());
    drop(gil.thread().take());
    assert!(!witness.sees_objects());
}

#[test]
fn what_is_left_to_a_lock_that_nobody_takes_any_more_is_freed_with_the_lock() {
    let gil = Gil::default();
    let kept = list(vec![Value::Int(1)], gil.thread().take().py());
    let witness = Witness::here();
    drop(kept);
    assert!(witness.sees_objects());
    drop(gil);
    assert!(!witness.sees_objects());
}

#[test]
fn what_outlives_its_lock_is_freed_with_its_last_reference_by_whatever_thread() {
    let (witness, kept) = witnessed(|py| {
        let inner = text("inner", py);
        let inners = (0..20).map(|_| Value::Object(inner.clone_ref(py))).collect();
        let kept = list(inners, py);
        (0..20).map(|_| kept.clone_ref(py)).chain([inner]).collect::<Vec<_>>()
    });
    assert!(witness.sees_objects());
    let threads: Vec<_> = kept.into_iter().map(|kept| thread::spawn(move || drop(kept))).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(!witness.sees_objects());
}

#[test]
fn dropped_without_the_lock_it_is_counted_down_by_the_next_one_that_takes_it() {
    let gil = Gil::default();
    let reference = text("dropped", gil.thread().take().py());
    drop(reference);
    assert_eq!(gil.breaker().get(), PENDING);
    drop(gil.thread().take());
    assert_eq!(gil.breaker().get(), 0);
    drop(gil);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn dropped_without_the_lock_it_is_counted_down_by_the_holders_next_check() {
    let gil = Gil::default();
    let mut here = gil.thread();
    let mut guard = here.take();
    let reference = text("dropped", guard.py());
    thread::spawn(move || drop(reference)).join().unwrap();
    assert_eq!(gil.breaker().get(), PENDING);
    assert!(!guard.check());
    assert_eq!(gil.breaker().get(), 0);
    drop(guard);
    drop(here);
    drop(gil);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn dropped_without_the_lock_it_is_usable_through_the_others() {
    let gil = Gil::default();
    let mut here = gil.thread();
    let guard = here.take();
    let kept = text("kept", guard.py());
    let dropped = kept.clone_ref(guard.py());
    drop(guard);
    drop(dropped);
    drop(here.take());
    assert_eq!(kept.as_text(), Some("kept"));
    let guard = here.take();
    drop(kept);
    drop(guard);
    drop(here);
    drop(gil);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn dropped_in_native_code_it_is_counted_down_when_that_returns() {
    let gil = Gil::default();
    let mut here = gil.thread();
    let mut guard = here.take();
    let reference = text("dropped", guard.py());
    guard.allow_threads(|| drop(reference));
    assert_eq!(gil.breaker().get(), 0);
    drop(guard);
    drop(here);
    drop(gil);
    assert!(!Witness::here().sees_objects());
}

/// A count down found another lock marked as held, and left itself to the next check, for ever.
#[test]
fn dropped_under_a_newer_lock_it_is_counted_down_by_the_next_check_of_its_own() {
    let (older, newer) = (Gil::default(), Gil::default());
    let (mut here, mut there) = (older.thread(), newer.thread());
    let mut guard = here.take();
    let reference = text("dropped", guard.py());
    let other = there.take();
    drop(reference);
    assert_eq!(older.breaker().get(), PENDING);
    guard.check();
    assert_eq!(older.breaker().get(), 0);
    drop((other, guard));
    drop((here, there));
    drop(older);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn many_threads_copy_and_drop_references_and_the_last_frees_the_object_once() {
    let gil = Gil::builder().interval(std::time::Duration::from_micros(100)).build();
    let shared = text("shared", gil.thread().take().py());
    let rounds = if cfg!(miri) { 5 } else { 500 };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut thread = gil.thread();
                for _ in 0..rounds {
                    let mut guard = thread.take();
                    let [under, checked, without] = [(); 3].map(|()| shared.clone_ref(guard.py()));
                    drop(under);
                    guard.check();
                    drop(checked);
                    drop(guard);
                    drop(without);
                }
            });
        }
    });
    drop(shared);
    drop(gil.thread().take());
    drop(gil);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn a_reference_is_used_and_dropped_by_another_thread() {
    let gil = Gil::default();
    let items = {
        let mut here = gil.thread();
        let guard = here.take();
        list(vec![Value::text("from here", guard.py())], guard.py())
    };
    let mut there = gil.thread();
    let other = thread::spawn(move || {
        let guard = there.take();
        items.with_list(guard.py(), |items| items.push(Value::text("from there", guard.py())));
        let texts = texts(&items, guard.py());
        drop(items);
        texts
    });
    assert_eq!(other.join().unwrap(), ["from here", "from there"]);
    drop(gil);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn text_is_read_without_the_lock() {
    let gil = Gil::default();
    let shared = text("shared", gil.thread().take().py());
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(shared.as_text(), Some("shared")));
        assert_eq!(shared.as_text(), Some("shared"));
    });
    drop(shared);
    drop(gil.thread().take());
}

#[test]
fn a_list_frees_its_items() {
    let (witness, kept) = witnessed(|py| {
        let kept = text("kept", py);
        let items = ["a", "b"].map(|item| Value::text(item, py)).into_iter();
        let inner = list(items.chain([Value::Object(kept.clone_ref(py))]).collect(), py);
        drop(list(vec![Value::Object(inner), Value::Int(1)], py));
        (kept.as_text() == Some("kept")).then(|| drop(kept))
    });
    assert!(kept.is_some());
    assert!(!witness.sees_objects());
}

#[test]
fn an_item_that_is_in_two_lists_is_freed_with_the_second() {
    let (witness, ()) = witnessed(|py| {
        let shared = text("shared", py);
        let [one, other] = [(); 2].map(|()| list(vec![Value::Object(shared.clone_ref(py))], py));
        drop(shared);
        drop(one);
        assert_eq!(texts(&other, py), ["shared"]);
        drop(other);
    });
    assert!(!witness.sees_objects());
}

#[test]
fn items_taken_out_of_a_list_outlive_it() {
    let (witness, ()) = witnessed(|py| {
        let items = list(vec![Value::text("taken out", py), Value::text("left in", py)], py);
        let taken = object(items.with_list(py, |items| items.remove(0)).unwrap());
        drop(items);
        assert_eq!(taken.as_text(), Some("taken out"));
    });
    assert!(!witness.sees_objects());
}

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "leaks, as it should")]
fn a_list_that_contains_itself_is_never_freed() {
    let (witness, ()) = witnessed(|py| {
        let items = list(Vec::new(), py);
        let itself = Value::Object(items.clone_ref(py));
        items.with_list(py, |items| items.push(itself));
    });
    assert!(witness.sees_objects());
}

#[test]
fn a_list_that_contained_itself_is_freed_once_it_was_emptied() {
    let (witness, ()) = witnessed(|py| {
        let items = list(Vec::new(), py);
        let itself = Value::Object(items.clone_ref(py));
        items.with_list(py, |items| items.push(itself));
        drop(items.with_list(py, std::mem::take));
    });
    assert!(!witness.sees_objects());
}

fn deep_list(py: Py<'_>) -> Ref<Plain> {
    let depth = if cfg!(miri) { 200 } else { 100_000 };
    (0..depth).fold(list(Vec::new(), py), |inner, _| list(vec![Value::Object(inner)], py))
}

#[test]
fn a_list_a_million_deep_is_freed_without_overflowing_the_stack() {
    let (witness, ()) = witnessed(|py| drop(deep_list(py)));
    assert!(!witness.sees_objects());
}

#[test]
fn a_list_a_million_deep_is_freed_by_the_next_one_that_takes_the_lock() {
    let gil = Gil::default();
    let deep = deep_list(gil.thread().take().py());
    drop(deep);
    drop(gil.thread().take());
    drop(gil);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn a_list_may_contain_what_belongs_to_another_interpreter_and_leaves_it_to_that() {
    let (one, other) = (Gil::default(), Gil::default());
    let foreign = Value::Object(text("foreign", other.thread().take().py()));
    drop(list(vec![foreign], one.thread().take().py()));
    assert_eq!((one.breaker().get(), other.breaker().get()), (0, PENDING));
    drop(other.thread().take());
    drop((one, other));
    assert!(!Witness::here().sees_objects());
}

const OTHER_LOCK: &str = "this belongs to another interpreter, with a lock of its own";

#[test]
fn a_reference_is_not_copied_with_another_interpreters_token() {
    let (one, other) = (Gil::default(), Gil::default());
    let ours = text("ours", one.thread().take().py());
    panics_with(OTHER_LOCK, || drop(ours.clone_ref(other.thread().take().py())));
    drop(ours);
    drop(one.thread().take());
    drop(one);
    assert!(!Witness::here().sees_objects());
}

#[test]
fn a_list_is_not_seen_with_another_interpreters_token() {
    let (one, other) = (Gil::default(), Gil::default());
    let ours = list(Vec::new(), one.thread().take().py());
    panics_with(OTHER_LOCK, || _ = ours.with_list(other.thread().take().py(), |_| ()));
    panics_with(OTHER_LOCK, || _ = Value::Object(ours).is_true(other.thread().take().py()));
    drop(one.thread().take());
}

#[test]
fn lists_of_two_interpreters_are_not_joined() {
    let (one, other) = (Gil::default(), Gil::default());
    let [ours, theirs] = [&one, &other].map(|gil| list(Vec::new(), gil.thread().take().py()));
    panics_with(OTHER_LOCK, || _ = ours.join(&theirs, one.thread().take().py()));
    panics_with(OTHER_LOCK, || _ = ours.join(&theirs, other.thread().take().py()));
    drop((ours, theirs));
    drop((one.thread().take(), other.thread().take()));
}

#[test]
fn a_list_is_not_used_within_its_own_use() {
    let (witness, ()) = witnessed(|py| {
        let items = list(Vec::new(), py);
        let within = || items.with_list(py, |_| items.with_list(py, |items| items.push(Value::None)));
        assert!(catch_unwind(AssertUnwindSafe(within)).is_err());
        assert_eq!(items.with_list(py, |items| items.len()), Some(0), "and that was no harm");
    });
    assert!(!witness.sees_objects());
}

#[test]
fn texts_and_lists_are_joined_with_their_kind() {
    let (witness, ()) = witnessed(|py| {
        let [a, b] = ["a", "b"].map(|part| text(part, py));
        let [ab, aa] = [a.join(&b, py), a.join(&a, py)].map(Option::unwrap);
        assert_eq!((ab.as_text(), aa.as_text()), (Some("ab"), Some("aa")));
        let [one, other] = [a, b].map(|item| list(vec![Value::Object(item)], py));
        assert_eq!(texts(&one.join(&other, py).unwrap(), py), ["a", "b"]);
        assert_eq!(texts(&one.join(&one, py).unwrap(), py), ["a", "a"]);
        assert!(one.join(&ab, py).is_none() && ab.join(&one, py).is_none());
    });
    assert!(!witness.sees_objects());
}

#[test]
fn a_joined_list_is_another_one_with_the_same_items() {
    let (witness, ()) = witnessed(|py| {
        let inner = list(Vec::new(), py);
        let outer = list(vec![Value::Object(inner.clone_ref(py))], py);
        let joined = outer.join(&outer, py).unwrap();
        assert!(!joined.is(&outer));
        inner.with_list(py, |items| items.push(Value::Int(1)));
        let is_inner = |item: &Value<Plain>| matches!(item, Value::Object(object) if object.is(&inner));
        assert_eq!(joined.with_list(py, |items| items.iter().all(is_inner)), Some(true));
    });
    assert!(!witness.sees_objects());
}

#[test]
fn what_is_empty_or_zero_is_not_true() {
    witnessed(|py| {
        let empty: Vec<Value<Plain>> = vec![
            Value::None,
            Value::Bool(false),
            Value::Int(0),
            Value::Float(-0.0),
            Value::text("", py),
            Value::list(Vec::new(), py),
        ];
        assert!(empty.iter().all(|value| !value.is_true(py)));
        let full: Vec<Value<Plain>> = vec![
            Value::Bool(true),
            Value::Int(-1),
            Value::Float(f64::NAN),
            Value::Function(0),
            Value::text("0", py),
            Value::list(vec![Value::None], py),
        ];
        assert!(full.iter().all(|value| value.is_true(py)));
    });
}
