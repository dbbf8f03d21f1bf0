//! The task under the model checker: the code that ships, with executors of a few lines.
//!
//! `cargo test -p step4 --features loom --lib --release`, best in a target folder of its own. Data is written `Relaxed`,
//! so that only the protocol under test can make it visible; the header's canaries fail the model if two uses of the
//! stage are not ordered, or a use of the memory and its end. Making any one ordering of `local` or `shared` weaker fails a test here.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::sync::{Condvar, Mutex};
use loom::thread::{self, ThreadId};
use step2::{Park, ThreadPark, block_on};

use super::local::LocalState;
use super::shared::SharedState;
use super::{JoinError, JoinHandle, Letter, Runnable, TaskList, new_task};
use crate::schedule::{Schedule, Sealed};

type Flag = Arc<AtomicUsize>;

/// Checks all executions in which a thread is interrupted in the middle at most three times: enough to find every known
/// mistake, and a thousand times fewer than all.
fn check(execution: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(3));
    model.check(move || {
        crate::budget::refill(); // Left over from the last execution, it would make this one take another course.
        execution();
    });
}

fn flag() -> Flag {
    Arc::new(AtomicUsize::new(0))
}

/// Counts the tasks whose memory was freed: each header has one of these.
struct Freed(Flag);

impl Drop for Freed {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A place where a future leaves its waker for another thread, which waits for it.
#[derive(Clone)]
struct Slot(Arc<(Mutex<Option<Waker>>, Condvar)>);

impl Slot {
    fn new() -> Self {
        Self(Arc::new((Mutex::new(None), Condvar::new())))
    }

    fn put(&self, waker: Waker) {
        *self.0.0.lock().unwrap() = Some(waker);
        self.0.1.notify_all();
    }

    fn wait(&self) -> Waker {
        let mut waker = self.0.0.lock().unwrap();
        loop {
            match waker.take() {
                Some(waker) => return waker,
                None => waker = self.0.1.wait(waker).unwrap(),
            }
        }
    }
}

mod on_one_thread {
    use super::*;

    /// An event loop in small: a queue, a mailbox, a park.
    struct Home {
        thread: ThreadId,
        queue: RefCell<VecDeque<Runnable<AtHome>>>,
        tasks: RefCell<TaskList<AtHome>>,
        mailbox: Mutex<Vec<Letter<AtHome>>>,
        owner: Waker,
    }

    struct AtHome(Arc<Home>, #[expect(dead_code, reason = "only its drop counts")] Freed);

    impl Sealed for AtHome {}

    impl Schedule for AtHome {
        type State = LocalState;

        fn is_home(&self) -> bool {
            thread::current().id() == self.0.thread
        }

        fn schedule(&self, task: Runnable<Self>, home: bool) {
            if home {
                self.0.queue.borrow_mut().push_back(task);
            } else {
                self.0.mailbox.lock().unwrap().push(Letter::new(task));
                self.0.owner.wake_by_ref();
            }
        }

        fn schedule_again(task: Runnable<Self>) {
            task.schedule_held();
        }

        fn forget(&self, task: &Runnable<Self>) {
            self.0.tasks.borrow_mut().remove(task);
        }
    }

    struct Loop {
        park: ThreadPark,
        home: Arc<Home>,
        freed: Flag,
    }

    impl Loop {
        fn new() -> Self {
            let park = ThreadPark::new();
            let home = Home {
                thread: thread::current().id(),
                queue: RefCell::default(),
                tasks: RefCell::new(TaskList::new()),
                mailbox: Mutex::new(Vec::new()),
                owner: park.waker(),
            };
            Self { park, home: Arc::new(home), freed: flag() }
        }

        fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> JoinHandle<T, AtHome> {
            let schedule = AtHome(Arc::clone(&self.home), Freed(Arc::clone(&self.freed)));
            let (task, handle) = new_task(future, schedule);
            self.home.tasks.borrow_mut().add(&task);
            self.home.queue.borrow_mut().push_back(task);
            handle
        }

        /// Runs what is ready.
        fn turn(&self) {
            let letters = std::mem::take(&mut *self.home.mailbox.lock().unwrap());
            self.home.queue.borrow_mut().extend(letters.into_iter().filter_map(Letter::open));
            loop {
                let next = self.home.queue.borrow_mut().pop_front();
                let Some(task) = next else { return };
                task.run();
            }
        }

        fn run_until_done(&mut self) {
            self.turn();
            while self.home.tasks.borrow().len() > 0 {
                self.park.park(None).expect("a thread can always park");
                self.turn();
            }
        }

        /// Everything has to be gone by now.
        fn end(self) {
            self.turn();
            assert_eq!(self.freed.load(Relaxed), 1, "the task is freed, once");
        }
    }

    /// A task that leaves `N` wakers, one a slot, and is pending until all flags are set.
    fn waits_for<const N: usize>(slots: [Slot; N], flags: [Flag; N]) -> impl Future<Output = ()> {
        let mut slots = Some(slots);
        poll_fn(move |cx| {
            for slot in slots.take().into_iter().flatten() {
                slot.put(cx.waker().clone());
            }
            if flags.iter().all(|flag| flag.load(Relaxed) == 1) { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    #[test]
    fn no_wake_from_elsewhere_is_lost_and_each_carries_what_was_written_before() {
        check(|| {
            let mut event_loop = Loop::new();
            let (slots, flags) = ([Slot::new(), Slot::new()], [flag(), flag()]);
            let handle = event_loop.spawn(waits_for(slots.clone(), flags.clone()));
            let threads = slots.into_iter().zip(flags).map(|(slot, flag)| {
                thread::spawn(move || {
                    let waker = slot.wait();
                    flag.store(1, Relaxed);
                    waker.wake_by_ref();
                })
            });
            let threads: Vec<_> = threads.collect();
            event_loop.run_until_done();
            drop(handle);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            event_loop.end();
        });
    }

    /// Runs a task that ends at its second poll while its waker is used elsewhere by `there`: once with a handle that
    /// outlives the task, and once detached.
    fn ends_while(there: impl Fn(Waker) + Clone + Send + Sync + 'static) {
        ends_with_handle_while(true, there.clone());
        ends_with_handle_while(false, there);
    }

    fn ends_with_handle_while(keep_handle: bool, there: impl Fn(Waker) + Clone + Send + Sync + 'static) {
        check(move || {
            let mut event_loop = Loop::new();
            let slot = Slot::new();
            let handle = event_loop.spawn({
                let slot = slot.clone();
                let mut first = true;
                poll_fn(move |cx| {
                    if !std::mem::replace(&mut first, false) {
                        return Poll::Ready(());
                    }
                    slot.put(cx.waker().clone());
                    cx.waker().wake_by_ref();
                    Poll::Pending
                })
            });
            let handle = keep_handle.then_some(handle);
            let there = there.clone();
            let other = thread::spawn(move || there(slot.wait()));
            event_loop.run_until_done();
            event_loop.turn(); // Opens a letter that has come meanwhile, although the task is done.
            drop(handle);
            other.join().unwrap();
            event_loop.end();
        });
    }

    #[test]
    fn a_waker_dropped_elsewhere_while_the_task_ends() {
        ends_while(drop);
    }

    #[test]
    fn a_waker_used_up_elsewhere_while_the_task_ends() {
        ends_while(Waker::wake);
    }

    #[test]
    fn a_waker_cloned_and_woken_elsewhere_while_the_task_ends() {
        ends_while(|waker| {
            let clone = waker.clone();
            waker.wake();
            clone.wake_by_ref();
        });
    }

    #[test]
    fn two_wakers_dropped_by_two_threads_while_the_task_ends() {
        ends_while(|waker| {
            let clone = waker.clone();
            let third = thread::spawn(move || drop(clone));
            drop(waker);
            third.join().unwrap();
        });
        ends_while(|waker| {
            let clone = waker.clone();
            thread::spawn(move || drop(clone)).join().unwrap();
            waker.wake();
        });
    }

    /// So many that home moves its count to the word, while the other thread counts there.
    #[test]
    fn more_wakers_than_home_counts_by_itself_are_dropped_elsewhere_while_the_task_ends() {
        check(|| {
            let mut event_loop = Loop::new();
            let slot = Slot::new();
            let handle = event_loop.spawn({
                let slot = slot.clone();
                let mut turns = 0;
                poll_fn(move |cx| {
                    let clones: Vec<_> = (0..10).map(|_| cx.waker().clone()).collect();
                    turns += 1;
                    if turns == 1 {
                        slot.put(cx.waker().clone());
                        cx.waker().wake_by_ref();
                    }
                    drop(clones); // Below zero, as far as home can tell.
                    if turns == 1 { Poll::Pending } else { Poll::Ready(()) }
                })
            });
            let other = thread::spawn(move || {
                let waker = slot.wait();
                drop(waker.clone());
                waker.wake();
            });
            event_loop.run_until_done();
            event_loop.turn();
            drop(handle);
            other.join().unwrap();
            event_loop.end();
        });
    }

    #[test]
    fn the_last_two_references_are_dropped_by_two_threads_after_the_end() {
        check(|| {
            let event_loop = Loop::new();
            let slots = [Slot::new(), Slot::new()];
            let handle = event_loop.spawn(waits_for(
                slots.clone(),
                [flag(), flag()].map(|flag| {
                    flag.store(1, Relaxed);
                    flag
                }),
            ));
            event_loop.turn();
            assert!(handle.is_finished());
            drop(handle);
            let threads = slots.map(|slot| thread::spawn(move || drop(slot.wait())));
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            event_loop.end();
        });
    }

    /// The one case in which the shortcut needs its `Acquire`: home gets its waker back from a second thread, while a
    /// third drops the clone that the second made.
    #[test]
    fn a_clone_that_came_and_went_elsewhere_before_the_task_ends() {
        check(|| {
            let event_loop = Loop::new();
            let (slot, back, done) = (Slot::new(), Slot::new(), flag());
            let handle = event_loop.spawn(waits_for([slot.clone()], [Arc::clone(&done)]));
            event_loop.turn();
            let second = thread::spawn({
                let back = back.clone();
                move || {
                    let waker = slot.wait();
                    let clone = waker.clone();
                    let third = thread::spawn(move || drop(clone));
                    back.put(waker);
                    third
                }
            });
            let waker = back.wait();
            done.store(1, Relaxed);
            waker.wake();
            event_loop.turn();
            assert!(handle.is_finished());
            drop(handle);
            second.join().unwrap().join().unwrap();
            event_loop.end();
        });
    }
}

mod on_many_threads {
    use super::*;

    struct Pool {
        queue: Mutex<VecDeque<Runnable<Anywhere>>>,
        added: Condvar,
        tasks: Mutex<TaskList<Anywhere>>,
        freed: Flag,
    }

    struct Anywhere(Arc<Pool>, #[expect(dead_code, reason = "only its drop counts")] Freed);

    impl Sealed for Anywhere {}

    impl Schedule for Anywhere {
        type State = SharedState;

        fn is_home(&self) -> bool {
            false
        }

        fn schedule(&self, task: Runnable<Self>, _home: bool) {
            self.0.queue.lock().unwrap().push_back(task);
            self.0.added.notify_one();
        }

        fn schedule_again(task: Runnable<Self>) {
            task.schedule_held();
        }

        fn forget(&self, task: &Runnable<Self>) {
            self.0.tasks.lock().unwrap().remove(task);
        }
    }

    impl Pool {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                queue: Mutex::new(VecDeque::new()),
                added: Condvar::new(),
                tasks: Mutex::new(TaskList::new()),
                freed: flag(),
            })
        }

        fn spawn<T: 'static>(
            self: &Arc<Self>,
            future: impl Future<Output = T> + 'static,
        ) -> JoinHandle<T, Anywhere> {
            let (task, handle) = new_task(future, Anywhere(Arc::clone(self), Freed(Arc::clone(&self.freed))));
            self.tasks.lock().unwrap().add(&task);
            self.queue.lock().unwrap().push_back(task);
            handle
        }

        /// Waits for a runnable task, and polls it once.
        fn run_one(&self) {
            let mut queue = self.queue.lock().unwrap();
            let task = loop {
                match queue.pop_front() {
                    Some(task) => break task,
                    None => queue = self.added.wait(queue).unwrap(),
                }
            };
            drop(queue);
            task.run();
        }

        fn is_empty(&self) -> bool {
            self.tasks.lock().unwrap().len() == 0
        }

        fn end(&self) {
            assert_eq!(self.freed.load(Relaxed), 1, "the task is freed, once");
        }
    }

    #[test]
    fn no_wake_is_lost_and_each_carries_what_was_written_before() {
        check(|| {
            let pool = Pool::new();
            let (slots, flags) = ([Slot::new(), Slot::new()], [flag(), flag()]);
            let handle = pool.spawn({
                let (slots, flags) = (slots.clone(), flags.clone());
                poll_fn(move |cx| {
                    slots.iter().for_each(|slot| slot.put(cx.waker().clone()));
                    if flags.iter().all(|flag| flag.load(Relaxed) == 1) {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                })
            });
            for (slot, flag) in slots.iter().cloned().zip(flags) {
                thread::spawn(move || {
                    let waker = slot.wait();
                    flag.store(1, Relaxed);
                    waker.wake();
                });
            }
            while !pool.is_empty() {
                pool.run_one();
            }
            drop((handle, slots));
        });
    }

    #[test]
    fn a_poll_on_another_thread_sees_the_one_before() {
        check(|| {
            let pool = Pool::new();
            let (slot, polls, seen) = (Slot::new(), flag(), flag());
            let handle = pool.spawn({
                let (slot, polls, seen) = (slot.clone(), polls, Arc::clone(&seen));
                let mut first = true;
                poll_fn(move |cx| {
                    if !std::mem::replace(&mut first, false) {
                        seen.store(polls.load(Relaxed), Relaxed); // A panic here would only be the task's outcome.
                        return Poll::Ready(());
                    }
                    slot.put(cx.waker().clone());
                    polls.store(1, Relaxed); // After the lock in `put`, which must not be what makes it visible.
                    Poll::Pending
                })
            });
            let waker = thread::spawn(move || slot.wait().wake());
            let second_poll = thread::spawn({
                let pool = Arc::clone(&pool);
                move || pool.run_one()
            });
            pool.run_one();
            second_poll.join().unwrap();
            waker.join().unwrap();
            drop(handle);
            assert_eq!(seen.load(Relaxed), 1);
            pool.end();
        });
    }

    #[test]
    fn the_joiner_sees_what_the_task_did() {
        check(|| {
            let (pool, letter) = (Pool::new(), flag());
            let handle = pool.spawn({
                let letter = Arc::clone(&letter);
                async move { letter.store(1, Relaxed) }
            });
            let worker = thread::spawn({
                let pool = Arc::clone(&pool);
                move || pool.run_one()
            });
            block_on(handle).unwrap();
            assert_eq!(letter.load(Relaxed), 1);
            worker.join().unwrap();
            pool.end();
        });
    }

    /// Must see, when it is dropped, what was written before it was sent away.
    struct Output(Flag);

    impl Drop for Output {
        fn drop(&mut self) {
            assert_eq!(self.0.load(Relaxed), 1);
            self.0.store(2, Relaxed);
        }
    }

    #[test]
    fn an_output_nobody_wants_is_dropped_once_and_whoever_drops_it_sees_it_whole() {
        check(|| {
            let (pool, letter) = (Pool::new(), flag());
            let handle = pool.spawn({
                let letter = Arc::clone(&letter);
                async move {
                    letter.store(1, Relaxed);
                    Output(letter)
                }
            });
            let worker = thread::spawn({
                let pool = Arc::clone(&pool);
                move || pool.run_one()
            });
            drop(handle);
            worker.join().unwrap();
            assert_eq!(letter.load(Relaxed), 2);
            pool.end();
        });
    }

    #[test]
    fn an_aborted_future_sees_in_its_destructor_what_the_aborter_wrote() {
        check(|| {
            let (pool, letter, slot) = (Pool::new(), flag(), Slot::new());
            let handle = pool.spawn({
                let (output, slot) = (Output(Arc::clone(&letter)), slot.clone());
                poll_fn(move |cx| {
                    let _keep = &output;
                    slot.put(cx.waker().clone());
                    Poll::<()>::Pending
                })
            });
            pool.run_one();
            // One thread makes it runnable, the other aborts it: at any moment of the next poll, or after it.
            let waker = thread::spawn(move || slot.wait().wake());
            let aborter = thread::spawn(move || {
                letter.store(1, Relaxed);
                assert!(handle.abort());
                handle
            });
            while !pool.is_empty() {
                pool.run_one();
            }
            waker.join().unwrap();
            let handle = aborter.join().unwrap();
            assert!(matches!(block_on(handle), Err(JoinError::Cancelled)));
        });
    }

    #[test]
    fn the_last_references_are_dropped_by_three_threads() {
        check(|| {
            let (pool, slot) = (Pool::new(), Slot::new());
            let handle = pool.spawn({
                let slot = slot.clone();
                poll_fn(move |cx| {
                    slot.put(cx.waker().clone());
                    Poll::Ready(())
                })
            });
            let worker = thread::spawn({
                let pool = Arc::clone(&pool);
                move || pool.run_one()
            });
            let waker = thread::spawn(move || drop(slot.wait()));
            drop(handle);
            worker.join().unwrap();
            waker.join().unwrap();
            pool.end();
        });
    }
}
