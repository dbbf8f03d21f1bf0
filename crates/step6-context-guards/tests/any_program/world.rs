//! Runs a program on the runtime: the same futures on the event loop and on the thread pool, which note what they do.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex as StdMutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use step2::{Either, join, race, yield_now};
use step3::{now, sleep, timeout};
use step4::{JoinError, JoinHandle, Schedule};
use step5::{Receiver, Sender, channel};
use step6::{Event, Mutex, Semaphore};

use crate::program::{Body, CAPACITIES, End, Line, Note, Op, PERMITS};

/// More than any program notes: a runtime that polls without end is stopped by a panic in each of its tasks.
const MOST_LINES: usize = 100_000;

pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Has the handles of a program's tasks, by their numbers.
pub(crate) trait Executor: Send + Sync {
    fn spawn(&self, id: usize, task: Task);
    fn abort(&self, id: usize) -> bool;
    fn poll(&self, id: usize, cx: &mut Context<'_>) -> Poll<End>;
    fn drop_handle(&self, id: usize);
}

/// The handles of one executor.
pub(crate) struct Handles<S: Schedule>(BTreeMap<usize, JoinHandle<(), S>>);

impl<S: Schedule> Handles<S> {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn add(&mut self, id: usize, handle: JoinHandle<(), S>) {
        self.0.insert(id, handle);
    }

    pub(crate) fn abort(&self, id: usize) -> bool {
        self.0[&id].abort()
    }

    pub(crate) fn poll(&mut self, id: usize, cx: &mut Context<'_>) -> Poll<End> {
        Pin::new(self.0.get_mut(&id).unwrap()).poll(cx).map(|outcome| match outcome {
            Ok(()) => End::Returned,
            Err(JoinError::Cancelled) => End::Cancelled,
            Err(JoinError::Panicked(_)) => End::Panicked,
        })
    }

    pub(crate) fn take(&mut self, id: usize) -> Option<JoinHandle<(), S>> {
        self.0.remove(&id)
    }
}

/// All that the tasks of one program share.
pub(crate) struct World {
    executor: Box<dyn Executor>,
    /// Whether a task may await those alone that were spawned after it, so that none awaits itself, through others or not.
    awaits_go_down: bool,
    trace: StdMutex<Vec<Line>>,
    bodies: StdMutex<Vec<Body>>,
    /// The handles that are not dropped, and whether someone awaits them.
    handles: StdMutex<Vec<(usize, bool)>>,
    channels: Vec<(Sender<u32>, Receiver<u32>)>,
    items: AtomicU32,
    /// Counts the visits. Each reads it, does something else, and writes: two at a time would lose one.
    mutex: Mutex<usize>,
    semaphore: Semaphore,
    /// How many permits are in use, and whether those were ever too many.
    in_use: AtomicUsize,
    too_many: AtomicUsize,
    event: Event,
    unfinished: StdMutex<usize>,
    has_ended: Condvar,
}

impl World {
    pub(crate) fn new(executor: impl Executor + 'static, awaits_go_down: bool) -> Arc<Self> {
        Arc::new(Self {
            executor: Box::new(executor),
            awaits_go_down,
            trace: StdMutex::default(),
            bodies: StdMutex::default(),
            handles: StdMutex::default(),
            channels: CAPACITIES.map(channel).into(),
            items: AtomicU32::new(0),
            mutex: Mutex::new(0),
            semaphore: Semaphore::new(PERMITS),
            in_use: AtomicUsize::new(0),
            too_many: AtomicUsize::new(0),
            event: Event::new(),
            unfinished: StdMutex::new(0),
            has_ended: Condvar::new(),
        })
    }

    /// Makes the future of a new task, and numbers it.
    pub(crate) fn task(self: &Arc<Self>, body: Body) -> (usize, Task) {
        let id = {
            let mut bodies = self.bodies.lock().unwrap();
            bodies.push(body.clone());
            bodies.len() - 1
        };
        *self.unfinished.lock().unwrap() += 1;
        let ending = Ending { world: Arc::clone(self), task: id, has_returned: false };
        let mut task = Box::pin(async move {
            let mut ending = ending; // All of it, not one of its fields.
            let world = Arc::clone(&ending.world);
            world.perform(id, &body).await;
            ending.has_returned = true;
        });
        let world = Arc::clone(self);
        let task = poll_fn(move |cx| {
            world.note(id, Note::Polled);
            task.as_mut().poll(cx)
        });
        (id, Box::pin(task))
    }

    fn note(&self, task: usize, note: Note) {
        let ms = step3::try_now().map_or(0, |_| now().as_millis().try_into().unwrap());
        let mut trace = self.trace.lock().unwrap();
        trace.push(Line { ms, task, note });
        if trace.len() > MOST_LINES && note == Note::Polled {
            drop(trace);
            resume_unwind(Box::new("the program runs without end"));
        }
    }

    fn perform<'a>(
        self: &'a Arc<Self>,
        me: usize,
        body: &'a [Op],
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            for op in body {
                if let Some(note) = self.operation(me, op).await {
                    self.note(me, note);
                }
            }
        })
    }

    /// Does one thing, and returns what there is to note of it.
    async fn operation(self: &Arc<Self>, me: usize, op: &Op) -> Option<Note> {
        Some(match op {
            Op::Yield => {
                yield_now().await;
                Note::Yielded
            }
            Op::Sleep(ms) => {
                sleep(Duration::from_millis(*ms)).await;
                Note::Slept
            }
            Op::Spawn(body) => {
                let (task, future) = self.task(body.clone());
                self.executor.spawn(task, future);
                self.handles.lock().unwrap().push((task, false));
                Note::Spawned { task }
            }
            Op::Await(which) => {
                let task = self.pick(*which, me)?;
                let mut awaited = DropsHandle { world: self, task };
                let end = poll_fn(|cx| awaited.poll(cx)).await;
                Note::Joined { task, end }
            }
            Op::Abort(which) => {
                let handles = self.handles.lock().unwrap();
                let (task, _) = *handles.get(*which).or(handles.last())?;
                Note::Aborted { task, was_unfinished: self.executor.abort(task) }
            }
            Op::Detach(which) => {
                let task = self.pick(*which, me)?;
                drop(DropsHandle { world: self, task });
                Note::Detached { task }
            }
            Op::Send(channel) => {
                let item = self.items.fetch_add(1, SeqCst) + 1;
                match self.channels[*channel].0.send(item).await {
                    Ok(()) => Note::Sent { channel: *channel, item },
                    Err(refused) => Note::Refused { channel: *channel, item: refused.0 },
                }
            }
            Op::Recv(channel) => match self.channels[*channel].1.recv().await {
                Some(item) => Note::Received { channel: *channel, item },
                None => Note::NothingLeft { channel: *channel },
            },
            Op::Close(channel) => {
                self.channels[*channel].0.close();
                Note::Closed { channel: *channel }
            }
            Op::Lock(body) => {
                let mut visits = self.mutex.lock().await;
                self.note(me, Note::Locked);
                let before = *visits;
                self.perform(me, body).await;
                *visits = before + 1;
                drop(visits);
                Note::Unlocked
            }
            Op::Acquire(permits, body) => {
                let permit = self.semaphore.acquire_many(*permits).await;
                let in_use = InUse::new(self, *permits);
                self.note(me, Note::Acquired { permits: *permits });
                self.perform(me, body).await;
                drop(in_use);
                drop(permit);
                Note::Released { permits: *permits }
            }
            Op::Wait => {
                self.event.wait().await;
                Note::Waited
            }
            Op::Set => {
                self.event.set();
                Note::Set
            }
            Op::Clear => {
                self.event.clear();
                Note::Cleared
            }
            Op::Timeout(ms, body) => {
                match timeout(Duration::from_millis(*ms), self.perform(me, body)).await {
                    Ok(()) => Note::InTime,
                    Err(_) => Note::Elapsed,
                }
            }
            Op::Race(one, other) => match race(self.perform(me, one), self.perform(me, other)).await {
                Either::First(()) => Note::Won { first: true },
                Either::Second(()) => Note::Won { first: false },
            },
            Op::Join(one, other) => {
                join(self.perform(me, one), self.perform(me, other)).await;
                Note::JoinedBoth
            }
            // Without the panic hook, which would print it.
            Op::Panic => resume_unwind(Box::new("as the program says")),
        })
    }

    /// Picks a task whose handle nobody awaits; from now on somebody does.
    fn pick(&self, which: usize, me: usize) -> Option<usize> {
        let mut handles = self.handles.lock().unwrap();
        let is_free =
            |&(task, is_awaited): &(usize, bool)| !is_awaited && (task > me || !self.awaits_go_down);
        let (task, is_awaited) =
            handles.iter_mut().filter(|handle| is_free(handle)).take(which + 1).last()?;
        *is_awaited = true;
        Some(*task)
    }

    /// Ends the waiting of all that wait for others: closes the channels, and sets the event.
    pub(crate) fn let_go(&self) {
        self.channels.iter().for_each(|(sender, _)| sender.close());
        self.event.set();
    }

    /// Waits until all tasks have ended. Returns how many have not in that time.
    pub(crate) fn wait_for_all(&self, limit: Duration) -> usize {
        let unfinished = self.unfinished.lock().unwrap();
        *self.has_ended.wait_timeout_while(unfinished, limit, |count| *count > 0).unwrap().0
    }

    pub(crate) fn trace(&self) -> MutexGuard<'_, Vec<Line>> {
        self.trace.lock().unwrap()
    }

    pub(crate) fn bodies(&self) -> MutexGuard<'_, Vec<Body>> {
        self.bodies.lock().unwrap()
    }

    /// Looks for what is not as it must be when all is over: everyone has ended, once, and whatever was taken is back.
    pub(crate) fn faults(&self) -> Result<(), String> {
        let trace = self.trace().clone();
        let count = |of: &dyn Fn(&Note) -> bool| trace.iter().filter(|line| of(&line.note)).count();
        for task in 0..self.bodies().len() {
            let ends =
                trace.iter().filter(|line| line.task == task && matches!(line.note, Note::Ended(_))).count();
            require(ends == 1, || format!("task {task} has ended {ends} times"))?;
        }
        for (number, (sender, receiver)) in self.channels.iter().enumerate() {
            let items = |of: fn(&Note) -> Option<(usize, u32)>| {
                let items = trace.iter().filter_map(|line| of(&line.note));
                items.filter(|(channel, _)| *channel == number).map(|(_, item)| item).collect::<BTreeSet<_>>()
            };
            let sent = items(|note| match note {
                Note::Sent { channel, item } => Some((*channel, *item)),
                _ => None,
            });
            let received = items(|note| match note {
                Note::Received { channel, item } => Some((*channel, *item)),
                _ => None,
            });
            let times = count(&|note| matches!(note, Note::Received { channel, .. } if *channel == number));
            require(times == received.len(), || format!("channel {number} gave an item out twice"))?;
            let mut left = BTreeSet::new();
            while !receiver.is_empty() {
                let Some(Some(item)) = at_once(receiver.recv()) else {
                    return Err(format!("an item of channel {number} is kept for someone who is gone"));
                };
                left.insert(item);
            }
            let out: BTreeSet<_> = received.union(&left).copied().collect();
            require(sent == out && received.is_disjoint(&left), || {
                format!("channel {number}: sent {sent:?}, but received {received:?} and left {left:?}")
            })?;
            for _ in 0..CAPACITIES[number] {
                let is_sent = sender.is_closed() || matches!(at_once(sender.send(0)), Some(Ok(())));
                require(is_sent, || format!("channel {number} has lost a place"))?;
            }
        }
        let visits = count(&|note| *note == Note::Unlocked);
        match self.mutex.try_lock() {
            Some(counted) => {
                require(*counted == visits, || format!("the mutex counted {} of {visits}", *counted))?;
            }
            None => return Err("the mutex is locked".into()),
        }
        require(self.too_many.load(SeqCst) == 0, || "the semaphore gave too many permits".into())?;
        require(self.semaphore.free() == PERMITS, || {
            format!("{} permits are free in the end", self.semaphore.free())
        })?;
        let all = self.semaphore.try_acquire_many(PERMITS);
        require(all.is_some(), || "someone still stands in the semaphore's line".into())
    }
}

pub(crate) fn require(holds: bool, or: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(or()) }
}

/// Polls a future until it is ready or really waits, as nobody fills the budget up here.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    let again = Arc::new(Again(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&again));
    while again.0.swap(false, SeqCst) {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
    }
    None
}

/// Remembers that it was woken.
struct Again(AtomicBool);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// Notes how a task ends, as the last thing that is dropped with it.
struct Ending {
    world: Arc<World>,
    task: usize,
    has_returned: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let end = match self.has_returned {
            true => End::Returned,
            false if std::thread::panicking() => End::Panicked,
            false => End::Cancelled,
        };
        self.world.note(self.task, Note::Ended(end));
        *self.world.unfinished.lock().unwrap() -= 1;
        self.world.has_ended.notify_all();
    }
}

/// Awaits a task whose handle stays in the table meanwhile, so that others can abort it; and drops it in the end.
struct DropsHandle<'a> {
    world: &'a World,
    task: usize,
}

impl DropsHandle<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.world.executor.poll(self.task, cx)
    }
}

impl Drop for DropsHandle<'_> {
    fn drop(&mut self) {
        self.world.handles.lock().unwrap().retain(|(task, _)| *task != self.task);
        self.world.executor.drop_handle(self.task);
    }
}

/// Counts permits that are in use.
struct InUse<'a> {
    world: &'a World,
    permits: usize,
}

impl<'a> InUse<'a> {
    fn new(world: &'a World, permits: usize) -> Self {
        if world.in_use.fetch_add(permits, SeqCst) + permits > PERMITS {
            world.too_many.fetch_add(1, SeqCst);
        }
        Self { world, permits }
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.world.in_use.fetch_sub(self.permits, SeqCst);
    }
}
