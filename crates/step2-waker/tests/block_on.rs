//! What one `block_on` leaves to the next: nothing that it could notice.

use std::cell::Cell;
use std::future::{Future, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use step2::{block_on, oneshot};

/// Returns the waker of the call that it runs in.
fn own_waker() -> impl Future<Output = Waker> {
    poll_fn(|cx| Poll::Ready(cx.waker().clone()))
}

/// Counts the polls of a future that another thread wakes, once.
async fn polls_until_a_wake_from_elsewhere() -> u32 {
    let (sender, receiver) = oneshot();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        sender.send(()).expect("the receiver waits");
    });
    let (mut polls, mut receiver) = (0, pin!(receiver));
    let counted = poll_fn(|cx| {
        polls += 1;
        receiver.as_mut().poll(cx)
    });
    counted.await.expect("the sender sends");
    other.join().expect("it only sends");
    polls
}

#[test]
fn a_wake_that_was_left_over_reaches_no_later_call() {
    block_on(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Ready(())
    }));
    assert_eq!(block_on(polls_until_a_wake_from_elsewhere()), 2);
}

#[test]
fn a_waker_that_is_kept_wakes_no_later_call() {
    let kept = block_on(own_waker());
    block_on(async {
        assert!(!kept.will_wake(&own_waker().await));
        kept.wake_by_ref();
        assert_eq!(polls_until_a_wake_from_elsewhere().await, 2);
    });
    kept.wake();
    assert_eq!(block_on(polls_until_a_wake_from_elsewhere()), 2);
}

#[test]
fn calls_one_after_the_other_share_a_park_and_calls_within_each_other_do_not() {
    let address = || block_on(poll_fn(|cx| Poll::Ready(cx.waker().data().addr())));
    let first = address();
    let _in_its_place = Box::new([0_u64; 5]); // An allocator would give the park's room away again.
    assert_eq!(address(), first);
    block_on(async {
        assert_eq!(own_waker().await.data().addr(), first);
        assert_ne!(address(), first);
        assert_eq!(block_on(polls_until_a_wake_from_elsewhere()), 2);
        assert_eq!(
            polls_until_a_wake_from_elsewhere().await,
            2,
            "the inner calls took no wake of the outer one"
        );
    });
}

#[test]
fn after_a_panic_the_next_call_works() {
    let panics = || block_on(poll_fn(|_| -> Poll<()> { panic!("a future that panics (in a test)") }));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(block_on(polls_until_a_wake_from_elsewhere()), 2);
}

/// Blocks when its thread ends, once the thread's other locals may be gone.
struct BlocksAtTheEnd(Cell<Option<std::sync::mpsc::Sender<i32>>>);

impl Drop for BlocksAtTheEnd {
    fn drop(&mut self) {
        let answer = block_on(async { ready(7).await });
        self.0.take().expect("it is dropped once").send(answer).expect("the test waits");
    }
}

#[test]
fn a_thread_may_block_while_it_ends() {
    thread_local! {
        static AT_THE_END: BlocksAtTheEnd = const { BlocksAtTheEnd(Cell::new(None)) };
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    let other = thread::spawn(move || {
        AT_THE_END.with(|at_the_end| at_the_end.0.set(Some(sender)));
        block_on(ready(())); // Made later, and so gone earlier, or the other way round: that is the system's choice.
    });
    assert_eq!(receiver.recv(), Ok(7));
    other.join().expect("it ends");
}
