//! A task's one piece of memory, and every unsafe line of this step.
//!
//! See [`crate::task`] for the picture and the invariants, which the SAFETY notes cite by number. Four more hold here:
//!
//! 6. A `NonNull<Header<S>>` in this file comes from `new_task`, and points to the header at the front of a
//!    `TaskCell<F, S>`, with leave to use all of it. It is never made from a `&Header`.
//! 7. `header.vtable` is the one for that same `F`.
//! 8. Each [`Waker`], the handle, the executor's list and a mailbox's letter own one reference each; the memory is there
//!    while there is one.
//! 9. A stage holds the future until `end`, which the runner calls once, before `finish`; then the outcome, until
//!    `take_outcome` or `empty`. After that nothing looks at it.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::slice;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use step2::{contain, wake_quietly};
use timeline::probe;

use crate::event_loop::Local;
use crate::schedule::Schedule;
use crate::sync::Canary;
use crate::task::cells;
use crate::task::join::{JoinError, Outcome};
use crate::task::local::{Accepted, LocalState};
use crate::task::shared::SharedState;
use crate::task::state::State;

type Pointer<S> = NonNull<Header<S>>;

struct Header<S: Schedule> {
    vtable: &'static Vtable<S>,
    schedule: S,
    state: S::State,
    memory: Canary,
    stage: Canary,
}

#[repr(C)]
struct TaskCell<F: Future, S: Schedule> {
    header: Header<S>,
    stage: UnsafeCell<Stage<F>>,
}

/// The future, then its outcome, then nothing. Which of them it is, follows from the task's state (invariant 9): to say it
/// here, too, would take another word of each task.
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    outcome: ManuallyDrop<Ended<F::Output>>,
}

/// How a task has ended, in as little memory as can be: the payload of a cancelled one is a [`Cancelled`], which has no
/// size, so that its box takes no memory.
type Ended<T> = Result<T, Box<dyn Any + Send>>;

struct Cancelled;

/// What depends on the type of the future. All take a pointer to a task whose stage the caller owns (invariant 2).
struct Vtable<S: Schedule> {
    /// Polls the future. True: it has ended, and its outcome is in place.
    poll: unsafe fn(Pointer<S>, &mut Context<'_>) -> bool,
    /// Drops the future, and puts "cancelled" in its place.
    cancel: unsafe fn(Pointer<S>),
    /// Moves the outcome to an `Option<Result<F::Output, JoinError>>`, and gives up the handle's reference.
    take_outcome: unsafe fn(Pointer<S>, *mut ()),
    /// Drops the outcome.
    empty: unsafe fn(Pointer<S>),
    /// Frees the memory. The stage is empty by then (invariant 4).
    free: unsafe fn(Pointer<S>),
}

/// Makes a task, which is queued already: the caller puts it on its list, and then into its queue.
pub(crate) fn new_task<F, S>(future: F, schedule: S) -> (Runnable<S>, JoinHandle<F::Output, S>)
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    let header = Header {
        vtable: vtable::<F, S>(),
        schedule,
        state: S::State::new(),
        memory: Canary::default(),
        stage: Canary::default(),
    };
    let stage = UnsafeCell::new(Stage { future: ManuallyDrop::new(future) });
    let cell = memory::<F, S>();
    // SAFETY: the memory is new, and made for it.
    unsafe { cell.write(TaskCell { header, stage }) };
    let task = cell.cast::<Header<S>>();
    probe::spawned(task.addr().get(), std::any::type_name::<F>());
    (Runnable { task }, JoinHandle { task: Some(task), output: PhantomData })
}

/// Returns memory for a task: `free` gives it back in the same way.
fn memory<F: Future, S: Schedule>() -> NonNull<TaskCell<F, S>> {
    match const { cells::units(Layout::new::<TaskCell<F, S>>()) } {
        Some(units) => NonNull::from(cells::take(units)).cast(),
        None => NonNull::from(Box::leak(Box::<TaskCell<F, S>>::new_uninit())).cast(),
    }
}

fn vtable<F: Future, S: Schedule>() -> &'static Vtable<S> {
    const {
        &Vtable {
            poll: poll::<F, S>,
            cancel: cancel::<F, S>,
            take_outcome: take_outcome::<F, S>,
            empty: empty::<F, S>,
            free: free::<F, S>,
        }
    }
}

/// Returns a task's stage.
///
/// # Safety
///
/// `task` is a task with a future of type `F`, and the caller owns its stage (invariant 2).
unsafe fn stage<'a, F: Future, S: Schedule>(task: Pointer<S>) -> &'a mut Stage<F> {
    // SAFETY: the owner of the stage has a reference.
    unsafe { header(task) }.stage.exclusive();
    let cell = task.cast::<TaskCell<F, S>>();
    // SAFETY: the pointer covers the whole cell (invariant 6).
    let stage: *mut Stage<F> = unsafe { UnsafeCell::raw_get(&raw const (*cell.as_ptr()).stage) };
    // SAFETY: nobody else has a reference to the stage: the caller owns it.
    unsafe { &mut *stage }
}

unsafe fn poll<F: Future, S: Schedule>(task: Pointer<S>, cx: &mut Context<'_>) -> bool {
    // SAFETY: our caller owns the stage.
    let stage = unsafe { stage::<F, S>(task) };
    // SAFETY: who is polled has not ended (invariant 9).
    let future = unsafe { &mut *stage.future };
    // SAFETY: the future is in the task's allocation, and never moves: it is dropped in its place.
    let future = unsafe { Pin::new_unchecked(future) };
    let outcome = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
        Ok(Poll::Pending) => return false,
        Ok(Poll::Ready(output)) => Ok(output),
        Err(payload) => Err(payload),
    };
    // SAFETY: we are the runner, and return true.
    unsafe { end(stage, outcome) };
    true
}

unsafe fn cancel<F: Future, S: Schedule>(task: Pointer<S>) {
    // SAFETY: our caller owns the stage.
    let stage = unsafe { stage::<F, S>(task) };
    // SAFETY: our caller is the runner, and goes on to `finish`.
    unsafe { end(stage, Err(Box::new(Cancelled))) };
}

/// Drops the future in its place, and puts the outcome there: a panic of the drop, if there is one, else `outcome`.
///
/// # Safety
///
/// The stage holds the future, and from now on the outcome (invariant 9).
unsafe fn end<F: Future>(stage: &mut Stage<F>, outcome: Ended<F::Output>) {
    // SAFETY: nobody looks for the future any more.
    let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut stage.future) }));
    stage.outcome = ManuallyDrop::new(match dropped {
        Ok(()) => outcome,
        Err(payload) => {
            contain(|| drop(outcome)); // An output that is in the way now, and foreign too.
            Err(payload)
        }
    });
}

unsafe fn take_outcome<F: Future, S: Schedule>(task: Pointer<S>, to: *mut ()) {
    // SAFETY: our caller owns the stage.
    let stage = unsafe { stage::<F, S>(task) };
    // SAFETY: the task has ended, and its outcome is taken once: the handle forgets the task (invariant 9).
    let outcome = unsafe { ManuallyDrop::take(&mut stage.outcome) }.map_err(|payload| {
        if payload.is::<Cancelled>() { JoinError::Cancelled } else { JoinError::Panicked(payload) }
    });
    // SAFETY: our caller passes a pointer to an `Option` of the outcome of this future.
    unsafe { *to.cast::<Option<Result<F::Output, JoinError>>>() = Some(outcome) };
    // SAFETY: the handle has a reference until the next line.
    if unsafe { header(task) }.state.release_handle() {
        // SAFETY: the state says that it was the last.
        unsafe { free::<F, S>(task) };
    }
}

unsafe fn empty<F: Future, S: Schedule>(task: Pointer<S>) {
    // SAFETY: our caller owns the stage.
    let stage = unsafe { stage::<F, S>(task) };
    // SAFETY: the task has ended, and nobody wants its outcome (invariant 9).
    contain(|| unsafe { ManuallyDrop::drop(&mut stage.outcome) });
}

unsafe fn free<F: Future, S: Schedule>(task: Pointer<S>) {
    // SAFETY: until we return nobody else frees it.
    unsafe { header(task) }.memory.exclusive();
    let cell = task.cast::<TaskCell<F, S>>();
    // SAFETY: there is no reference left to use it (invariant 8).
    unsafe { cell.drop_in_place() };
    match const { cells::units(Layout::new::<TaskCell<F, S>>()) } {
        // SAFETY: `memory` has it from there, in this length.
        Some(units) => cells::give_back(unsafe { slice::from_raw_parts_mut(cell.as_ptr().cast(), units) }),
        // SAFETY: `memory` has it from a box.
        None => drop(unsafe { Box::from_raw(cell.as_ptr().cast::<MaybeUninit<TaskCell<F, S>>>()) }),
    }
}

/// Returns the header.
///
/// # Safety
///
/// The caller has a reference, or someone who has one keeps it meanwhile (invariant 8).
unsafe fn header<'a, S: Schedule>(task: Pointer<S>) -> &'a Header<S> {
    // SAFETY: the memory is there, and everything in a header may be shared: what is plain in the state of a task with
    // a home is used by its home only, see `task::local`.
    let header = unsafe { task.as_ref() };
    header.memory.shared();
    header
}

/// Frees the task.
///
/// # Safety
///
/// That was the last reference.
unsafe fn free_task<S: Schedule>(task: Pointer<S>) {
    // SAFETY: until we return nobody else frees it.
    let free = unsafe { header(task) }.vtable.free;
    // SAFETY: there is no reference left, and so no owner of the stage but us.
    unsafe { free(task) };
}

/// A task that stands in a queue, or is being run: the one right to touch its future (invariant 1).
///
/// It is not counted: what is queued is unfinished, and on its executor's list.
#[doc(hidden)]
pub struct Runnable<S: Schedule> {
    task: Pointer<S>,
}

// SAFETY: the state is atomic, and whoever spawns tasks of this kind asks for futures and outputs that are `Send`.
unsafe impl<S: Schedule<State = SharedState>> Send for Runnable<S> {}

impl<S: Schedule> Runnable<S> {
    /// Returns the task's state.
    pub(crate) fn state(&self) -> &S::State {
        // SAFETY: the list has a reference as long as the task is not run, and running uses `self` up.
        &unsafe { header(self.task) }.state
    }

    /// Polls the task once, or drops its future if it was aborted; and then does what follows from that.
    pub(crate) fn run(self) {
        let task = self.task;
        // SAFETY: the list has a reference until `complete`.
        let header = unsafe { header(task) };
        if header.state.start() {
            probe::cancelled(task.addr().get());
            // SAFETY: we are the runner, so the stage is ours (invariants 1 and 2).
            unsafe { (header.vtable.cancel)(task) };
            self.complete();
        } else if self.poll(header) {
            self.complete();
        } else if header.state.pause() {
            S::schedule_again(self);
        }
    }

    /// Schedules the task, and keeps it in memory until that has returned: for the models' small executors.
    #[cfg(all(test, feature = "loom"))]
    pub(crate) fn schedule_held(self) {
        let task = self.task;
        // SAFETY: the list has a reference as long as the task is not run, and we have one from then on.
        let header = unsafe { header(task) };
        let home = header.schedule.is_home();
        header.state.retain(home);
        header.schedule.schedule(self, home);
        if header.state.release(home) {
            // SAFETY: the state says that it was the last.
            unsafe { free_task(task) };
        }
    }

    fn poll(&self, header: &Header<S>) -> bool {
        let lane = self.task.addr().get();
        // SAFETY: a waker that is never dropped gives back no reference, so it need not own one; it is gone before the
        // list's reference is.
        let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw_waker(self.task)) });
        probe::poll_begin(lane);
        // SAFETY: we are the runner, so the stage is ours (invariants 1 and 2).
        let ended = unsafe { (header.vtable.poll)(self.task, &mut Context::from_waker(&waker)) };
        probe::poll_end(lane, ended);
        ended
    }

    /// Hands the outcome on, and gives up the list's reference.
    fn complete(self) {
        // SAFETY: the list's reference is given up below.
        let header = unsafe { header(self.task) };
        if header.state.finish() == Outcome::Unwanted {
            // SAFETY: nobody waits for it, so the stage is still ours (invariant 2).
            unsafe { (header.vtable.empty)(self.task) };
        }
        let joiner = header.state.take_joiner();
        header.schedule.forget(&self);
        if header.state.release_list() {
            // SAFETY: the state says so.
            unsafe { free_task(self.task) };
        }
        if let Some(joiner) = joiner {
            wake_quietly(joiner);
        }
    }
}

impl<S: Schedule> fmt::Debug for Runnable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runnable").field(&self.task).finish()
    }
}

/// All unfinished tasks of an executor. What is on it owns a reference.
///
/// A task knows its place, and keeps it. So whoever takes one off touches no other, which may be far away in memory.
pub(crate) struct TaskList<S: Schedule> {
    places: Vec<Option<Pointer<S>>>,
    /// The places that are free, and used next.
    free: Vec<u32>,
}

// SAFETY: as for `Runnable`.
unsafe impl<S: Schedule<State = SharedState>> Send for TaskList<S> {}

impl<S: Schedule> TaskList<S> {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Adds a task. Takes O(1).
    pub(crate) fn add(&mut self, task: &Runnable<S>) {
        // SAFETY: from here on, the list has the reference that `new_task` made for it.
        let header = unsafe { header(task.task) };
        let place = if let Some(place) = self.free.pop() {
            self.places[place as usize] = Some(task.task);
            place
        } else {
            self.places.push(Some(task.task));
            u32::try_from(self.places.len() - 1).expect("fewer than 2^32 tasks")
        };
        header.state.set_list_index(place);
    }

    /// Takes a task off; its reference is the caller's now. Takes O(1).
    pub(crate) fn remove(&mut self, task: &Runnable<S>) {
        // SAFETY: it is on the list.
        let place = unsafe { header(task.task) }.state.list_index();
        self.places[place as usize] = None;
        self.free.push(place);
    }

    /// Aborts all tasks: each is scheduled, and its future dropped when its turn comes.
    pub(crate) fn abort_all(&self) {
        for &task in self.places.iter().flatten() {
            // SAFETY: it is on the list.
            unsafe { abort(task) };
        }
    }
}

/// Aborts a task.
///
/// # Safety
///
/// The caller has a reference; a task with a home is aborted there.
unsafe fn abort<S: Schedule>(task: Pointer<S>) -> bool {
    // SAFETY: our caller has a reference.
    let header = unsafe { header(task) };
    if header.state.is_done() {
        return false;
    }
    if header.state.abort() {
        header.schedule.schedule(Runnable { task }, header.schedule.is_home());
    }
    true
}

/// A local task on its way home from another thread. Owns a reference.
pub(crate) struct Letter<S: Schedule<State = LocalState>>(Pointer<S>);

// SAFETY: only `open` looks into it, at home or when the task is done; on the way it is a number.
unsafe impl<S: Schedule<State = LocalState>> Send for Letter<S> {}

impl<S: Schedule<State = LocalState>> Letter<S> {
    /// Puts a task that was woken elsewhere into a letter.
    #[expect(clippy::needless_pass_by_value, reason = "the right to run it is used up by this")]
    pub(crate) fn new(task: Runnable<S>) -> Self {
        Self(task.task)
    }

    /// Opens a letter: at its task's home, or when that home is gone and the task is done with it.
    pub(crate) fn open(self) -> Option<Runnable<S>> {
        // SAFETY: the letter has a reference.
        match unsafe { header(self.0) }.state.accept() {
            Accepted::Schedule => Some(Runnable { task: self.0 }),
            Accepted::Nothing => None,
            Accepted::Free => {
                // SAFETY: the state says that it was the last.
                unsafe { free_task(self.0) };
                None
            }
        }
    }
}

/// Awaits the outcome of a task. Dropping it detaches the task, which then runs on by itself.
///
/// Awaiting costs no allocation. The output, or the reason why there is none, is handed out once.
///
/// The handle of a task of the event loop stays on the loop's thread, as its output may:
///
/// ```compile_fail
/// let handle: step4::JoinHandle<u32> = step4::spawn(async { 1 });
/// std::thread::spawn(move || drop(handle));
/// ```
///
/// ```
/// use step4::{JoinHandle, run, spawn};
///
/// run(async {
///     let task: JoinHandle<u32> = spawn(async { 7 });
///     assert!(!task.is_finished(), "scheduled, not started");
///     assert_eq!(task.await.unwrap(), 7);
/// });
/// ```
#[must_use = "dropping the handle detaches the task; say so with `drop` or `let _ =` if that is meant"]
pub struct JoinHandle<T, S: Schedule = Local> {
    /// Gone as soon as the outcome is handed out.
    task: Option<Pointer<S>>,
    output: PhantomData<T>,
}

// SAFETY: the state is atomic, and the output may be sent.
unsafe impl<T: Send, S: Schedule<State = SharedState>> Send for JoinHandle<T, S> {}
// SAFETY: a shared handle only looks at the state, which is atomic.
unsafe impl<T: Send, S: Schedule<State = SharedState>> Sync for JoinHandle<T, S> {}

impl<T, S: Schedule> JoinHandle<T, S> {
    /// Asks for the task to be cancelled: its future is dropped at its next turn, at the place where it waits.
    ///
    /// Returns false if the task has ended already. A task that aborts itself runs on to its next pending await. Who
    /// awaits the handle gets [`JoinError::Cancelled`], unless the task came to its end first.
    pub fn abort(&self) -> bool {
        // SAFETY: the handle has a reference, and does not leave the home of a task that has one.
        self.task.is_some_and(|task| unsafe { abort(task) })
    }

    /// Returns whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        // SAFETY: the handle has a reference.
        self.task.is_none_or(|task| unsafe { header(task) }.state.is_done())
    }
}

impl<T, S: Schedule> Unpin for JoinHandle<T, S> {}

impl<T, S: Schedule> Future for JoinHandle<T, S> {
    type Output = Result<T, JoinError>;

    /// # Panics
    ///
    /// Panics when polled again after it has returned Ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.task.expect("a `JoinHandle` was polled after it had returned Ready");
        // SAFETY: the handle has a reference.
        let header = unsafe { header(task) };
        if !header.state.is_done() {
            header.state.set_joiner(cx.waker());
            if !header.state.is_done() {
                return Poll::Pending;
            }
            // It has ended between the two, and may have missed the waker. Whoever frees the task must not find it.
            drop(header.state.take_joiner());
        }
        std::task::ready!(crate::budget::spend(cx));
        let mut outcome: Option<Result<T, JoinError>> = None;
        self.task = None;
        // SAFETY: the task is done, so that the stage is the handle's (invariant 2), and `T` is its future's output. The
        // handle does not know the task any more.
        unsafe { (header.vtable.take_outcome)(task, (&raw mut outcome).cast()) };
        Poll::Ready(outcome.expect("a task that is done has an outcome"))
    }
}

impl<T, S: Schedule> Drop for JoinHandle<T, S> {
    fn drop(&mut self) {
        let Some(task) = self.task else { return };
        // SAFETY: the handle has a reference.
        let header = unsafe { header(task) };
        if header.state.detach() == Outcome::Unwanted {
            // SAFETY: the task is done, and its outcome is the handle's (invariant 2).
            unsafe { (header.vtable.empty)(task) };
        }
        if header.state.release_handle() {
            // SAFETY: the state says that it was the last.
            unsafe { free_task(task) };
        }
    }
}

impl<T, S: Schedule> fmt::Debug for JoinHandle<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("finished", &self.is_finished()).finish()
    }
}

fn raw_waker<S: Schedule>(task: Pointer<S>) -> RawWaker {
    let vtable: &'static RawWakerVTable =
        const { &RawWakerVTable::new(clone_waker::<S>, wake::<S>, wake_by_ref::<S>, drop_waker::<S>) };
    RawWaker::new(task.as_ptr().cast::<()>().cast_const(), vtable)
}

/// Turns a waker's data back into the task.
fn task_of<S: Schedule>(data: *const ()) -> Pointer<S> {
    NonNull::new(data.cast_mut()).expect("a waker's data is a task").cast()
}

unsafe fn clone_waker<S: Schedule>(data: *const ()) -> RawWaker {
    let task = task_of::<S>(data);
    // SAFETY: the waker that is cloned has a reference, or is the runner's.
    let header = unsafe { header(task) };
    header.state.retain(header.schedule.is_home());
    raw_waker(task)
}

unsafe fn wake<S: Schedule>(data: *const ()) {
    let task = task_of::<S>(data);
    // SAFETY: the waker's reference is given up below.
    let header = unsafe { header(task) };
    let home = header.schedule.is_home();
    probe::woken(task.addr().get());
    if header.state.wake(home) {
        header.schedule.schedule(Runnable { task }, home);
    }
    if header.state.release(home) {
        // SAFETY: the state says that it was the last.
        unsafe { free_task(task) };
    }
}

unsafe fn wake_by_ref<S: Schedule>(data: *const ()) {
    let task = task_of::<S>(data);
    // SAFETY: the waker has a reference, or is the runner's.
    let header = unsafe { header(task) };
    let home = header.schedule.is_home();
    probe::woken(task.addr().get());
    if header.state.wake(home) {
        header.schedule.schedule(Runnable { task }, home);
    }
}

unsafe fn drop_waker<S: Schedule>(data: *const ()) {
    let task = task_of::<S>(data);
    // SAFETY: the waker's reference is given up below.
    let header = unsafe { header(task) };
    if header.state.release(header.schedule.is_home()) {
        // SAFETY: the state says that it was the last.
        unsafe { free_task(task) };
    }
}
