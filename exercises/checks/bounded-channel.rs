//! What an answer to `bounded-channel` has to do.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use exercises::{CountingWaker, Task, busy_waker, check, misconception, note, notes};

use super::{Receiver, Sender, channel};

/// Sends these items in turn: each is noted when it is in.
async fn produce(mut sender: Sender<u32>, items: Vec<u32>) -> Result<(), u32> {
    for item in items {
        sender.send(item).await?;
        note(format!("{item} is sent"));
    }
    Ok(())
}

/// Receives an item whenever it is polled.
fn receiving(mut receiver: Receiver<u32>) -> Task<impl Future<Output = Option<u32>>> {
    Task::new("receiver", poll_fn(move |cx| receiver.poll_recv(cx)))
}

/// Makes a channel with a sender that has filled it with 0, 1, 2, … and waits with one item more.
fn full(capacity: u32) -> (Task<impl Future<Output = Result<(), u32>>>, Receiver<u32>) {
    let (sender, receiver) = channel(usize::try_from(capacity).expect("it is small"));
    let mut task = Task::new("sender", produce(sender, (0..=capacity).collect()));
    if task.poll().is_ready() {
        misconception(
            "W5-unbounded",
            &format!(
                "there was room for {capacity}, and {} were sent: nothing stops the sender",
                capacity + 1
            ),
        );
    }
    assert_eq!(notes().len(), capacity as usize, "it is pending, and was while there was room");
    (task, receiver)
}

#[test]
fn items_are_received_in_the_order_in_which_they_were_sent() {
    check(|_| {
        let (mut sender, receiver) = channel(3);
        for item in 1..=3 {
            let mut task = Task::new("sender", sender.send(item));
            assert_eq!(task.poll(), Poll::Ready(Ok(())), "there is room for 3, and this is item {item}");
        }
        let mut task = receiving(receiver);
        for item in 1..=3 {
            assert_eq!(task.poll(), Poll::Ready(Some(item)));
        }
        drop(sender);
    });
}

#[test]
fn a_full_channel_holds_the_sender_up() {
    check(|_| {
        let (mut sender, _receiver) = full(3);
        for _ in 0..2 {
            assert!(sender.poll().is_pending(), "there still is no room");
        }
        assert_eq!((sender.wakes(), notes().len()), (0, 3), "and nobody has made any");
    });
}

#[test]
fn a_receive_lets_the_sender_go_on() {
    check(|_| {
        let (mut sender, receiver) = full(2);
        let mut receiver = receiving(receiver);
        assert_eq!(receiver.poll(), Poll::Ready(Some(0)));
        if sender.wakes() == 0 {
            misconception(
                "W5-only-receivers-wait",
                "there is room again, the sender waits for it, and nobody has woken it",
            );
        }
        assert_eq!(sender.poll(), Poll::Ready(Ok(())));
        assert_eq!(receiver.poll(), Poll::Ready(Some(1)));
        assert_eq!(
            receiver.poll(),
            Poll::Ready(Some(2)),
            "the item that had to wait goes in behind the others"
        );
    });
}

#[test]
fn a_send_lets_the_receiver_go_on() {
    check(|_| {
        let (mut sender, receiver) = channel(2);
        let mut receiver = receiving(receiver);
        for _ in 0..2 {
            assert_eq!(receiver.poll(), Poll::Pending);
        }
        assert_eq!(
            (receiver.wakes(), receiver.wakers()),
            (0, 1),
            "it waits, with the waker of its latest poll"
        );
        let mut task = Task::new("sender", sender.send(7));
        assert_eq!(task.poll(), Poll::Ready(Ok(())));
        assert_eq!(receiver.wakes(), 1, "there is an item, so the receiver is woken");
        assert_eq!(receiver.poll(), Poll::Ready(Some(7)));
    });
}

/// Polls a future with the wakers of two tasks in turn, has `other_side` do something, and looks who was woken.
fn is_woken_through_the_latest<T>(waiting: impl Future<Output = T>, other_side: impl FnOnce()) {
    let mut waiting = pin!(waiting);
    let (first, latest) = (CountingWaker::new("first"), CountingWaker::new("latest"));
    for counting in [&first, &latest] {
        assert!(counting.poll(waiting.as_mut()).is_pending());
    }
    other_side();
    match (first.wakes(), latest.wakes()) {
        (0, 1) => assert!(latest.poll(waiting).is_ready()),
        (1.., 0) => {
            misconception("W2-first-waker", "the waker of the first poll was called, not the latest one");
        }
        (first, latest) => panic!("the first waker was called {first} times, the latest {latest} times"),
    }
}

#[test]
fn the_latest_waker_is_called() {
    check(|_| {
        let (mut sender, mut receiver) = channel(1);
        is_woken_through_the_latest(receiver.recv(), || {
            assert_eq!(Task::new("sender", sender.send(1)).poll(), Poll::Ready(Ok(())));
        });
        assert_eq!(Task::new("sender", sender.send(2)).poll(), Poll::Ready(Ok(())));
        is_woken_through_the_latest(sender.send(3), || {
            assert_eq!(Task::new("receiver", receiver.recv()).poll(), Poll::Ready(Some(2)));
        });
    });
}

#[test]
fn when_the_sender_is_gone_the_receiver_comes_to_an_end() {
    check(|_| {
        let (mut sender, receiver) = channel(2);
        assert_eq!(Task::new("sender", sender.send(7)).poll(), Poll::Ready(Ok(())));
        drop(sender);
        let mut receiver = receiving(receiver);
        assert_eq!(receiver.poll(), Poll::Ready(Some(7)), "closed is not empty: this was sent before");
        assert_eq!(receiver.poll(), Poll::Ready(None));

        let (sender, receiver) = channel(2);
        let mut receiver = receiving(receiver);
        assert_eq!(receiver.poll(), Poll::Pending);
        drop(sender);
        if receiver.wakes() == 0 {
            misconception(
                "W2-forgets-waker",
                "a receiver waits, the sender is gone, and nobody has woken the receiver: it waits for ever",
            );
        }
        assert_eq!(receiver.poll(), Poll::Ready(None));
    });
}

#[test]
fn when_the_receiver_is_gone_items_are_returned() {
    check(|_| {
        let (mut sender, receiver) = channel(2);
        drop(receiver);
        assert_eq!(Task::new("sender", sender.send(7)).poll(), Poll::Ready(Err(7)));

        let (mut sender, receiver) = full(2);
        drop(receiver);
        if sender.wakes() == 0 {
            misconception(
                "W2-forgets-waker",
                "a sender waits, the receiver is gone, and nobody has woken the sender: it waits for ever",
            );
        }
        assert_eq!(sender.poll(), Poll::Ready(Err(2)));
    });
}

#[test]
fn no_waker_is_called_under_the_lock() {
    check(|watch| {
        watch.a_hang_means(
            "W2-wake-under-lock",
            "a waker is called while the lock is held, and what is woken waits for the lock",
        );
        let waker_of = |sender: &Sender<u32>| {
            let state = Arc::clone(&sender.0);
            busy_waker(move || drop(state.lock()))
        };
        let (mut sender, mut receiver) = channel(1);
        let waker = waker_of(&sender);
        let cx = &mut Context::from_waker(&waker);
        assert!(receiver.poll_recv(cx).is_pending());
        assert!(sender.poll_send(&mut Some(1), cx).is_ready());
        assert!(sender.poll_send(&mut Some(2), cx).is_pending());
        assert!(receiver.poll_recv(cx).is_ready());
        assert!(receiver.poll_recv(cx).is_pending());
        drop(sender);
        assert_eq!(notes().len(), 3, "woken were the receiver, the sender, and the receiver again");
    });
}

/// Receives all items, and takes a turn over each.
async fn consume(mut receiver: Receiver<u32>) {
    while let Some(item) = receiver.recv().await {
        note(format!("{item} is received"));
        let mut is_over = false;
        poll_fn(|cx| {
            if is_over {
                return Poll::Ready(());
            }
            is_over = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Polls a task if it is new, or was woken since it was last polled. Tells whether it was polled.
fn turn<F: Future>(task: &mut Task<F>, seen: &mut Option<usize>, output: &mut Option<F::Output>) -> bool {
    if output.is_some() || *seen == Some(task.wakes()) {
        return false;
    }
    *seen = Some(task.wakes());
    if let Poll::Ready(ready) = task.poll() {
        *output = Some(ready);
    }
    true
}

#[test]
fn a_producer_is_only_so_far_ahead() {
    check(|_| {
        let (sender, receiver) = channel(2);
        let mut producer = Task::new("producer", produce(sender, (0..6).collect()));
        let mut consumer = Task::new("consumer", consume(receiver));
        let (mut sent, mut received) = (None, None);
        let mut seen = (None, None);
        loop {
            let has_produced = turn(&mut producer, &mut seen.0, &mut sent);
            let has_consumed = turn(&mut consumer, &mut seen.1, &mut received);
            if !has_produced && !has_consumed {
                break;
            }
        }
        if sent.is_none() || received.is_none() {
            panic!("not both are over, and nobody is woken any more, after: {}", notes().join(", "));
        }
        assert_eq!(sent, Some(Ok(())));
        let (mut ahead, mut most) = (0, 0);
        for note in notes() {
            ahead += if note.ends_with("is sent") { 1 } else { -1 };
            most = most.max(ahead);
        }
        assert_eq!((ahead, most), (0, 2), "how many were in the channel in the end, and at most");
    });
}
