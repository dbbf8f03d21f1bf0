//! Whatever is cancelled, wherever it stands, and however: no exit is skipped or run twice, and nothing that was taken is
//! lost. Each scenario is cancelled at each of its polls.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/cancel.rs"]
mod cancel;
#[path = "support/scratch.rs"]
mod scratch;
mod support;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use cancel::{Ended, How, Ledger, Noted, Scenario, cancel_everywhere};
use scratch::Scratch;
use step2::yield_now;
use step3::{Elapsed, sleep};
use step4::{gather, spawn, spawn_clean_up};
use step5::{Permits, Receiver, Sender, Ticket, channel, for_await, generator};
use step6::{
    AsyncContext, AsyncExitStack, DatabaseAt, DbError, ErrorGroup, Manage, Mutex, Outcome, Pool, PoolError,
    RwLock, Semaphore, TaskGroup, connect, time_limit, transaction, with,
};
use support::{SECOND, panic_of, run, turns};

/// Tries a scenario in all ways, each as a test of its own.
macro_rules! cancelled_everywhere {
    ($($scenario:ident: $make:expr;)*) => {$(
        mod $scenario {
            use super::*;

            #[test]
            fn survives_a_drop_at_any_poll() {
                cancel_everywhere(How::Drop, $make);
            }

            #[test]
            fn survives_an_abort_at_any_poll() {
                cancel_everywhere(How::Abort, $make);
            }

            #[test]
            fn survives_the_end_of_its_loop_at_any_poll() {
                cancel_everywhere(How::EndOfLoop, $make);
            }

            #[test]
            fn survives_the_end_of_its_loop_some_turns_after_a_drop_at_any_poll() {
                for turns in 0..6 {
                    cancel_everywhere(How::DropAndThenEndOfLoop(turns), $make);
                }
            }
        }
    )*};
}

cancelled_everywhere! {
    a_mutex: OneAtATime::new;
    a_semaphore: ThreeAtATime::new;
    a_lock_for_readers_and_writers: ReadersAndWriters::new;
    a_channels_sender: Sending::new;
    a_channels_receiver: Receiving::new;
    a_pool: Lending::new;
    a_transaction: Writing::new;
    a_transaction_with_a_lease: WritingOnLoan::new;
    rows_left_early: Reading::new;
    an_exit_stack: Stacked::default;
    a_task_group: Grouped::default;
    a_task_group_that_fails: Failing::default;
    nested_contexts: Nested::default;
    a_generator_with_clean_ups: Generating::default;
}

// Locks.

/// Counts who is inside at once.
#[derive(Default)]
struct Room {
    inside: Cell<usize>,
    most: Cell<usize>,
    visits: Cell<usize>,
}

struct Visit<'a> {
    room: &'a Room,
    size: usize,
}

impl Room {
    fn enter(&self, size: usize) -> Visit<'_> {
        self.inside.set(self.inside.get() + size);
        self.most.set(self.most.get().max(self.inside.get()));
        self.visits.set(self.visits.get() + 1);
        Visit { room: self, size }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.room.inside.set(self.room.inside.get() - self.size);
    }
}

/// Starts two tasks at once and a third one later, so that some stand before the victim in line, and some behind it.
async fn around<F: Future<Output = ()> + 'static>(mut other: impl FnMut(usize) -> F) {
    let (one, two) = (spawn(other(0)), spawn(other(1)));
    turns(5).await;
    gather([one, two, spawn(other(2))]).await.unwrap_or_else(|error| error.resume());
}

struct OneAtATime {
    visits: Mutex<usize>,
    room: Room,
}

impl OneAtATime {
    fn new() -> Self {
        Self { visits: Mutex::new(0), room: Room::default() }
    }

    async fn visit(&self) {
        let mut visits = self.visits.lock().await;
        let _visit = self.room.enter(1);
        *visits += 1;
        turns(2).await;
    }
}

impl Scenario for OneAtATime {
    async fn victim(self: Rc<Self>) {
        self.visit().await;
        self.visit().await;
    }

    async fn others(self: Rc<Self>) {
        around(|_| {
            let me = Rc::clone(&self);
            async move { me.visit().await }
        })
        .await;
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        assert!(!self.visits.is_locked());
        assert_eq!(*self.visits.lock().await, self.room.visits.get());
        assert_eq!((self.room.inside.get(), self.room.most.get().max(1)), (0, 1));
        let least = if ended.others { 3 } else { 0 } + if ended.victim { 2 } else { 0 };
        assert!(self.room.visits.get() >= least);
    }
}

struct ThreeAtATime {
    places: Arc<Semaphore>,
    room: Room,
}

impl ThreeAtATime {
    fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(3)), room: Room::default() }
    }

    async fn visit(&self, size: usize) {
        let _permit = self.places.acquire_many(size).await;
        let _visit = self.room.enter(size);
        turns(2).await;
    }
}

impl Scenario for ThreeAtATime {
    async fn victim(self: Rc<Self>) {
        self.visit(3).await;
        self.visit(1).await;
        let _permit = Arc::clone(&self.places).acquire_owned().await;
        let _visit = self.room.enter(1);
        turns(1).await;
    }

    async fn others(self: Rc<Self>) {
        around(|number| {
            let me = Rc::clone(&self);
            async move {
                me.visit([2, 1, 3][number]).await;
                me.visit(2).await;
            }
        })
        .await;
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        assert_eq!((self.places.free(), self.room.inside.get()), (3, 0));
        assert!(self.room.most.get() <= 3);
        let least = if ended.others { 6 } else { 0 } + if ended.victim { 3 } else { 0 };
        assert!(self.room.visits.get() >= least);
    }
}

/// A reader takes one place of the room, a writer a hundred.
struct ReadersAndWriters {
    written: RwLock<usize>,
    reading: Room,
    writing: Room,
}

impl ReadersAndWriters {
    fn new() -> Self {
        Self { written: RwLock::new(0), reading: Room::default(), writing: Room::default() }
    }

    async fn read(&self) {
        let _written = self.written.read().await;
        let _visit = self.reading.enter(1);
        assert_eq!(self.writing.inside.get(), 0);
        turns(2).await;
    }

    async fn write(&self) {
        let mut written = self.written.write().await;
        let _visit = self.writing.enter(1);
        assert_eq!(self.reading.inside.get(), 0);
        *written += 1;
        turns(2).await;
    }
}

impl Scenario for ReadersAndWriters {
    async fn victim(self: Rc<Self>) {
        self.read().await;
        self.write().await;
        self.read().await;
    }

    async fn others(self: Rc<Self>) {
        around(|number| {
            let me = Rc::clone(&self);
            async move {
                if number == 1 {
                    me.write().await;
                }
                me.read().await;
            }
        })
        .await;
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        assert_eq!((self.reading.inside.get(), self.writing.inside.get()), (0, 0));
        let written = self.written.try_write().expect("nobody has it, and nobody waits for it");
        assert_eq!(*written, self.writing.visits.get());
        let reads = if ended.others { 3 } else { 0 } + if ended.victim { 2 } else { 0 };
        let writes = if ended.others { 1 } else { 0 } + if ended.victim { 1 } else { 0 };
        assert!(self.reading.visits.get() >= reads && self.writing.visits.get() >= writes);
    }
}

// Channels.

/// What has become of some items: each is a number, which says so when it is dropped.
#[derive(Clone, Default)]
struct Items(Rc<RefCell<Fates>>);

#[derive(Default)]
struct Fates {
    made: Vec<u32>,
    sent: Vec<u32>,
    received: Vec<u32>,
    dropped: Vec<u32>,
}

struct Item {
    number: u32,
    items: Items,
}

impl Drop for Item {
    fn drop(&mut self) {
        self.items.0.borrow_mut().dropped.push(self.number);
    }
}

impl Items {
    async fn send_all(self, numbers: std::ops::Range<u32>, sender: Sender<Item>) {
        for number in numbers {
            self.0.borrow_mut().made.push(number);
            let item = Item { number, items: self.clone() };
            sender.send(item).await.expect("nobody closes it before");
            self.0.borrow_mut().sent.push(number);
        }
    }

    fn receive(&self, item: &Item) {
        self.0.borrow_mut().received.push(item.number);
    }

    /// Panics unless each item that was sent was received once, and each other one has come back, or never left.
    fn all_arrived(&self) {
        let fates = self.0.borrow();
        let received: BTreeSet<_> = fates.received.iter().copied().collect();
        assert_eq!(received.len(), fates.received.len(), "some were received twice: {:?}", fates.received);
        assert!(fates.sent.iter().all(|number| received.contains(number)), "lost of {:?}", fates.sent);
        let (mut made, mut dropped) = (fates.made.clone(), fates.dropped.clone());
        made.sort_unstable();
        dropped.sort_unstable();
        assert_eq!(made, dropped, "each is dropped once, received or not");
    }
}

/// The victim sends, beside others.
struct Sending {
    items: Items,
    sender: RefCell<Option<Sender<Item>>>,
    receiver: Receiver<Item>,
}

impl Sending {
    fn new() -> Self {
        let (sender, receiver) = channel(1);
        Self { items: Items::default(), sender: RefCell::new(Some(sender)), receiver }
    }
}

impl Scenario for Sending {
    fn victim(self: Rc<Self>) -> impl Future<Output = ()> + 'static {
        self.items.clone().send_all(0..5, self.sender.take().expect("there is one victim"))
    }

    fn others(self: Rc<Self>) -> impl Future<Output = ()> + 'static {
        let sender = self.sender.borrow().clone().expect("the others come first");
        async move {
            let other = spawn(self.items.clone().send_all(100..105, sender));
            turns(3).await;
            while let Some(item) = self.receiver.recv().await {
                self.items.receive(&item);
                turns(1).await;
            }
            other.await.unwrap();
        }
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        while let Some(item) = self.receiver.recv().await {
            assert!(!ended.others, "they have received until the end");
            self.items.receive(&item);
        }
        self.items.all_arrived();
        let received = &self.items.0.borrow().received;
        for sender in [0..5, 100..105] {
            assert!(received.iter().filter(|number| sender.contains(*number)).is_sorted());
        }
        let least = if ended.others { 5 } else { 0 } + if ended.victim && ended.others { 5 } else { 0 };
        assert!(received.len() >= least);
    }
}

/// The victim receives, beside another one.
struct Receiving {
    items: Items,
    sender: RefCell<Option<Sender<Item>>>,
    receiver: Receiver<Item>,
}

impl Receiving {
    fn new() -> Self {
        let (sender, receiver) = channel(1);
        Self { items: Items::default(), sender: RefCell::new(Some(sender)), receiver }
    }
}

impl Scenario for Receiving {
    async fn victim(self: Rc<Self>) {
        for _ in 0..5 {
            let Some(item) = self.receiver.recv().await else { return };
            self.items.receive(&item);
        }
    }

    fn others(self: Rc<Self>) -> impl Future<Output = ()> + 'static {
        let sender = self.sender.take().expect("they are called once");
        async move {
            let sending = spawn(self.items.clone().send_all(0..8, sender));
            while let Some(item) = self.receiver.recv().await {
                self.items.receive(&item);
                turns(1).await;
            }
            sending.await.unwrap();
        }
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        while let Some(item) = self.receiver.recv().await {
            assert!(!ended.others, "they have received until the end");
            self.items.receive(&item);
        }
        self.items.all_arrived();
        assert!(!ended.others || self.items.0.borrow().received.len() == 8);
    }
}

// A pool.

/// Makes resources, counts those that live, and finds the first one sick.
#[derive(Clone)]
struct Doubles {
    live: Rc<Cell<usize>>,
    is_first_check: Rc<Cell<bool>>,
}

struct Double(Rc<Cell<usize>>);

impl Drop for Double {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Manage for Doubles {
    type Resource = Double;
    type Error = Infallible;

    async fn connect(&self) -> Result<Double, Infallible> {
        turns(1).await;
        self.live.set(self.live.get() + 1);
        let double = Double(Rc::clone(&self.live));
        turns(1).await;
        Ok(double)
    }

    async fn is_healthy(&self, _double: &mut Double) -> bool {
        turns(1).await;
        !self.is_first_check.replace(false)
    }
}

struct Lending {
    pool: Pool<Doubles>,
    live: Rc<Cell<usize>>,
}

type Refused = PoolError<Infallible>;

impl Lending {
    fn new() -> Self {
        let live = Rc::<Cell<usize>>::default();
        let doubles = Doubles { live: Rc::clone(&live), is_first_check: Rc::new(Cell::new(true)) };
        let pool = Pool::new(2, doubles).wait_limit(2 * SECOND);
        let warm = pool.clone();
        run(async move { drop(warm.lease().await.unwrap()) });
        Self { pool, live }
    }
}

impl Scenario for Lending {
    async fn victim(self: Rc<Self>) {
        let lease = self.pool.lease().await.unwrap(); // The sick one, which is replaced.
        turns(1).await;
        drop(lease);
        // Behind the others.
        let waited = with(self.pool.clone(), async |_double| {
            turns(1).await;
            Ok::<(), Refused>(())
        });
        waited.await.unwrap();
        // In vain, behind ourselves.
        let (_one, _two) = (self.pool.lease().await.unwrap(), self.pool.lease().await.unwrap());
        assert!(matches!(self.pool.lease().await, Err(PoolError::TimedOut { .. })));
    }

    async fn others(self: Rc<Self>) {
        around(|_| {
            let pool = self.pool.clone();
            async move {
                let slow = with(pool, async |_double| {
                    sleep(SECOND / 2).await;
                    Ok::<(), Refused>(())
                });
                slow.await.unwrap();
            }
        })
        .await;
    }

    async fn check(self: Rc<Self>, _ended: Ended) {
        assert_eq!((self.pool.lent(), self.pool.idle()), (0, self.live.get()));
        let both = (self.pool.lease().await.unwrap(), self.pool.lease().await.unwrap());
        assert_eq!((self.pool.lent(), self.live.get()), (2, 2));
        drop(both);
        assert_eq!((self.pool.lent(), self.pool.idle()), (0, 2));
    }
}

// A database.

const TWO_FROM_EACH: &str = "CREATE TABLE entries (who TEXT, n INTEGER)";

/// Panics unless both entries of `who` are there, or none; `all` says that it has to be both.
fn both_or_none(file: &Scratch, who: &str, all: bool) {
    let count = file.number(&format!("SELECT count(*) FROM entries WHERE who = '{who}'"));
    assert!(count == 2 || count == 0 && !all, "{count} entries of the {who} are there");
}

/// Two connections contend for the file.
struct Writing {
    file: Scratch,
}

impl Writing {
    fn new() -> Self {
        Self { file: Scratch::database(TWO_FROM_EACH) }
    }

    async fn write_two(&self, who: &'static str) -> Result<(), DbError> {
        with(connect(self.file.path()), async |db| {
            with(transaction(db.clone()), async |tx| {
                tx.execute("INSERT INTO entries VALUES (?, 1)", [who.to_owned().into()]).await?;
                let seen = tx.query("SELECT n FROM entries WHERE who = ?", [who.to_owned().into()]).await?;
                assert_eq!(seen.len(), 1);
                tx.execute("INSERT INTO entries VALUES (?, 2)", [who.to_owned().into()]).await?;
                Ok(())
            })
            .await
        })
        .await
    }
}

impl Scenario for Writing {
    async fn victim(self: Rc<Self>) {
        self.write_two("victim").await.unwrap();
    }

    async fn others(self: Rc<Self>) {
        self.write_two("other").await.unwrap();
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        self.file.can_be_written_at_once();
        both_or_none(&self.file, "victim", ended.victim);
        both_or_none(&self.file, "other", ended.others);
    }
}

/// The only connection of a pool goes from one transaction to the other.
struct WritingOnLoan {
    file: Scratch,
    pool: Pool<DatabaseAt>,
}

impl WritingOnLoan {
    fn new() -> Self {
        let file = Scratch::database(TWO_FROM_EACH);
        let pool = Pool::new(1, DatabaseAt::new(file.path())).wait_limit(30 * SECOND);
        Self { file, pool }
    }

    async fn write_two(&self, who: &'static str) -> Result<(), DbError> {
        let lease = self.pool.lease().await.unwrap();
        with(transaction(lease), async |tx| {
            for n in [1, 2] {
                tx.execute("INSERT INTO entries VALUES (?, ?)", [who.to_owned().into(), n.into()]).await?;
            }
            Ok(())
        })
        .await
    }
}

impl Scenario for WritingOnLoan {
    async fn victim(self: Rc<Self>) {
        self.write_two("victim").await.unwrap();
    }

    async fn others(self: Rc<Self>) {
        self.write_two("other").await.unwrap();
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        self.file.can_be_written_at_once();
        both_or_none(&self.file, "victim", ended.victim);
        both_or_none(&self.file, "other", ended.others);
        assert_eq!(self.pool.lent(), 0);
        let lease = self.pool.lease().await.unwrap();
        lease.execute("DELETE FROM entries", []).await.unwrap();
    }
}

/// Rows are read, some of them, and then the connection is used for something else.
struct Reading {
    file: Scratch,
}

impl Reading {
    fn new() -> Self {
        Self { file: Scratch::database(TWO_FROM_EACH) }
    }
}

impl Scenario for Reading {
    async fn victim(self: Rc<Self>) {
        let read = with(connect(self.file.path()), async |db| {
            // As it begins with the table, it has a lock on the file.
            let endless = "WITH RECURSIVE n(i) AS (SELECT count(*) FROM entries UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
            for_await!(row in db.rows(endless, []) => {
                turns(1).await;
                if row?.get::<i64>("i")? == 3 {
                    break;
                }
            });
            db.execute("INSERT INTO entries VALUES ('victim', 3)", []).await
        });
        assert_eq!(read.await, Ok::<_, DbError>(1));
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        self.file.can_be_written_at_once();
        let written = self.file.number("SELECT count(*) FROM entries");
        assert!(written == 1 || !ended.victim);
    }
}

// Contexts.

/// A stack of contexts, clean-ups and a limit.
#[derive(Default)]
struct Stacked {
    ledger: Ledger,
}

impl Scenario for Stacked {
    async fn victim(self: Rc<Self>) {
        let ledger = &self.ledger;
        let left = with(ledger.context("around", ""), async |_| {
            with(AsyncExitStack::new(), async |stack| {
                stack.enter(ledger.context("first", "around")).await?;
                stack.push(ledger.clean_up("second", "first"));
                stack.enter(time_limit(SECOND)).await?;
                stack.enter(ledger.context("third", "second")).await?;
                let (here, number) = (ledger.clone(), ledger.enter("fourth", "third"));
                stack.push_sync(move || {
                    here.leaving(number);
                    here.left(number);
                });
                turns(1).await;
                Ok::<(), Elapsed>(())
            })
            .await
        });
        left.await.unwrap();
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        self.ledger.balance();
        assert!(!ended.victim || self.ledger.count("fourth") == 1);
    }
}

/// Tasks with contexts of their own.
#[derive(Default)]
struct Grouped {
    ledger: Ledger,
}

fn child(
    ledger: &Ledger,
    name: &'static str,
) -> impl Future<Output = Result<(), &'static str>> + 'static + use<> {
    let context = ledger.context(name, "around");
    async move {
        with(context, async |_| {
            turns(2).await;
            Ok(())
        })
        .await
    }
}

impl Scenario for Grouped {
    async fn victim(self: Rc<Self>) {
        let ledger = &self.ledger;
        let grouped = with(ledger.context("around", ""), async |_| {
            with(TaskGroup::new(), async |group| {
                let one = group.spawn(child(ledger, "one"));
                group.spawn(child(ledger, "two"));
                one.await;
                group.spawn(child(ledger, "three"));
                Ok::<(), ErrorGroup<_>>(())
            })
            .await
        });
        grouped.await.unwrap();
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        self.ledger.balance();
        let all = ["one", "two", "three"].map(|name| self.ledger.count(name));
        assert!(all == [1, 1, 1] || !ended.victim);
    }
}

/// One of the tasks fails, while others are entering, inside, and leaving.
#[derive(Default)]
struct Failing {
    ledger: Ledger,
}

impl Scenario for Failing {
    async fn victim(self: Rc<Self>) {
        let ledger = &self.ledger;
        let grouped = with(ledger.context("around", ""), async |_| {
            with(TaskGroup::new(), async |group| {
                group.spawn(child(ledger, "one"));
                turns(2).await;
                group.spawn(child(ledger, "two"));
                group.spawn(async {
                    turns(2).await;
                    Err::<(), _>("no bread")
                });
                with(ledger.context("body", "around"), async |_| {
                    turns(20).await;
                    Ok::<(), ErrorGroup<_>>(())
                })
                .await
            })
            .await
        });
        assert_eq!(grouped.await.unwrap_err().errors.len(), 1);
    }

    async fn check(self: Rc<Self>, _ended: Ended) {
        self.ledger.balance();
    }
}

/// Three, and a limit that ends the innermost.
#[derive(Default)]
struct Nested {
    ledger: Ledger,
}

impl Scenario for Nested {
    async fn victim(self: Rc<Self>) {
        let ledger = &self.ledger;
        let nested = with(ledger.context("outer", ""), async |_| {
            with(ledger.context("middle", "outer"), async |_| {
                let limited = with(time_limit(SECOND), async |_| {
                    with(ledger.context("inner", "middle"), async |_| {
                        sleep(2 * SECOND).await;
                        Ok(())
                    })
                    .await
                });
                assert_eq!(limited.await, Err(Elapsed));
                turns(1).await;
                Ok::<(), Elapsed>(())
            })
            .await
        });
        nested.await.unwrap();
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        self.ledger.balance();
        assert!(!ended.victim || self.ledger.count("inner") == 1);
    }
}

/// A generator that is left early, inside a context, and with one inside it.
#[derive(Default)]
struct Generating {
    ledger: Ledger,
}

impl Scenario for Generating {
    async fn victim(self: Rc<Self>) {
        let ledger = &self.ledger;
        let generated = with(ledger.context("around", ""), async |_| {
            let theirs = ledger.clone();
            let numbers = generator(move |y| async move {
                y.finally(theirs.clean_up("first", "around"));
                y.emit(1).await;
                turns(1).await;
                y.finally(theirs.clean_up("second", "first"));
                let inside = with(theirs.context("inside", "second"), async |_| {
                    y.emit(2).await;
                    y.emit(3).await;
                    Ok::<(), ()>(())
                });
                inside.await.unwrap();
            });
            for_await!(number in numbers => {
                turns(1).await;
                if number == 2 {
                    break;
                }
            });
            turns(1).await;
            Ok::<(), ()>(())
        });
        generated.await.unwrap();
    }

    async fn check(self: Rc<Self>, ended: Ended) {
        self.ledger.balance();
        assert!(!ended.victim || self.ledger.count("second") == 1);
    }
}

// The harness itself: it has to notice what is broken.

/// A lock whose waiters, when they are dropped, keep what they were granted.
struct Lossy(Rc<RefCell<Permits>>);

struct LossyPermit(Rc<RefCell<Permits>>);

impl Lossy {
    async fn acquire(&self) -> LossyPermit {
        let mut ticket: Option<Ticket> = None;
        poll_fn(|cx| {
            let mut permits = self.0.borrow_mut();
            match ticket.take() {
                None if permits.take(1) => return Poll::Ready(()),
                Some(waiting) if permits.is_granted(&waiting) => return Poll::Ready(()),
                None => ticket = Some(permits.wait(1, cx.waker().clone())),
                Some(waiting) => {
                    permits.renew(&waiting, cx.waker().clone());
                    ticket = Some(waiting);
                }
            }
            Poll::Pending
        })
        .await;
        LossyPermit(Rc::clone(&self.0))
    }
}

impl Drop for LossyPermit {
    fn drop(&mut self) {
        let next = {
            let mut permits = self.0.borrow_mut();
            permits.give(1);
            permits.grant()
        };
        next.into_iter().for_each(std::task::Waker::wake);
    }
}

struct Losing(Lossy);

impl Losing {
    async fn visit(&self) {
        let _permit = self.0.acquire().await;
        turns(2).await;
    }
}

impl Scenario for Losing {
    async fn victim(self: Rc<Self>) {
        self.visit().await;
        self.visit().await; // Behind the others.
    }

    async fn others(self: Rc<Self>) {
        around(|_| {
            let me = Rc::clone(&self);
            async move { me.visit().await }
        })
        .await;
    }

    async fn check(self: Rc<Self>, _ended: Ended) {
        let _permit = self.0.acquire().await;
    }
}

fn losing() -> Losing {
    Losing(Lossy(Rc::new(RefCell::new(Permits::new(1)))))
}

#[test]
fn a_lock_whose_cancelled_waiter_keeps_its_turn_is_found_by_a_drop() {
    let complaint = panic_of(|| cancel_everywhere(How::Drop, losing));
    assert_eq!(complaint, "the others would wait for ever");
}

#[test]
fn a_lock_whose_cancelled_waiter_keeps_its_turn_is_found_by_an_abort() {
    let complaint = panic_of(|| cancel_everywhere(How::Abort, losing));
    assert_eq!(complaint, "the others would wait for ever");
}

#[test]
fn a_lock_whose_cancelled_waiter_keeps_its_turn_is_found_by_the_end_of_the_loop() {
    let complaint = panic_of(|| cancel_everywhere(How::EndOfLoop, losing));
    assert_eq!(complaint, "the check would wait for ever");
}

/// A `with` for the harness to complain of.
struct Broken {
    ledger: Ledger,
    enter: fn(Noted) -> std::pin::Pin<Box<dyn Future<Output = ()>>>,
}

impl Scenario for Broken {
    fn victim(self: Rc<Self>) -> impl Future<Output = ()> + 'static {
        (self.enter)(self.ledger.context("it", ""))
    }

    async fn check(self: Rc<Self>, _ended: Ended) {
        self.ledger.balance();
    }
}

/// Enters and leaves, and knows of no cancellation.
async fn with_nothing_on_drop(context: Noted) {
    let place = AsyncContext::<(), ()>::enter(context).await.unwrap();
    turns(2).await;
    drop(Noted::exit(place, Outcome::<(), ()>::Returned(())).await);
}

#[test]
fn an_exit_that_is_skipped_by_a_cancellation_is_found_however_that_comes() {
    for how in [How::Drop, How::Abort, How::EndOfLoop, How::DropAndThenEndOfLoop(2)] {
        let make =
            || Broken { ledger: Ledger::default(), enter: |noted| Box::pin(with_nothing_on_drop(noted)) };
        assert!(panic_of(|| cancel_everywhere(how, make)).contains("it was not left"), "{how:?}");
    }
}

/// Leaves the exit to the loop when it is dropped, even if there was one.
async fn with_one_too_many(context: Noted) {
    struct Exits(cancel::Place);
    impl Drop for Exits {
        fn drop(&mut self) {
            let exit = Noted::exit(self.0.clone(), Outcome::<(), ()>::Cancelled);
            drop(spawn_clean_up(exit).ok().unwrap());
        }
    }
    let place = AsyncContext::<(), ()>::enter(context).await.unwrap();
    let exits = Exits(place.clone());
    turns(1).await;
    drop(Noted::exit(place, Outcome::<(), ()>::Returned(())).await);
    std::mem::forget(exits);
}

#[test]
fn an_exit_that_is_run_twice_if_it_is_cancelled_is_found() {
    let make = || Broken { ledger: Ledger::default(), enter: |noted| Box::pin(with_one_too_many(noted)) };
    let complaint = panic_of(|| cancel_everywhere(How::Drop, make));
    assert!(complaint.contains("it went from Leaving to Leaving"), "{complaint}");
}

/// Leaves the exits of a nest to the loop, all at once.
struct AllAtOnce {
    ledger: Ledger,
}

impl Scenario for AllAtOnce {
    async fn victim(self: Rc<Self>) {
        struct Exits(Option<cancel::Place>);
        impl Drop for Exits {
            fn drop(&mut self) {
                let exit = Noted::exit(self.0.take().unwrap(), Outcome::<(), ()>::Cancelled);
                drop(spawn_clean_up(exit).ok().unwrap());
            }
        }
        let enter = async |noted: Noted| Exits(AsyncContext::<(), ()>::enter(noted).await.ok());
        let _outer = enter(self.ledger.context("outer", "")).await;
        let _inner = enter(self.ledger.context("inner", "outer")).await;
        turns(1).await;
    }

    async fn check(self: Rc<Self>, _ended: Ended) {
        self.ledger.balance();
    }
}

#[test]
fn an_exit_that_does_not_wait_for_those_inside_it_is_found() {
    let complaint = panic_of(|| cancel_everywhere(How::Drop, || AllAtOnce { ledger: Ledger::default() }));
    assert!(complaint.contains("outer was left before inner, which is inside of it"), "{complaint}");
}

/// Keeps itself alive.
struct Immortal;

impl Scenario for Immortal {
    async fn victim(self: Rc<Self>) {
        std::mem::forget(Rc::clone(&self));
        turns(2).await;
    }

    async fn check(self: Rc<Self>, _ended: Ended) {}
}

#[test]
#[cfg_attr(any(miri, sanitized), ignore = "leaks, as it should")]
fn what_outlives_its_loop_is_found() {
    let complaint = panic_of(|| cancel_everywhere(How::Drop, || Immortal));
    assert!(complaint.contains("something of the scenario has outlived its loop"), "{complaint}");
}

/// Awaits nothing, or only once.
struct Brief(usize);

impl Scenario for Brief {
    async fn victim(self: Rc<Self>) {
        turns(self.0).await;
    }

    async fn check(self: Rc<Self>, _ended: Ended) {}
}

#[test]
fn a_scenario_that_cannot_be_cancelled_anywhere_is_refused() {
    assert_eq!(cancel_everywhere(How::Drop, || Brief(1)), 2);
    let complaint = panic_of(|| cancel_everywhere(How::Drop, || Brief(0)));
    assert!(complaint.contains("it was never cancelled"), "{complaint}");
}

#[test]
fn a_victim_that_panics_is_no_success() {
    struct Panics;
    impl Scenario for Panics {
        async fn victim(self: Rc<Self>) {
            yield_now().await;
            panic!("no bread");
        }

        async fn check(self: Rc<Self>, _ended: Ended) {}
    }
    for how in [How::Drop, How::Abort, How::EndOfLoop] {
        assert_eq!(panic_of(|| cancel_everywhere(how, || Panics)), "no bread");
    }
}
