//! Step 6's Mutex, Semaphore and Event: who goes next.

use std::rc::Rc;

use compared::{ms, say};
use step2::yield_now;
use step3::{Elapsed, sleep, timeout};
use step4::{gather, join_all, spawn};
use step6::{Event, Mutex, Semaphore};

/// A lock goes to the waiters in the order in which they came.
pub(crate) async fn first_in_first_out() {
    let lock = Mutex::new(());

    let worker = async |name| {
        let _guard = lock.lock().await;
        say!("{name} has it");
        yield_now().await;
    };

    join_all(["first", "second", "third"].map(worker)).await;
}

/// Who comes between the release and the waiter's turn stands behind the waiter.
pub(crate) async fn no_barging() {
    let lock = Rc::new(Mutex::new(()));

    async fn waiter(lock: Rc<Mutex<()>>) {
        let _guard = lock.lock().await;
        say!("the waiter has it");
    }

    let guard = lock.lock().await;
    let task = spawn(waiter(Rc::clone(&lock)));
    yield_now().await;
    drop(guard);
    let guard = lock.lock().await;
    say!("the late one has it");
    drop(guard);
    task.await.unwrap();
}

async fn worker(name: &str, lock: Rc<Mutex<()>>) {
    let _guard = lock.lock().await;
    say!("{name} has it");
}

/// A waiter that is cancelled is passed over.
pub(crate) async fn a_cancelled_waiter_is_skipped() {
    let lock = Rc::new(Mutex::new(()));

    let guard = lock.lock().await;
    let (first, second) =
        (spawn(worker("first", Rc::clone(&lock))), spawn(worker("second", Rc::clone(&lock))));
    yield_now().await;
    first.abort();
    yield_now().await;
    drop(guard);
    second.await.unwrap();
}

/// A waiter that is cancelled after its turn has come passes it on.
pub(crate) async fn woken_then_cancelled() {
    let lock = Rc::new(Mutex::new(()));

    let guard = lock.lock().await;
    let (first, second) =
        (spawn(worker("first", Rc::clone(&lock))), spawn(worker("second", Rc::clone(&lock))));
    yield_now().await;
    drop(guard);
    first.abort();
    second.await.unwrap();
    say!("{}", if lock.is_locked() { "lost" } else { "free" });
}

/// Who has a lock and asks for it again waits for itself.
pub(crate) async fn not_re_entrant() {
    let lock = Mutex::new(());
    let _guard = lock.lock().await;
    let again = timeout(ms(40), async {
        let _guard = lock.lock().await;
        say!("never printed");
    });
    if again.await == Err(Elapsed) {
        say!("waited in vain");
    }
}

/// A semaphore lets so many go on at once.
pub(crate) async fn so_many_at_once() {
    let semaphore = Semaphore::new(2);

    let worker = async |(name, time)| {
        let _permit = semaphore.acquire().await;
        say!("{name} begins");
        sleep(ms(time)).await;
        say!("{name} ends");
    };

    join_all([("first", 40), ("second", 80), ("third", 80)].map(worker)).await;
}

/// An event lets go all that wait, in the order in which they came; who comes later does not wait.
pub(crate) async fn an_event_wakes_all() {
    let event = Rc::new(Event::new());

    async fn waiter(name: &str, event: Rc<Event>) {
        event.wait().await;
        say!("{name}");
    }

    let tasks = ["first", "second", "third"].map(|name| spawn(waiter(name, Rc::clone(&event))));
    yield_now().await;
    event.set();
    event.wait().await;
    say!("already set");
    gather(tasks).await.unwrap();
}

/// Who waits when an event is set is let go, even if it is cleared at once.
pub(crate) async fn set_and_cleared_at_once() {
    let event = Rc::new(Event::new());

    async fn waiter(event: Rc<Event>) {
        event.wait().await;
        say!("let go");
    }

    let task = spawn(waiter(Rc::clone(&event)));
    yield_now().await;
    event.set();
    event.set();
    event.clear();
    task.await.unwrap();
    say!("{}", if event.is_set() { "set" } else { "clear" });
}
