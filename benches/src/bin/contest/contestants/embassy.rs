//! embassy, on a thread of the system: its executor is made for microcontrollers, where all tasks are static.
//!
//! Ours are made at run time, and leaked; none has a join handle. A task has one wake-up time, which all timers that it
//! polls share; and nothing is taken out of the queue of these. So it takes part where each task has one timer.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use embassy_executor::raw::TaskStorage;
use embassy_executor::{Executor, Spawner};
use embassy_futures::yield_now;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel;
use embassy_time::Timer;

use super::{Contestant, NO_LOOP, ONE_THREAD, Part};
use crate::rows::RowId;
use crate::work::{Tasks, Timers, memory, one_thread, timers};

pub(crate) const EMBASSY: Contestant = Contestant {
    name: "embassy",
    what: "embassy-executor on a thread of the system, with leaked tasks",
    part,
};

fn part(row: RowId) -> Part {
    Part::In(match row {
        RowId::YieldOneTask => one_thread::yield_alone::<Local>,
        RowId::YieldOne => one_thread::yield_among_many::<Local>,
        RowId::SignalOne => one_thread::signal::<Local>,
        RowId::ChannelOne => one_thread::channel::<Local, Channel>,
        RowId::Sleeps => timers::sleeps::<Local>,
        RowId::TaskBytes => memory::tasks::<Local>,
        RowId::SpawnOne | RowId::ForkOne => return Part::Out("it has no join handle: its tasks are static"),
        RowId::TimerSet | RowId::TimerReset | RowId::TimerBytes => {
            return Part::Out("a task has one wake-up time, not a timer for each sleep");
        }
        RowId::EchoOne => return Part::Out("it has no sockets of the system"),
        RowId::Threads | RowId::BlockOn => return Part::Out(NO_LOOP),
        RowId::SpawnTwo
        | RowId::YieldTwo
        | RowId::SignalTwo
        | RowId::ChannelTwo
        | RowId::EchoTwo
        | RowId::ForkTwo => return Part::Out(ONE_THREAD),
    })
}

struct Local;

thread_local! {
    static SPAWNER: Cell<Option<Spawner>> = const { Cell::new(None) };
}

fn spawn_leaked(spawner: Spawner, task: impl Future<Output = ()> + 'static) {
    let storage = Box::leak(Box::new(TaskStorage::new()));
    spawner.spawn(storage.spawn(|| task).expect("the storage is new"));
}

impl Tasks for Local {
    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        let executor = Box::leak(Box::new(Executor::new()));
        let output = Rc::new(RefCell::new(None));
        let place = Rc::clone(&output);
        let main = async move {
            let value = main.await;
            place.replace(Some(value));
        };
        let start = |spawner| {
            SPAWNER.set(Some(spawner));
            spawn_leaked(spawner, main);
        };
        executor.run_until(start, || output.borrow().is_some());
        output.take().expect("the executor runs until there is an output")
    }

    fn start(task: impl Future<Output = ()> + 'static) {
        spawn_leaked(SPAWNER.get().expect("the executor runs"), task);
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_now()
    }
}

impl Timers for Local {
    fn sleep(time: Duration) -> impl Future + 'static {
        // Its clock counts microseconds: one more, so as not to be early.
        Timer::after(embassy_time::Duration::from_micros(time.as_micros() as u64 + 1))
    }
}

/// A channel without a lock, for one thread; both ends share it.
struct Channel;

impl crate::work::Channel for Channel {
    type Sender = Rc<channel::Channel<NoopRawMutex, u64, 1>>;
    type Receiver = Rc<channel::Channel<NoopRawMutex, u64, 1>>;

    fn channel() -> (Self::Sender, Self::Receiver) {
        let channel = Rc::new(channel::Channel::new());
        (Rc::clone(&channel), channel)
    }

    async fn send(sender: &mut Self::Sender, number: u64) {
        sender.send(number).await;
    }

    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.receive().await
    }
}
