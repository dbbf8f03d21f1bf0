//! The waker's contract, clause by clause, for the waker by hand and for std's.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use step2::{Park, ThreadPark, block_on, oneshot, wake_quietly, waker_by_hand, yield_now};

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// More than a 16-bit count would hold; fewer for Miri, which is a hundred times slower.
const CLONES: usize = if cfg!(miri) { 100 } else { 40_000 };

#[test]
fn clones_and_drops_balance_by_hand_as_with_std() {
    for make in [waker_by_hand::<Count>, Waker::from] {
        let target = Arc::new(Count::default());
        let waker = make(Arc::clone(&target));
        let clones: Vec<Waker> = (0..CLONES).map(|_| waker.clone()).collect();
        assert_eq!(Arc::strong_count(&target), CLONES + 2);
        for clone in clones {
            clone.wake_by_ref();
            clone.wake();
        }
        assert_eq!(Arc::strong_count(&target), 2);
        assert_eq!(target.0.load(SeqCst) as usize, 2 * CLONES);
        drop(waker);
        assert_eq!(Arc::strong_count(&target), 1);
    }
}

#[test]
fn a_wake_before_the_first_poll_is_not_lost() {
    let mut park = ThreadPark::new();
    park.waker().wake();
    park.park(None).expect("a thread can always park"); // Would hang.
}

#[test]
fn wakes_before_a_sleep_are_used_up_together() {
    let mut park = ThreadPark::new();
    for _ in 0..10 {
        park.waker().wake();
    }
    park.park(None).expect("a thread can always park");
    let before = std::time::Instant::now();
    park.park(Some(Duration::from_millis(20))).expect("a thread can always park");
    assert!(before.elapsed() >= Duration::from_millis(10), "nothing is left of the ten wakes");
}

/// Polls `future` with `block_on`, and returns how often it was polled.
fn polls_until_ready(future: impl Future) -> u32 {
    let mut polls = 0;
    let mut future = pin!(future);
    block_on(poll_fn(|cx| {
        polls += 1;
        future.as_mut().poll(cx)
    }));
    polls
}

#[test]
fn a_wake_during_a_poll_makes_one_more_poll_however_often_it_is_called() {
    let mut first = true;
    let polls = polls_until_ready(poll_fn(|cx| {
        if !std::mem::replace(&mut first, false) {
            return Poll::Ready(());
        }
        (0..5).for_each(|_| cx.waker().wake_by_ref());
        Poll::Pending
    }));
    assert_eq!(polls, 2);
}

#[test]
fn a_wake_from_another_thread_makes_one_more_poll() {
    let (sender, receiver) = oneshot();
    let (started, begin) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || {
        begin.recv().expect("the receiver is polled first");
        sender.send(())
    });
    let mut receiver = pin!(receiver);
    let polls = polls_until_ready(poll_fn(|cx| {
        let poll = receiver.as_mut().poll(cx);
        let _ = started.send(());
        poll
    }));
    assert_eq!(polls, 2);
    other.join().expect("sending does not panic").expect("the receiver is there");
}

#[test]
fn a_waker_kept_after_completion_does_nothing() {
    let mut kept = None;
    block_on(poll_fn(|cx| {
        kept = Some(cx.waker().clone());
        Poll::Ready(())
    }));
    kept.expect("it was polled").wake();
    assert_eq!(polls_until_ready(yield_now()), 2, "and later runs on this thread do not notice");
}

#[test]
fn the_latest_waker_wins() {
    let (old, new) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let (sender, receiver) = oneshot();
    let mut receiver = pin!(receiver);
    for target in [&old, &new] {
        let waker = waker_by_hand(Arc::clone(target));
        assert_eq!(receiver.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending);
    }
    assert_eq!(Arc::strong_count(&old), 1, "the older waker is dropped at once");
    sender.send(7).expect("the receiver is there");
    assert_eq!((old.0.load(SeqCst), new.0.load(SeqCst)), (0, 1));
}

#[test]
fn a_waker_that_panics_can_be_woken_quietly() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("this waker always panics");
        }
    }
    let bomb = Arc::new(Bomb);
    wake_quietly(waker_by_hand(Arc::clone(&bomb)));
    assert_eq!(Arc::strong_count(&bomb), 1);
}

#[test]
fn a_waker_that_panics_leaves_the_oneshot_usable() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("this waker always panics");
        }
    }
    let (sender, receiver) = oneshot();
    let mut receiver = pin!(receiver);
    let waker = waker_by_hand(Arc::new(Bomb));
    assert!(receiver.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    std::panic::catch_unwind(|| sender.send(7)).expect_err("the panic is the sender's");
    assert_eq!(block_on(receiver), Ok(7), "the value was in place before the waker was called");
}
