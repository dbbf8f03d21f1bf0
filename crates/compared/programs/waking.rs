//! Waking: what another thread sets ends a wait, once.

use std::sync::Arc;
use std::thread;

use compared::{ms, say};
use step2::yield_now;
use step3::{sleep, timeout};
use step4::spawn;
use step6::Event;

/// Calls a function on another thread, and waits for that.
fn from_a_thread(function: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(function);
    });
}

/// A wake before anyone waits is not lost: the wait does not begin.
pub(crate) async fn before_anyone_waits() {
    let event = Event::new();
    from_a_thread(|| event.set());
    yield_now().await;
    event.wait().await;
    say!("did not wait");
}

/// However often a task is woken before it runs, it runs once.
pub(crate) async fn often() {
    let event = Arc::new(Event::new());

    async fn waiter(event: Arc<Event>) {
        loop {
            event.wait().await;
            say!("runs");
            event.clear();
        }
    }

    let task = spawn(waiter(Arc::clone(&event)));
    yield_now().await;
    for _ in 0..3 {
        from_a_thread(|| event.set());
    }
    sleep(ms(40)).await;
    say!("over");
    task.abort();
}

/// A wake that comes after a task has ended does nothing.
pub(crate) async fn after_its_end() {
    let event = Arc::new(Event::new());

    async fn impatient(event: Arc<Event>) {
        if timeout(ms(40), event.wait()).await.is_err() {
            say!("waited in vain");
        }
    }

    spawn(impatient(Arc::clone(&event))).await.unwrap();
    from_a_thread(|| event.set());
    yield_now().await;
    say!("over");
}
