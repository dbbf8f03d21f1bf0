//! The channel under the model checker: every interleaving of those who send, receive, give up and close.
//!
//! `CARGO_TARGET_DIR=target/loom cargo test -p step5 --features loom --test loom --release`. A lost wake-up shows as a
//! deadlock. What is sent points to data that is written `Relaxed`, so that only the channel can make it visible.
#![cfg(feature = "loom")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use step2::block_on;
use step4::budget;
use step5::{AsyncIterator, Receiver, SendError, Sender, channel};

/// Checks all interleavings of up to three preemptions, which is where bugs are.
fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        fill_budget();
        f();
    });
}

/// Brings the task budget, which loom knows nothing of, to the same number in each round, far from being used up.
fn fill_budget() {
    let cx = Context::from_waker(Waker::noop());
    while budget::spend(&cx).is_ready() {}
    while budget::spend(&cx).is_pending() {}
}

/// Notes that it was written before it was sent, and counts its drops.
struct Letter {
    written: AtomicUsize,
    drops: Arc<AtomicUsize>,
}

impl Letter {
    fn new(drops: &Arc<AtomicUsize>) -> Self {
        let letter = Self { written: AtomicUsize::new(0), drops: Arc::clone(drops) };
        letter.written.store(1, Relaxed);
        letter
    }

    fn is_written(&self) -> bool {
        self.written.load(Relaxed) == 1
    }
}

impl Drop for Letter {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Relaxed);
    }
}

type Receiving = Pin<Box<dyn Future<Output = Option<u32>> + Send>>;

/// Makes a future that receives, polls it once, and finds that it has to wait.
fn waiting_receiver(receiver: &Receiver<u32>) -> Receiving {
    let receiver = receiver.clone();
    let mut receiving: Receiving = Box::pin(async move { receiver.recv().await });
    assert!(receiving.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    receiving
}

fn send(sender: &Sender<u32>, item: u32) {
    block_on(sender.send(item)).unwrap();
}

#[test]
fn an_item_arrives_on_another_thread_with_what_was_written_before() {
    model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = channel(1);
        let letter = Letter::new(&drops);
        let other = thread::spawn(move || assert!(block_on(sender.send(letter)).is_ok()));
        assert!(block_on(receiver.recv()).unwrap().is_written());
        other.join().unwrap();
        assert_eq!(drops.load(Relaxed), 1);
    });
}

#[test]
fn no_wake_is_lost_between_a_sender_and_a_receiver_that_wait_for_each_other() {
    model(|| {
        let (sender, receiver) = channel(1);
        let other = thread::spawn(move || (0..3).for_each(|n| send(&sender, n))); // It has to wait for places,
        for n in 0..3 {
            assert_eq!(block_on(receiver.recv()), Some(n)); // and we for items.
        }
        assert_eq!(block_on(receiver.recv()), None);
        other.join().unwrap();
    });
}

#[test]
fn two_senders_for_one_place_both_have_their_turn() {
    model(|| {
        let (sender, receiver) = channel(1);
        let others = [1, 2].map(|n| {
            let sender = sender.clone();
            thread::spawn(move || send(&sender, n))
        });
        drop(sender);
        let received = [block_on(receiver.recv()), block_on(receiver.recv())];
        assert!(received == [Some(1), Some(2)] || received == [Some(2), Some(1)], "{received:?}");
        assert_eq!(block_on(receiver.recv()), None);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

#[test]
fn of_two_receivers_and_one_item_one_gets_it_and_the_other_ends() {
    model(|| {
        let (sender, receiver) = channel(1);
        let first = receiver.clone();
        let first = thread::spawn(move || block_on(first.recv()));
        let second = thread::spawn(move || block_on(receiver.recv()));
        send(&sender, 7);
        drop(sender);
        let mut received = [first.join().unwrap(), second.join().unwrap()];
        received.sort_unstable();
        assert_eq!(received, [None, Some(7)]);
    });
}

#[test]
fn a_receiver_cancelled_on_another_thread_loses_no_item() {
    model(|| {
        let (sender, receiver) = channel(1);
        let gives_up = waiting_receiver(&receiver);
        let gives_up = thread::spawn(move || drop(gives_up)); // Before the item, or after it was granted.
        let sends = thread::spawn(move || send(&sender, 7));
        assert_eq!(block_on(receiver.recv()), Some(7));
        gives_up.join().unwrap();
        sends.join().unwrap();
    });
}

#[test]
fn a_sender_cancelled_on_another_thread_passes_its_turn_on() {
    model(|| {
        let (sender, receiver) = channel(1);
        send(&sender, 0);
        let first = sender.clone();
        let mut gives_up = Box::pin(async move { first.send(1).await });
        assert!(gives_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let gives_up = thread::spawn(move || drop(gives_up));
        let stays = thread::spawn(move || send(&sender, 2));
        assert_eq!(block_on(receiver.recv()), Some(0));
        assert_eq!(block_on(receiver.recv()), Some(2));
        assert_eq!(block_on(receiver.recv()), None);
        gives_up.join().unwrap();
        stays.join().unwrap();
    });
}

#[test]
fn an_item_sent_while_the_channel_is_closed_is_received_or_given_back() {
    model(|| {
        let (sender, receiver) = channel(1);
        let sends = thread::spawn(move || block_on(sender.send(7)));
        receiver.close();
        let received = block_on(receiver.recv());
        match sends.join().unwrap() {
            Ok(()) => assert_eq!(received, Some(7)),
            Err(SendError(item)) => assert_eq!((item, received), (7, None)),
        }
        assert_eq!(block_on(receiver.recv()), None);
    });
}

#[test]
fn a_sender_that_waits_for_a_place_is_woken_when_the_channel_is_closed() {
    model(|| {
        let (sender, receiver) = channel(1);
        send(&sender, 0);
        let closes = thread::spawn(move || {
            receiver.close();
            receiver
        });
        assert_eq!(block_on(sender.send(1)), Err(SendError(1)));
        let receiver = closes.join().unwrap();
        assert_eq!((block_on(receiver.recv()), block_on(receiver.recv())), (Some(0), None));
    });
}

#[test]
fn a_receiver_that_waits_is_woken_when_the_channel_is_closed() {
    model(|| {
        let (sender, receiver) = channel::<u32>(1);
        let closes = thread::spawn(move || {
            sender.close();
            sender
        });
        assert_eq!(block_on(receiver.recv()), None);
        drop(closes.join().unwrap());
    });
}

#[test]
fn the_last_of_two_senders_to_be_dropped_ends_the_channel() {
    model(|| {
        let (sender, receiver) = channel::<u32>(1);
        let clone = sender.clone();
        let others = [sender, clone].map(|sender| thread::spawn(move || drop(sender)));
        assert_eq!(block_on(receiver.recv()), None);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

#[test]
fn an_item_that_meets_the_drop_of_the_last_receiver_is_dropped_exactly_once() {
    model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = channel(1);
        let letters = [Letter::new(&drops), Letter::new(&drops)];
        let other = thread::spawn(move || {
            for letter in letters {
                drop(block_on(sender.send(letter))); // The second would wait for ever, were it not told.
            }
        });
        drop(receiver);
        other.join().unwrap();
        assert_eq!(drops.load(Relaxed), 2);
    });
}

#[test]
fn who_waits_behind_the_last_item_ends_when_another_thread_takes_it() {
    model(|| {
        let (sender, receiver) = channel(1);
        let mut granted = waiting_receiver(&receiver);
        let waits = thread::spawn(move || block_on(receiver.recv()));
        send(&sender, 7); // For the first.
        drop(sender);
        let first = granted.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!((first, waits.join().unwrap()), (Poll::Ready(Some(7)), None));
    });
}

/// The place in the line that a `next` has left behind is taken over by one of them, and not by both.
#[test]
fn two_who_go_on_where_a_next_has_given_up_get_an_item_each() {
    model(|| {
        let (sender, mut receiver) = channel(2);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut receiver.next()).poll(&mut cx).is_pending());
        send(&sender, 1);
        send(&sender, 2);
        let receiver = Arc::new(receiver);
        let theirs = Arc::clone(&receiver);
        let other = thread::spawn(move || block_on(theirs.recv()));
        let mut received = [block_on(receiver.recv()), other.join().unwrap()];
        received.sort_unstable();
        assert_eq!(received, [Some(1), Some(2)]);
        assert!(
            Box::pin(receiver.recv()).as_mut().poll(&mut cx).is_pending(),
            "no permit is left without its item"
        );
    });
}
