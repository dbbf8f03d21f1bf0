//! The rows of the contest: what is done, what is counted, and what we aim at.

/// How long a sample repeats its rounds, unless told otherwise.
pub(crate) const SECONDS: f64 = 0.2;
/// The same when a first impression will do.
pub(crate) const QUICK_SECONDS: f64 = 0.05;

/// Which figure of a sample counts; less is better in each.
#[derive(Clone, Copy)]
pub(crate) enum Figure {
    Wall,
    Cpu,
    Bytes,
}

impl Figure {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Figure::Wall => "ns",
            Figure::Cpu => "ns of CPU time",
            Figure::Bytes => "bytes",
        }
    }
}

/// What we want ours to reach.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// So much at most, in the row's unit.
    AtMost(f64),
    /// So many times the limit's figure at most.
    TimesLimit(f64),
    /// Only shown.
    Nothing,
}

/// One row.
pub(crate) struct Row {
    pub(crate) id: RowId,
    pub(crate) title: &'static str,
    pub(crate) figure: Figure,
    /// What one operation is.
    pub(crate) operation: &'static str,
    /// What the limit does.
    pub(crate) limit: &'static str,
    /// What the size is the number of.
    pub(crate) size_is: &'static str,
    pub(crate) size: usize,
    pub(crate) quick_size: usize,
    /// The sizes that show how the cost grows; empty if it does not depend on the size.
    pub(crate) scaling: &'static [usize],
    pub(crate) target: Target,
}

/// Declares the names of the rows, as an enum and as text.
macro_rules! row_ids {
    ($($variant:ident = $name:literal,)*) => {
        /// Names a row. Each contestant answers for every one of them.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum RowId { $($variant,)* }

        impl RowId {
            pub(crate) fn name(self) -> &'static str {
                match self { $(RowId::$variant => $name,)* }
            }
        }
    };
}

row_ids! {
    SpawnOne = "spawn-one-thread",
    SpawnTwo = "spawn-two-workers",
    YieldOneTask = "yield-one-task",
    YieldOne = "yield-one-thread",
    YieldTwo = "yield-two-workers",
    SignalOne = "signal-one-thread",
    SignalTwo = "signal-two-workers",
    ChannelOne = "channel-one-thread",
    ChannelTwo = "channel-two-workers",
    Threads = "signal-two-threads",
    TimerSet = "timer-set-and-drop",
    TimerReset = "timer-reset",
    Sleeps = "sleeps",
    TimerBytes = "bytes-per-timer",
    TaskBytes = "bytes-per-task",
    EchoOne = "echo-one-thread",
    EchoTwo = "echo-two-workers",
    ForkOne = "fork-join-one-thread",
    ForkTwo = "fork-join-two-workers",
    BlockOn = "block-on-ready",
}

/// Finds a row by its name.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.id.name() == name)
}

const TASKS: &[usize] = &[1, 10, 1_000, 100_000, 1_000_000];
const MANY: &[usize] = &[1_000, 10_000, 100_000, 1_000_000];
const CALLS: &[usize] = &[10, 15, 20, 25];

pub(crate) static ROWS: [Row; 20] = [
    Row {
        id: RowId::SpawnOne,
        title: "spawn and join, one thread",
        figure: Figure::Wall,
        operation: "a task is spawned that returns a number, and its handle is awaited; in batches: all are spawned, then all awaited",
        limit: "a boxed future into a VecDeque, out of it again, and polled once",
        size_is: "tasks in a batch",
        size: 1_000,
        quick_size: 1_000,
        scaling: TASKS,
        target: Target::AtMost(70.0),
    },
    Row {
        id: RowId::SpawnTwo,
        title: "spawn and join, two workers",
        figure: Figure::Wall,
        operation: "the same, spawned and awaited by a task of a pool of two workers",
        limit: "the limit for one thread on two threads, each with half of the tasks and nothing shared",
        size_is: "tasks in a batch",
        size: 1_000,
        quick_size: 1_000,
        scaling: TASKS,
        target: Target::AtMost(250.0),
    },
    Row {
        id: RowId::YieldOneTask,
        title: "yield, one task",
        figure: Figure::Wall,
        operation: "the only task that can run gives way, and is polled again",
        limit: "a boxed future into a VecDeque, out of it again, and polled",
        size_is: "yields in a round",
        size: 100_000,
        quick_size: 100_000,
        scaling: &[],
        target: Target::AtMost(10.0),
    },
    Row {
        id: RowId::YieldOne,
        title: "yield, 1000 tasks, one thread",
        figure: Figure::Wall,
        operation: "a task gives way, and is polled again after all others; spawning them is included, and is a thousandth",
        limit: "boxed futures in a VecDeque, polled in turn",
        size_is: "tasks",
        size: 1_000,
        quick_size: 1_000,
        scaling: TASKS,
        target: Target::AtMost(12.0),
    },
    Row {
        id: RowId::YieldTwo,
        title: "yield, 1000 tasks, two workers",
        figure: Figure::Wall,
        operation: "the same on a pool of two workers",
        limit: "the limit for one thread on two threads, each with half of the tasks and nothing shared",
        size_is: "tasks",
        size: 1_000,
        quick_size: 1_000,
        scaling: TASKS,
        target: Target::AtMost(35.0),
    },
    Row {
        id: RowId::SignalOne,
        title: "ping-pong over a slot, one thread",
        figure: Figure::Wall,
        operation: "a round trip: two tasks wake each other once through a flag and a waker in cells, the same for all",
        limit: "two boxed futures polled in turn, with the same flags and a waker that does nothing",
        size_is: "round trips in a round",
        size: 20_000,
        quick_size: 20_000,
        scaling: &[],
        target: Target::AtMost(50.0),
    },
    Row {
        id: RowId::SignalTwo,
        title: "ping-pong over a slot, two workers",
        figure: Figure::Wall,
        operation: "the same on a pool of two workers, with an atomic flag and an AtomicWaker, the same for all",
        limit: "two boxed futures polled in turn on one thread, with the same atomics and a waker that does nothing",
        size_is: "round trips in a round",
        size: 20_000,
        quick_size: 20_000,
        scaling: &[],
        target: Target::AtMost(180.0),
    },
    Row {
        id: RowId::ChannelOne,
        title: "ping-pong over a channel, one thread",
        figure: Figure::Wall,
        operation: "a round trip: two tasks send each other a number, through two of the runtime's own channels with room for one",
        limit: "two boxed futures polled in turn, with an Option in a cell for each channel",
        size_is: "round trips in a round",
        size: 20_000,
        quick_size: 20_000,
        scaling: &[],
        target: Target::AtMost(120.0),
    },
    Row {
        id: RowId::ChannelTwo,
        title: "ping-pong over a channel, two workers",
        figure: Figure::Wall,
        operation: "the same on a pool of two workers",
        limit: "two boxed futures polled in turn on one thread, with an Option under a lock for each channel",
        size_is: "round trips in a round",
        size: 20_000,
        quick_size: 20_000,
        scaling: &[],
        target: Target::AtMost(190.0),
    },
    Row {
        id: RowId::Threads,
        title: "ping-pong between two threads",
        figure: Figure::Wall,
        operation: "a round trip: two threads, each in block_on, wake each other once through an atomic flag and an AtomicWaker",
        limit: "std's park and unpark; limit-spin: two threads that spin on a flag each, and never sleep",
        size_is: "round trips in a round",
        size: 1_000,
        quick_size: 1_000,
        scaling: &[],
        target: Target::Nothing,
    },
    Row {
        id: RowId::TimerSet,
        title: "timer set, polled once, dropped",
        figure: Figure::Wall,
        operation: "a sleep of an hour is made, polled once, and dropped, while others wait",
        limit: "a wheel by hand, one lap of slots: reads the clock, links an entry in, and out again",
        size_is: "other timers that wait",
        size: 1_000,
        quick_size: 1_000,
        scaling: &[10, 1_000, 100_000, 1_000_000],
        target: Target::AtMost(65.0),
    },
    Row {
        id: RowId::TimerReset,
        title: "timer reset again and again",
        figure: Figure::Wall,
        operation: "a sleep is set to an hour from now, and polled once, while others wait",
        limit: "a wheel by hand: reads the clock, and notes the later deadline in the entry, which moves when its slot comes",
        size_is: "other timers that wait",
        size: 1_000,
        quick_size: 1_000,
        scaling: &[10, 1_000, 100_000, 1_000_000],
        target: Target::AtMost(75.0),
    },
    Row {
        id: RowId::Sleeps,
        title: "100,000 sleeps that end within 200 ms",
        figure: Figure::Cpu,
        operation: "a task is spawned, sleeps until its own moment, and ends; extra: how late, in ns (negative: too early)",
        limit: "entries in the wheel by hand, no tasks, and thread::sleep until the next tick",
        size_is: "sleeps",
        size: 100_000,
        quick_size: 20_000,
        scaling: MANY,
        target: Target::AtMost(800.0),
    },
    Row {
        id: RowId::TimerBytes,
        title: "memory of a waiting timer",
        figure: Figure::Bytes,
        operation: "resident memory by one timer more: the future that waits, and what the runtime keeps for it",
        limit: "entries in the wheel by hand",
        size_is: "timers",
        size: 500_000,
        quick_size: 100_000,
        scaling: MANY,
        target: Target::AtMost(56.0),
    },
    Row {
        id: RowId::TaskBytes,
        title: "memory of an idle task",
        figure: Figure::Bytes,
        operation: "resident memory by one task more, whose future has 16 bytes: spawned, polled once, waiting for ever",
        limit: "a boxed future, and the pointer to it in a vector",
        size_is: "tasks",
        size: 500_000,
        quick_size: 100_000,
        scaling: MANY,
        target: Target::AtMost(64.0),
    },
    Row {
        id: RowId::EchoOne,
        title: "TCP echo, 64 connections, one thread",
        figure: Figure::Wall,
        operation: "a round trip of 64 bytes; the client is a second thread on epoll; CPU time is the server's alone",
        limit: "epoll by hand",
        size_is: "connections",
        size: 64,
        quick_size: 64,
        scaling: &[1, 8, 64, 512],
        target: Target::TimesLimit(1.08),
    },
    Row {
        id: RowId::EchoTwo,
        title: "TCP echo, 64 connections, two workers",
        figure: Figure::Wall,
        operation: "the same with two workers, who share the machine with the client",
        limit: "two threads with an epoll each, who accept from one listener",
        size_is: "connections",
        size: 64,
        quick_size: 64,
        scaling: &[1, 8, 64, 512],
        target: Target::AtMost(3_500.0),
    },
    Row {
        id: RowId::ForkOne,
        title: "fork and join, one thread",
        figure: Figure::Wall,
        operation: "a call of the Fibonacci function, each a task that spawns two and awaits both",
        limit: "a boxed frame for each call, on a stack of calls to make",
        size_is: "n of fib(n)",
        size: 20,
        quick_size: 15,
        scaling: CALLS,
        target: Target::AtMost(85.0),
    },
    Row {
        id: RowId::ForkTwo,
        title: "fork and join, two workers",
        figure: Figure::Wall,
        operation: "the same on a pool of two workers",
        limit: "the limit for one thread on two threads, which take subtrees from one list",
        size_is: "n of fib(n)",
        size: 20,
        quick_size: 15,
        scaling: CALLS,
        target: Target::AtMost(90.0),
    },
    Row {
        id: RowId::BlockOn,
        title: "block_on a future that is ready",
        figure: Figure::Wall,
        operation: "a call of block_on; a runtime that must be made first, is made once before",
        limit: "one poll, with a waker that does nothing",
        size_is: "calls in a round",
        size: 100_000,
        quick_size: 100_000,
        scaling: &[],
        target: Target::AtMost(1.0),
    },
];
