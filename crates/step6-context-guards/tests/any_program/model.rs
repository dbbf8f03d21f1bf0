//! The reference: what a program does, told by a plain simulator that shares no code with the runtime.
//!
//! ```text
//!   ready: a queue, first in, first out       timers: a map from (deadline, number of setting) to a task
//!        └ run the first, to where it waits        └ when nobody is ready, time is the first deadline
//! ```
//!
//! There are no futures and no wakers: a task is the stack of what it is doing, and a waiting line is a list of tasks.
//! Nothing here is fast, and nothing is clever.

use std::collections::{BTreeMap, VecDeque};

use crate::line::WaitingLine;
use crate::program::{Body, CAPACITIES, End, Line, Note, Op, PERMITS, Program};

/// Returns the trace of a program until its main task has ended.
pub(crate) fn predict(program: &Program) -> Vec<Line> {
    let mut sim = Sim::new();
    sim.spawn(program.main());
    while sim.tasks[0].end.is_none() {
        match sim.ready.pop_front() {
            Some(task) => sim.run(task),
            None => sim.pass_time(),
        }
    }
    sim.trace
}

type TaskId = usize;
/// When a timer is due, and how many were set before it.
type Timer = (u64, usize);

struct Sim {
    now: u64,
    ready: VecDeque<TaskId>,
    timers: BTreeMap<Timer, TaskId>,
    timers_set: usize,
    tasks: Vec<Task>,
    /// The handles that are not dropped, and whether someone awaits them.
    handles: Vec<(TaskId, bool)>,
    channels: Vec<Channel>,
    mutex: WaitingLine,
    semaphore: WaitingLine,
    event_is_set: bool,
    event: WaitingLine,
    items: u32,
    trace: Vec<Line>,
}

struct Task {
    block: Option<Block>,
    /// It was woken, and has not run since.
    is_woken: bool,
    is_running: bool,
    is_aborted: bool,
    end: Option<End>,
    /// Whoever looked last whether it has ended. It stays, even if it awaits something else by then.
    joiner: Option<TaskId>,
}

/// A body, and how far it has come.
struct Block {
    ops: VecDeque<Op>,
    doing: Option<Box<Doing>>,
}

/// An operation that was begun and is not through.
enum Doing {
    Yielding,
    Sleeping(Nap),
    Awaiting(TaskId),
    Sending { channel: usize, item: u32, ticket: Option<usize> },
    Receiving { channel: usize, ticket: Option<usize> },
    Waiting { ticket: usize },
    Entering { lock: Lock, ticket: Option<usize>, then: Block },
    Inside { lock: Lock, block: Block },
    Limited { limit: Nap, block: Block },
    Racing(Block, Block),
    Joining(Option<Block>, Option<Block>),
}

#[derive(Clone, Copy)]
enum Lock {
    Mutex,
    Semaphore(usize),
}

enum Nap {
    New(u64),
    /// A sleep of no time is a turn for everyone else.
    Turn,
    Set(Timer),
}

/// How far a body has come.
enum Step {
    Waits,
    Through,
    Panics,
}

/// How far an operation has come.
enum Progress {
    Done(Note),
    Waits(Doing),
    Panics,
}

struct Channel {
    queue: VecDeque<u32>,
    places: WaitingLine,
    items: WaitingLine,
    is_closed: bool,
}

impl Block {
    fn new(body: Body) -> Self {
        Self { ops: body.into(), doing: None }
    }
}

impl Sim {
    fn new() -> Self {
        let channel = |room| Channel {
            queue: VecDeque::new(),
            places: WaitingLine::new(room),
            items: WaitingLine::new(0),
            is_closed: false,
        };
        Self {
            now: 0,
            ready: VecDeque::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
            tasks: Vec::new(),
            handles: Vec::new(),
            channels: CAPACITIES.map(channel).into(),
            mutex: WaitingLine::new(1),
            semaphore: WaitingLine::new(PERMITS),
            event_is_set: false,
            event: WaitingLine::new(0),
            items: 0,
            trace: Vec::new(),
        }
    }

    fn note(&mut self, task: TaskId, note: Note) {
        self.trace.push(Line { ms: self.now, task, note });
    }

    fn spawn(&mut self, body: Body) -> TaskId {
        let (block, id) = (Some(Block::new(body)), self.tasks.len());
        self.tasks.push(Task {
            block,
            is_woken: true,
            is_running: false,
            is_aborted: false,
            end: None,
            joiner: None,
        });
        self.ready.push_back(id);
        id
    }

    fn wake(&mut self, id: TaskId) {
        let task = &mut self.tasks[id];
        if task.end.is_some() || task.is_woken {
            return;
        }
        task.is_woken = true;
        if !task.is_running {
            self.ready.push_back(id);
        }
    }

    fn wake_all(&mut self, tasks: Vec<TaskId>) {
        tasks.into_iter().for_each(|task| self.wake(task));
    }

    /// Lets the time pass until the next deadline, and wakes those whose it is, in the order in which they were set.
    fn pass_time(&mut self) {
        let (&(deadline, _), _) = self.timers.first_key_value().expect("the main task sleeps");
        self.now = deadline;
        let later = self.timers.split_off(&(deadline + 1, 0));
        let due = std::mem::replace(&mut self.timers, later);
        self.wake_all(due.into_values().collect());
    }

    fn run(&mut self, id: TaskId) {
        let task = &mut self.tasks[id];
        (task.is_woken, task.is_running) = (false, true);
        let mut block = task.block.take().expect("a task that is ready has not ended");
        let end = if task.is_aborted {
            self.drop_block(block);
            End::Cancelled
        } else {
            self.note(id, Note::Polled);
            match self.advance(id, &mut block) {
                Step::Through => End::Returned,
                Step::Panics => End::Panicked,
                Step::Waits => {
                    let task = &mut self.tasks[id];
                    (task.block, task.is_running) = (Some(block), false);
                    if task.is_woken {
                        self.ready.push_back(id);
                    }
                    return;
                }
            }
        };
        self.note(id, Note::Ended(end));
        self.tasks[id].end = Some(end);
        let joiner = self.tasks[id].joiner.take();
        joiner.into_iter().for_each(|joiner| self.wake(joiner));
    }

    /// Goes on with a body until it waits or is through. One that panics has dropped what it was doing.
    fn advance(&mut self, me: TaskId, block: &mut Block) -> Step {
        loop {
            let doing = match block.doing.take() {
                Some(doing) => *doing,
                None => match block.ops.pop_front() {
                    None => return Step::Through,
                    Some(Op::Panic) => return Step::Panics,
                    Some(op) => match self.begin(me, op) {
                        None => continue,
                        Some((doing, true)) => doing,
                        Some((doing, false)) => {
                            block.doing = Some(Box::new(doing));
                            return Step::Waits;
                        }
                    },
                },
            };
            match self.go_on(me, doing) {
                Progress::Done(note) => self.note(me, note),
                Progress::Waits(doing) => {
                    block.doing = Some(Box::new(doing));
                    return Step::Waits;
                }
                Progress::Panics => return Step::Panics,
            }
        }
    }

    /// Begins an operation. Returns what is left of it to do, and whether that can be looked at at once.
    fn begin(&mut self, me: TaskId, op: Op) -> Option<(Doing, bool)> {
        let at_once = match op {
            Op::Yield => {
                self.wake(me);
                return Some((Doing::Yielding, false));
            }
            Op::Wait if !self.event_is_set => {
                return Some((Doing::Waiting { ticket: self.event.join(1, me) }, false));
            }
            Op::Sleep(ms) => return Some((Doing::Sleeping(Nap::New(ms)), true)),
            Op::Await(which) => {
                let free = self.handles.iter_mut().filter(|(_, is_awaited)| !is_awaited);
                let (task, is_awaited) = free.take(which + 1).last()?;
                *is_awaited = true;
                return Some((Doing::Awaiting(*task), true));
            }
            Op::Send(channel) => {
                self.items += 1;
                return Some((Doing::Sending { channel, item: self.items, ticket: None }, true));
            }
            Op::Recv(channel) => return Some((Doing::Receiving { channel, ticket: None }, true)),
            Op::Lock(body) => return Some((entering(Lock::Mutex, body), true)),
            Op::Acquire(permits, body) => return Some((entering(Lock::Semaphore(permits), body), true)),
            Op::Timeout(ms, body) => {
                return Some((Doing::Limited { limit: Nap::New(ms), block: Block::new(body) }, true));
            }
            Op::Race(one, other) => return Some((Doing::Racing(Block::new(one), Block::new(other)), true)),
            Op::Join(one, other) => {
                return Some((Doing::Joining(Some(Block::new(one)), Some(Block::new(other))), true));
            }
            Op::Spawn(body) => {
                let task = self.spawn(body);
                self.handles.push((task, false));
                Note::Spawned { task }
            }
            Op::Abort(which) => {
                let (task, _) = *self.handles.get(which).or(self.handles.last())?;
                let was_unfinished = self.tasks[task].end.is_none();
                self.tasks[task].is_aborted = true;
                self.wake(task);
                Note::Aborted { task, was_unfinished }
            }
            Op::Detach(which) => {
                let free = self.handles.iter().filter(|(_, is_awaited)| !is_awaited);
                let (task, _) = *free.take(which + 1).last()?;
                self.drop_handle(task);
                Note::Detached { task }
            }
            Op::Close(channel) => {
                self.close(channel);
                Note::Closed { channel }
            }
            Op::Wait => Note::Waited,
            Op::Set => {
                self.event_is_set = true;
                let waiting = std::mem::take(&mut self.event.waiting);
                self.wake_all(waiting.into_iter().filter_map(|waiter| waiter.to_wake).collect());
                Note::Set
            }
            Op::Clear => {
                self.event_is_set = false;
                Note::Cleared
            }
            Op::Panic => unreachable!("it does not begin"),
        };
        self.note(me, at_once);
        None
    }

    /// Looks whether an operation is through.
    fn go_on(&mut self, me: TaskId, doing: Doing) -> Progress {
        match doing {
            Doing::Yielding => Progress::Done(Note::Yielded),
            Doing::Sleeping(mut nap) => match self.is_over(me, &mut nap) {
                true => Progress::Done(Note::Slept),
                false => Progress::Waits(Doing::Sleeping(nap)),
            },
            Doing::Awaiting(task) => self.join_task(me, task),
            Doing::Sending { channel, item, ticket } => self.send(me, channel, item, ticket),
            Doing::Receiving { channel, ticket } => self.receive(me, channel, ticket),
            Doing::Waiting { ticket } => match self.event.has(ticket) {
                true => Progress::Waits(Doing::Waiting { ticket }),
                false => Progress::Done(Note::Waited),
            },
            Doing::Entering { lock, ticket, then } => self.enter(me, lock, ticket, then),
            Doing::Inside { lock, block } => self.stay(me, lock, block),
            Doing::Limited { limit, block } => self.hurry(me, limit, block),
            Doing::Racing(one, other) => self.race(me, one, other),
            Doing::Joining(one, other) => self.join(me, one, other),
        }
    }

    fn join_task(&mut self, me: TaskId, task: TaskId) -> Progress {
        if let Some(end) = self.tasks[task].end {
            self.drop_handle(task);
            return Progress::Done(Note::Joined { task, end });
        }
        self.tasks[task].joiner = Some(me);
        Progress::Waits(Doing::Awaiting(task))
    }

    fn send(&mut self, me: TaskId, channel: usize, item: u32, mut ticket: Option<usize>) -> Progress {
        let Channel { queue, places, items, is_closed } = &mut self.channels[channel];
        if *is_closed {
            self.drop_doing(Doing::Sending { channel, item, ticket });
            return Progress::Done(Note::Refused { channel, item });
        }
        if !places.take(1, &mut ticket, me) {
            return Progress::Waits(Doing::Sending { channel, item, ticket });
        }
        queue.push_back(item);
        items.free += 1;
        let granted = items.grant();
        self.wake_all(granted);
        Progress::Done(Note::Sent { channel, item })
    }

    fn receive(&mut self, me: TaskId, channel: usize, mut ticket: Option<usize>) -> Progress {
        let Channel { queue, places, items, is_closed } = &mut self.channels[channel];
        if *is_closed && queue.is_empty() {
            self.drop_doing(Doing::Receiving { channel, ticket });
            return Progress::Done(Note::NothingLeft { channel });
        }
        if !items.take(1, &mut ticket, me) {
            return Progress::Waits(Doing::Receiving { channel, ticket });
        }
        let item = queue.pop_front().expect("there is an item for each permit");
        places.free += 1;
        let mut to_wake = places.grant();
        if *is_closed && queue.is_empty() {
            to_wake.extend(items.all());
        }
        self.wake_all(to_wake);
        Progress::Done(Note::Received { channel, item })
    }

    fn enter(&mut self, me: TaskId, lock: Lock, mut ticket: Option<usize>, then: Block) -> Progress {
        let (line, permits) = self.line(lock);
        if !line.take(permits, &mut ticket, me) {
            return Progress::Waits(Doing::Entering { lock, ticket, then });
        }
        let entered = match lock {
            Lock::Mutex => Note::Locked,
            Lock::Semaphore(permits) => Note::Acquired { permits },
        };
        self.note(me, entered);
        self.stay(me, lock, then)
    }

    fn stay(&mut self, me: TaskId, lock: Lock, mut block: Block) -> Progress {
        let step = self.advance(me, &mut block);
        if matches!(step, Step::Waits) {
            return Progress::Waits(Doing::Inside { lock, block });
        }
        self.give_back(lock);
        match (step, lock) {
            (Step::Panics, _) => Progress::Panics,
            (_, Lock::Mutex) => Progress::Done(Note::Unlocked),
            (_, Lock::Semaphore(permits)) => Progress::Done(Note::Released { permits }),
        }
    }

    /// Looks at the limit first, and then goes on.
    fn hurry(&mut self, me: TaskId, mut limit: Nap, mut block: Block) -> Progress {
        if self.is_over(me, &mut limit) {
            self.drop_block(block);
            return Progress::Done(Note::Elapsed);
        }
        let step = self.advance(me, &mut block);
        if matches!(step, Step::Waits) {
            return Progress::Waits(Doing::Limited { limit, block });
        }
        self.drop_nap(&limit);
        if matches!(step, Step::Panics) { Progress::Panics } else { Progress::Done(Note::InTime) }
    }

    fn race(&mut self, me: TaskId, mut one: Block, mut other: Block) -> Progress {
        let mut first = true;
        let mut step = self.advance(me, &mut one);
        if matches!(step, Step::Waits) {
            first = false;
            step = self.advance(me, &mut other);
        }
        if matches!(step, Step::Waits) {
            return Progress::Waits(Doing::Racing(one, other));
        }
        self.drop_block(if first { other } else { one });
        if matches!(step, Step::Panics) { Progress::Panics } else { Progress::Done(Note::Won { first }) }
    }

    fn join(&mut self, me: TaskId, mut one: Option<Block>, mut other: Option<Block>) -> Progress {
        for is_first in [true, false] {
            let child = if is_first { &mut one } else { &mut other };
            let Some(block) = child else { continue };
            match self.advance(me, block) {
                Step::Waits => {}
                Step::Through => *child = None,
                Step::Panics => {
                    let sibling = if is_first { other } else { one };
                    sibling.into_iter().for_each(|block| self.drop_block(block));
                    return Progress::Panics;
                }
            }
        }
        match (one, other) {
            (None, None) => Progress::Done(Note::JoinedBoth),
            (one, other) => Progress::Waits(Doing::Joining(one, other)),
        }
    }

    /// Drops a body where it stands, the innermost of what it was doing first.
    fn drop_block(&mut self, block: Block) {
        block.doing.into_iter().for_each(|doing| self.drop_doing(*doing));
    }

    fn drop_doing(&mut self, doing: Doing) {
        match doing {
            Doing::Yielding => {}
            Doing::Sleeping(nap) => self.drop_nap(&nap),
            Doing::Awaiting(task) => self.drop_handle(task),
            Doing::Sending { channel, ticket, .. } => {
                let places = &mut self.channels[channel].places;
                ticket.into_iter().for_each(|ticket| places.leave(ticket, 1));
                let granted = places.grant();
                self.wake_all(granted);
            }
            Doing::Receiving { channel, ticket } => {
                let items = &mut self.channels[channel].items;
                ticket.into_iter().for_each(|ticket| items.leave(ticket, 1));
                let granted = items.grant();
                self.wake_all(granted);
            }
            Doing::Waiting { ticket } => self.event.waiting.retain(|waiter| waiter.ticket != ticket),
            Doing::Entering { lock, ticket, .. } => {
                let (line, permits) = self.line(lock);
                ticket.into_iter().for_each(|ticket| line.leave(ticket, permits));
                let granted = line.grant();
                self.wake_all(granted);
            }
            Doing::Inside { lock, block } => {
                self.drop_block(block);
                self.give_back(lock);
            }
            Doing::Limited { limit, block } => {
                self.drop_block(block);
                self.drop_nap(&limit);
            }
            Doing::Racing(one, other) => [one, other].into_iter().for_each(|block| self.drop_block(block)),
            Doing::Joining(one, other) => {
                [one, other].into_iter().flatten().for_each(|block| self.drop_block(block));
            }
        }
    }

    fn is_over(&mut self, me: TaskId, nap: &mut Nap) -> bool {
        match *nap {
            Nap::Turn => true,
            Nap::Set((deadline, _)) => deadline <= self.now,
            Nap::New(0) => {
                self.wake(me);
                *nap = Nap::Turn;
                false
            }
            Nap::New(ms) => {
                let timer = (self.now + ms, self.timers_set);
                self.timers_set += 1;
                self.timers.insert(timer, me);
                *nap = Nap::Set(timer);
                false
            }
        }
    }

    fn drop_nap(&mut self, nap: &Nap) {
        if let Nap::Set(timer) = nap {
            self.timers.remove(timer);
        }
    }

    fn drop_handle(&mut self, task: TaskId) {
        self.handles.retain(|(of, _)| *of != task);
    }

    fn line(&mut self, lock: Lock) -> (&mut WaitingLine, usize) {
        match lock {
            Lock::Mutex => (&mut self.mutex, 1),
            Lock::Semaphore(permits) => (&mut self.semaphore, permits),
        }
    }

    fn give_back(&mut self, lock: Lock) {
        let (line, permits) = self.line(lock);
        line.free += permits;
        let granted = line.grant();
        self.wake_all(granted);
    }

    /// Closes a channel: those who wait for a place are told first, then those who wait for an item that will not come.
    fn close(&mut self, channel: usize) {
        let Channel { queue, places, items, is_closed } = &mut self.channels[channel];
        *is_closed = true;
        let mut to_wake = places.all();
        if queue.is_empty() {
            to_wake.extend(items.all());
        }
        self.wake_all(to_wake);
    }
}

fn entering(lock: Lock, body: Body) -> Doing {
    Doing::Entering { lock, ticket: None, then: Block::new(body) }
}
