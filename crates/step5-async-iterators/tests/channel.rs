//! The channel: back-pressure, order, and that no item is lost, whoever gives up and whenever.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Wake, Waker};
use std::thread;

use step2::{block_on, yield_now};
use step3::{now, sleep, timeout};
use step4::{ThreadPool, gather, spawn};
use step5::{AsyncIterator, Receiver, SendError, Sender, channel, for_await};
use support::{SECOND, Wakes, panic_of, poll, poll_with, run, say, sleeper, turns_beside};

/// Puts `item` into a channel that has room.
fn put<T>(sender: &Sender<T>, item: T) {
    assert!(matches!(poll(&mut Box::pin(sender.send(item))), Poll::Ready(Ok(()))), "there is room");
}

/// Takes an item out of a channel that has one, or returns `None` if it is over.
fn get<T>(receiver: &Receiver<T>) -> Option<T> {
    let Poll::Ready(item) = poll(&mut Box::pin(receiver.recv())) else { panic!("there is nothing") };
    item
}

/// Makes a channel with one place, which is taken.
fn full(item: u32) -> (Sender<u32>, Receiver<u32>) {
    let (sender, receiver) = channel(1);
    put(&sender, item);
    (sender, receiver)
}

/// Polls a future for the first time, with wakes to count; it has to wait.
fn waiting<F: Future>(future: F) -> (Pin<Box<F>>, Arc<Wakes>) {
    let (mut future, wakes) = (Box::pin(future), Arc::new(Wakes::default()));
    assert!(poll_with(&mut future, &wakes.waker()).is_pending());
    (future, wakes)
}

// Back-pressure.

#[test]
fn a_channel_takes_as_many_items_as_it_has_places_and_then_makes_senders_wait() {
    let (sender, receiver) = channel(3);
    for n in 1..=3 {
        put(&sender, n);
    }
    let (mut fourth, wakes) = waiting(sender.send(4));
    assert_eq!((receiver.len(), wakes.take()), (3, 0));

    assert_eq!(get(&receiver), Some(1));
    assert_eq!(wakes.take(), 1);
    assert_eq!(poll(&mut fourth), Poll::Ready(Ok(())));
    assert_eq!([get(&receiver), get(&receiver), get(&receiver)], [Some(2), Some(3), Some(4)]);
    assert!(receiver.is_empty());
}

#[test]
fn a_fast_producer_is_slowed_down_to_the_pace_of_its_consumer() {
    run(async {
        let (sender, receiver) = channel(2);
        let sent_at = spawn(async move {
            let mut sent_at = Vec::new();
            for n in 0..6 {
                sender.send(n).await.unwrap();
                sent_at.push(now().as_secs());
            }
            sent_at
        });
        for_await!(_item in receiver => { sleep(SECOND).await; });
        // Two go into the channel at once, and one into the consumer's hands; then it is one a second.
        assert_eq!(sent_at.await.unwrap(), [0, 0, 0, 1, 2, 3]);
        assert_eq!(now(), 6 * SECOND);
    });
}

#[test]
fn a_fast_consumer_waits_for_its_producer() {
    run(async {
        let (sender, receiver) = channel(2);
        drop(spawn(async move {
            for seconds in 1..=3 {
                sender.send(sleeper(seconds).await).await.unwrap();
            }
        }));
        let mut got_at = Vec::new();
        for_await!(_item in receiver => { got_at.push(now().as_secs()); });
        assert_eq!(got_at, [1, 3, 6]);
    });
}

#[test]
fn a_channel_without_any_place_is_refused() {
    assert_eq!(panic_of(|| channel::<u32>(0)), "a channel needs room for one item at least");
}

// First in, first out.

#[test]
fn senders_get_their_turns_in_the_order_in_which_they_came() {
    let (sender, receiver) = full(0);
    let (mut first, first_wakes) = waiting(sender.send(1));
    let (mut second, second_wakes) = waiting(sender.send(2));

    assert_eq!(get(&receiver), Some(0));
    assert_eq!((first_wakes.take(), second_wakes.take()), (1, 0));
    assert!(poll(&mut second).is_pending(), "the place is for the first, although it has not looked yet");
    assert!(poll(&mut first).is_ready());

    assert_eq!(get(&receiver), Some(1));
    assert!(poll(&mut second).is_ready());
    assert_eq!(get(&receiver), Some(2));
}

#[test]
fn receivers_get_items_in_the_order_in_which_they_came() {
    let (sender, receiver) = channel(2);
    let (mut first, first_wakes) = waiting(receiver.recv());
    let (mut second, second_wakes) = waiting(receiver.recv());

    put(&sender, 1);
    assert_eq!((first_wakes.take(), second_wakes.take()), (1, 0));
    assert!(poll(&mut second).is_pending(), "the item is for the first, although it has not looked yet");
    put(&sender, 2);
    assert_eq!(poll(&mut first), Poll::Ready(Some(1)));
    assert_eq!(poll(&mut second), Poll::Ready(Some(2)));
}

#[test]
fn a_new_sender_does_not_pass_by_one_that_waits() {
    let (sender, receiver) = full(0);
    let (mut waits, _) = waiting(sender.send(1));
    assert_eq!(get(&receiver), Some(0));
    assert!(receiver.is_empty());
    let (mut newcomer, _) = waiting(sender.send(2));
    assert!(poll(&mut waits).is_ready());
    assert_eq!(get(&receiver), Some(1));
    assert!(poll(&mut newcomer).is_ready());
}

#[test]
fn a_new_receiver_does_not_pass_by_one_that_waits() {
    let (sender, receiver) = channel(1);
    let (mut waits, _) = waiting(receiver.recv());
    put(&sender, 1);
    let (mut newcomer, _) = waiting(receiver.recv());
    assert_eq!(poll(&mut waits), Poll::Ready(Some(1)));
    put(&sender, 2);
    assert_eq!(poll(&mut newcomer), Poll::Ready(Some(2)));
}

#[test]
fn a_poll_for_no_reason_costs_no_one_its_place() {
    let (sender, receiver) = channel(2);
    let (mut first, _) = waiting(receiver.recv());
    let (mut second, _) = waiting(receiver.recv());
    assert!(poll(&mut first).is_pending());
    put(&sender, 1);
    assert!(poll(&mut second).is_pending());
    assert_eq!(poll(&mut first), Poll::Ready(Some(1)));
}

#[test]
fn of_two_that_may_take_an_item_the_one_that_looks_first_gets_the_older_one() {
    let (sender, receiver) = channel(2);
    let (mut first, _) = waiting(receiver.recv());
    let (mut second, _) = waiting(receiver.recv());
    put(&sender, 1);
    put(&sender, 2);
    assert_eq!(poll(&mut second), Poll::Ready(Some(1)));
    assert_eq!(poll(&mut first), Poll::Ready(Some(2)));
}

#[test]
fn the_latest_waker_is_called_and_the_older_ones_are_dropped() {
    let (sender, receiver) = channel(1);
    let (mut receiving, older) = waiting(receiver.recv());
    let newer = Arc::new(Wakes::default());
    assert!(poll_with(&mut receiving, &newer.waker()).is_pending());
    assert_eq!(Arc::strong_count(&older), 1);
    put(&sender, 1);
    assert_eq!((older.take(), newer.take()), (0, 1));
}

// Giving up.

#[test]
fn a_receiver_that_gives_up_is_skipped() {
    let (sender, receiver) = channel(1);
    let (gives_up, _) = waiting(receiver.recv());
    let (mut stays, wakes) = waiting(receiver.recv());
    drop(gives_up);
    put(&sender, 1);
    assert_eq!(wakes.take(), 1);
    assert_eq!(poll(&mut stays), Poll::Ready(Some(1)));
}

#[test]
fn a_receiver_that_gives_up_after_its_wake_passes_the_item_to_the_next() {
    let (sender, receiver) = channel(1);
    let (gives_up, wakes) = waiting(receiver.recv());
    let (mut stays, next_wakes) = waiting(receiver.recv());
    put(&sender, 1);
    assert_eq!((wakes.take(), next_wakes.take()), (1, 0));
    drop(gives_up);
    assert_eq!(next_wakes.take(), 1);
    assert_eq!(poll(&mut stays), Poll::Ready(Some(1)));
}

#[test]
fn an_item_of_a_receiver_that_gives_up_waits_for_the_next_to_come() {
    let (sender, receiver) = channel(1);
    let (gives_up, _) = waiting(receiver.recv());
    put(&sender, 1);
    drop(gives_up);
    assert_eq!((receiver.len(), get(&receiver)), (1, Some(1)));
}

#[test]
fn a_sender_that_gives_up_is_skipped() {
    let (sender, receiver) = full(0);
    let (gives_up, _) = waiting(sender.send(1));
    let (mut stays, wakes) = waiting(sender.send(2));
    drop(gives_up);
    assert_eq!(get(&receiver), Some(0));
    assert_eq!(wakes.take(), 1);
    assert!(poll(&mut stays).is_ready());
    assert_eq!(get(&receiver), Some(2));
}

#[test]
fn a_sender_that_gives_up_after_its_wake_passes_the_place_to_the_next() {
    let (sender, receiver) = full(0);
    let (gives_up, wakes) = waiting(sender.send(1));
    let (mut stays, next_wakes) = waiting(sender.send(2));
    assert_eq!(get(&receiver), Some(0));
    assert_eq!((wakes.take(), next_wakes.take()), (1, 0));
    drop(gives_up);
    assert_eq!(next_wakes.take(), 1);
    assert!(poll(&mut stays).is_ready());
    assert_eq!(get(&receiver), Some(2));
}

#[test]
fn a_place_of_a_sender_that_gives_up_is_free_for_the_next_to_come() {
    let (sender, receiver) = full(0);
    let (gives_up, _) = waiting(sender.send(1));
    assert_eq!(get(&receiver), Some(0));
    drop(gives_up);
    put(&sender, 2);
    assert_eq!(get(&receiver), Some(2));
}

#[test]
fn a_send_that_was_never_polled_sends_nothing() {
    let (sender, receiver) = channel(1);
    drop(sender.send(1));
    assert!(receiver.is_empty());
    put(&sender, 2);
}

#[test]
fn an_item_that_comes_in_the_same_moment_as_a_timeout_is_not_lost() {
    run(async {
        let (sender, receiver) = channel(1);
        drop(spawn(async move {
            sleep(SECOND).await;
            sender.send(1).await.unwrap();
        }));
        assert!(timeout(SECOND, receiver.recv()).await.is_err());
        assert_eq!((receiver.recv().await, now()), (Some(1), SECOND));
    });
}

// The end.

#[test]
fn a_channel_closed_by_its_sender_gives_what_is_in_it_and_then_ends() {
    let (sender, receiver) = full(1);
    sender.close();
    assert!(sender.is_closed());
    assert_eq!(poll(&mut Box::pin(sender.send(2))), Poll::Ready(Err(SendError(2))));
    assert_eq!([get(&receiver), get(&receiver), get(&receiver)], [Some(1), None, None]);
}

#[test]
fn a_channel_closed_by_its_receiver_gives_what_is_in_it_and_then_ends() {
    let (sender, receiver) = full(1);
    receiver.close();
    assert!(sender.is_closed());
    assert_eq!(poll(&mut Box::pin(sender.send(2))), Poll::Ready(Err(SendError(2))));
    assert_eq!([get(&receiver), get(&receiver), get(&receiver)], [Some(1), None, None]);
}

#[test]
fn closing_twice_is_fine() {
    let (sender, receiver) = full(1);
    sender.close();
    sender.close();
    receiver.close();
    drop(sender);
    assert_eq!([get(&receiver), get(&receiver)], [Some(1), None]);
}

#[test]
fn closing_gives_all_senders_that_wait_their_items_back() {
    let (sender, receiver) = full(0);
    let (mut first, first_wakes) = waiting(sender.send(1));
    let (mut second, second_wakes) = waiting(sender.send(2));
    receiver.close();
    assert_eq!((first_wakes.take(), second_wakes.take()), (1, 1));
    assert_eq!(poll(&mut second), Poll::Ready(Err(SendError(2))));
    assert_eq!(poll(&mut first), Poll::Ready(Err(SendError(1))));
    assert_eq!([get(&receiver), get(&receiver)], [Some(0), None]);
}

#[test]
fn a_sender_that_has_a_place_when_the_channel_is_closed_gets_its_item_back() {
    let (sender, receiver) = full(0);
    let (mut granted, _) = waiting(sender.send(1));
    assert_eq!(get(&receiver), Some(0));
    receiver.close();
    assert_eq!(poll(&mut granted), Poll::Ready(Err(SendError(1))));
    assert_eq!(get(&receiver), None);
}

#[test]
fn closing_ends_all_receivers_that_wait() {
    let (sender, receiver) = channel::<u32>(1);
    let (mut first, first_wakes) = waiting(receiver.recv());
    let (mut second, second_wakes) = waiting(receiver.recv());
    sender.close();
    assert_eq!((first_wakes.take(), second_wakes.take()), (1, 1));
    assert_eq!((poll(&mut second), poll(&mut first)), (Poll::Ready(None), Poll::Ready(None)));
}

#[test]
fn a_receiver_that_has_an_item_when_the_channel_is_closed_still_gets_it_and_then_the_others_end() {
    let (sender, receiver) = channel(1);
    let (mut granted, _) = waiting(receiver.recv());
    let (mut other, other_wakes) = waiting(receiver.recv());
    put(&sender, 1);
    sender.close();
    assert_eq!(other_wakes.take(), 0);
    assert!(poll(&mut other).is_pending(), "the first might still give it up");
    assert_eq!(poll(&mut granted), Poll::Ready(Some(1)));
    assert_eq!(poll(&mut other), Poll::Ready(None));
}

#[test]
fn who_waits_for_an_item_that_another_takes_last_is_woken_to_end() {
    let (sender, receiver) = channel(1);
    let (mut granted, _) = waiting(receiver.recv());
    let (mut other, other_wakes) = waiting(receiver.recv());
    put(&sender, 1);
    sender.close();
    assert_eq!((poll(&mut granted), other_wakes.take()), (Poll::Ready(Some(1)), 1));
    assert_eq!(poll(&mut other), Poll::Ready(None));
}

#[test]
fn an_item_given_up_after_the_end_goes_to_the_next_who_waits() {
    let (sender, receiver) = channel(1);
    let (gives_up, _) = waiting(receiver.recv());
    let (mut other, other_wakes) = waiting(receiver.recv());
    put(&sender, 1);
    sender.close();
    drop(gives_up);
    assert_eq!(other_wakes.take(), 1);
    assert_eq!(poll(&mut other), Poll::Ready(Some(1)));
}

#[test]
fn the_channel_ends_when_the_last_of_its_senders_is_dropped() {
    let (sender, receiver) = full(1);
    let clone = sender.clone();
    drop(sender);
    assert_eq!(get(&receiver), Some(1));
    let (mut receiving, wakes) = waiting(receiver.recv());
    drop(clone);
    assert_eq!(wakes.take(), 1);
    assert_eq!(poll(&mut receiving), Poll::Ready(None));
}

#[test]
fn senders_fail_when_the_last_of_the_receivers_is_dropped() {
    let (sender, receiver) = full(0);
    let clone = receiver.clone();
    drop(receiver);
    let (mut sending, wakes) = waiting(sender.send(1));
    drop(clone);
    assert_eq!(wakes.take(), 1);
    let Poll::Ready(Err(SendError(1))) = poll(&mut sending) else { panic!("its item should be back") };
    assert!(sender.is_closed());
}

#[test]
fn an_error_is_printed_whatever_the_item_is() {
    struct Plain;
    let error = SendError(Plain);
    assert_eq!(
        (format!("{error:?}"), error.to_string()),
        ("SendError(..)".into(), "the channel was closed".into())
    );
}

// Destructors.

/// Counts how often it and its clones are dropped.
#[derive(Clone)]
struct Counted(Rc<Cell<u32>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn every_item_is_dropped_exactly_once_wherever_it_ends_up() {
    let drops = Rc::new(Cell::new(0));
    let item = || Counted(Rc::clone(&drops));
    let (sender, receiver) = channel(2);

    put(&sender, item());
    put(&sender, item());
    drop(get(&receiver));
    assert_eq!(drops.get(), 1, "received");

    put(&sender, item());
    let (gives_up, _) = waiting(sender.send(item()));
    drop(gives_up);
    assert_eq!(drops.get(), 2, "given up");

    let (mut sending, _) = waiting(sender.send(item()));
    drop(receiver);
    assert_eq!(drops.get(), 4, "two were in the channel, which nobody will ever receive");

    let Poll::Ready(Err(refused)) = poll(&mut sending) else { panic!("the channel is closed") };
    assert_eq!(drops.get(), 4, "refused, and back in its sender's hands");
    drop(refused);
    assert_eq!(drops.get(), 5);
}

/// Looks at its own channel, and tries to use it, when it is dropped.
struct LooksBack {
    sender: Sender<LooksBack>,
    looked: Arc<AtomicUsize>,
}

impl Drop for LooksBack {
    fn drop(&mut self) {
        self.sender.close();
        drop(self.sender.clone());
        assert!(self.sender.is_closed());
        self.looked.fetch_add(1, SeqCst);
    }
}

/// Were any of them dropped under the channel's lock, that would be taken twice.
#[test]
fn an_item_may_use_its_channel_when_it_is_dropped() {
    let looked = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = channel(2);
    let item = || LooksBack { sender: sender.clone(), looked: Arc::clone(&looked) };
    put(&sender, item());
    put(&sender, item());
    let (gives_up, _) = waiting(sender.send(item()));
    drop(gives_up);
    assert_eq!(looked.load(SeqCst), 1, "given up");
    drop(receiver);
    assert_eq!(looked.load(SeqCst), 3, "never received");
}

#[test]
fn an_item_that_panics_as_it_is_dropped_takes_no_other_with_it() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a destructor that panics (this line belongs to a test)");
        }
    }
    let drops = Rc::new(Cell::new(0));
    let (sender, receiver) = channel(3);
    put(&sender, (None, Counted(Rc::clone(&drops))));
    put(&sender, (Some(Bomb), Counted(Rc::clone(&drops))));
    put(&sender, (None, Counted(Rc::clone(&drops))));
    panic_of(|| drop(receiver));
    assert_eq!(drops.get(), 3);
    assert!(sender.is_closed());
}

// As an iterator.

#[test]
fn a_loop_over_a_receiver_ends_with_the_last_sender_and_may_be_asked_again() {
    run(async {
        let (sender, mut receiver) = channel(3);
        for n in 1..=3 {
            sender.send(n).await.unwrap();
        }
        drop(sender);
        let mut items = Vec::new();
        for_await!(n in &mut receiver => { items.push(n); });
        assert_eq!(items, [1, 2, 3]);
        assert_eq!((receiver.next().await, receiver.next().await), (None, None));
    });
}

#[test]
fn a_next_that_gives_up_keeps_its_place_for_the_next_one() {
    let (sender, mut receiver) = channel(2);
    let other = receiver.clone();
    assert!(poll(&mut receiver.next()).is_pending());
    let (mut came_later, _) = waiting(other.recv());
    put(&sender, 1);
    assert!(poll(&mut came_later).is_pending());
    assert_eq!(poll(&mut receiver.next()), Poll::Ready(Some(1)));
    put(&sender, 2);
    assert_eq!(poll(&mut came_later), Poll::Ready(Some(2)));
}

#[test]
fn the_place_of_an_iterator_goes_with_it() {
    for is_granted in [false, true] {
        let (sender, mut receiver) = channel(1);
        let other = receiver.clone();
        assert!(poll(&mut receiver.next()).is_pending());
        let (mut came_later, wakes) = waiting(other.recv());
        if is_granted {
            put(&sender, 1);
            drop(receiver);
        } else {
            drop(receiver);
            put(&sender, 1);
        }
        assert_eq!((wakes.take(), poll(&mut came_later)), (1, Poll::Ready(Some(1))));
    }
}

#[test]
fn clones_of_a_receiver_share_the_items() {
    run(async {
        let (sender, receiver) = channel(1);
        let workers = [receiver.clone(), receiver].map(|receiver| {
            spawn(async move {
                let mut items = Vec::new();
                for_await!(n in receiver => {
                    items.push(n);
                    yield_now().await;
                });
                items
            })
        });
        for n in 0..10 {
            sender.send(n).await.unwrap();
        }
        drop(sender);
        let mut items = gather(workers).await.unwrap().concat();
        items.sort_unstable();
        assert_eq!(items, Vec::from_iter(0..10));
    });
}

// Threads.

/// Has four producers and four consumers pass a hundred items each, with `start` for a thread or a task.
fn pass_items_around(start: impl Fn(Pin<Box<dyn Future<Output = ()> + Send>>)) -> Vec<Vec<(u32, u32)>> {
    let (sender, receiver) = channel(3);
    let (results, all_results) = channel(4);
    for producer in 0..4 {
        let sender = sender.clone();
        start(Box::pin(async move {
            for n in 0..100 {
                sender.send((producer, n)).await.unwrap();
            }
        }));
    }
    drop(sender);
    for _ in 0..4 {
        let (receiver, results) = (receiver.clone(), results.clone());
        start(Box::pin(async move { results.send(receiver.collect().await).await.unwrap() }));
    }
    drop((receiver, results));
    block_on(all_results.collect())
}

fn each_item_came_once_and_in_order(mut consumed: Vec<Vec<(u32, u32)>>) {
    for producer in 0..4 {
        for items in &consumed {
            assert!(items.iter().filter(|(from, _)| *from == producer).is_sorted(), "{items:?}");
        }
    }
    let mut all = consumed.drain(..).flatten().collect::<Vec<_>>();
    all.sort_unstable();
    assert_eq!(all, Vec::from_iter((0..4).flat_map(|producer| (0..100).map(move |n| (producer, n)))));
}

#[test]
fn between_threads_each_item_comes_once_and_in_its_senders_order() {
    each_item_came_once_and_in_order(pass_items_around(|work| drop(thread::spawn(|| block_on(work)))));
}

#[test]
#[cfg_attr(miri, ignore = "the library behind the pool's queues is unsound in the eyes of Miri")]
fn between_tasks_that_wander_each_item_comes_once_and_in_its_senders_order() {
    let pool = ThreadPool::new(2).unwrap();
    each_item_came_once_and_in_order(pass_items_around(|work| drop(pool.spawn(work))));
}

#[test]
fn a_loop_is_woken_by_a_sender_on_another_thread() {
    let (sender, receiver) = channel(1);
    let other = thread::spawn(move || block_on(sender.send("hello")));
    assert_eq!(run(async move { receiver.recv().await }), Some("hello"));
    other.join().unwrap().unwrap();
}

// Budget.

#[test]
fn who_always_finds_an_item_lets_others_run() {
    run(async {
        let (sender, receiver) = channel(10_000);
        for n in 0..10_000 {
            sender.send(n).await.unwrap();
        }
        let receive_all = async {
            for _ in 0..10_000 {
                receiver.recv().await.unwrap();
            }
        };
        let turns = turns_beside(receive_all).await;
        assert!((10_000 / 128..10_000 / 32).contains(&turns), "{turns} turns");
    });
}

#[test]
fn who_always_finds_room_lets_others_run() {
    run(async {
        let (sender, _receiver) = channel(10_000);
        let send_all = async {
            for n in 0..10_000 {
                sender.send(n).await.unwrap();
            }
        };
        let turns = turns_beside(send_all).await;
        assert!((10_000 / 128..10_000 / 32).contains(&turns), "{turns} turns");
    });
}

#[test]
fn a_loop_over_a_channel_that_never_ends_lets_others_end_it() {
    run(async {
        let (sender, receiver) = channel(1);
        sender.send(0).await.unwrap();
        let stop = sender.clone();
        drop(spawn(async move {
            yield_now().await;
            stop.close();
        }));
        let mut rounds = 0;
        for_await!(n in receiver => {
            rounds += 1;
            _ = sender.send(n + 1).await; // So it is never empty.
        });
        assert!(rounds < 1_000, "{rounds} rounds");
    });
}

// Wakers that panic.

/// A waker that panics.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics (this line belongs to a test)");
    }
}

#[test]
fn a_waker_that_panics_harms_neither_the_sender_nor_the_item() {
    let (sender, receiver) = channel(1);
    let mut receiving = Box::pin(receiver.recv());
    assert!(poll_with(&mut receiving, &Waker::from(Arc::new(Bomb))).is_pending());
    put(&sender, 1);
    assert_eq!(poll(&mut receiving), Poll::Ready(Some(1)));
}

#[test]
fn a_waker_that_panics_harms_neither_the_receiver_nor_the_place() {
    let (sender, receiver) = full(0);
    let mut sending = Box::pin(sender.send(1));
    assert!(poll_with(&mut sending, &Waker::from(Arc::new(Bomb))).is_pending());
    assert_eq!(get(&receiver), Some(0));
    assert!(poll(&mut sending).is_ready());
    assert_eq!(get(&receiver), Some(1));
}

#[test]
fn a_waker_that_panics_at_the_end_keeps_no_other_from_being_woken() {
    let (sender, receiver) = channel::<u32>(1);
    let mut first = Box::pin(receiver.recv());
    assert!(poll_with(&mut first, &Waker::from(Arc::new(Bomb))).is_pending());
    let (_second, wakes) = waiting(receiver.recv());
    drop(sender);
    assert_eq!(wakes.take(), 1);
}

#[test]
fn a_waker_that_panics_harms_no_one_who_gives_up() {
    let (sender, receiver) = channel(1);
    let (gives_up, _) = waiting(receiver.recv());
    let mut next = Box::pin(receiver.recv());
    assert!(poll_with(&mut next, &Waker::from(Arc::new(Bomb))).is_pending());
    put(&sender, 1);
    drop(gives_up);
    assert_eq!(poll(&mut next), Poll::Ready(Some(1)));
}

/// Uses its channel when it is called or dropped.
struct UsesChannel(Sender<u32>);

impl Wake for UsesChannel {
    fn wake(self: Arc<Self>) {
        assert!(!self.0.is_closed());
    }
}

impl Drop for UsesChannel {
    fn drop(&mut self) {
        _ = self.0.is_closed();
    }
}

/// Were any of them called or dropped under the channel's lock, that would be taken twice.
#[test]
fn a_waker_may_use_its_channel_when_it_is_called_or_dropped() {
    let (sender, receiver) = channel(1);
    let waker = || Waker::from(Arc::new(UsesChannel(sender.clone())));
    let mut receiving = Box::pin(receiver.recv());
    for _ in 0..2 {
        assert!(poll_with(&mut receiving, &waker()).is_pending()); // The second is in the place of the first.
    }
    put(&sender, 1);
    assert_eq!(poll(&mut receiving), Poll::Ready(Some(1)));

    put(&sender, 2);
    let mut sending = Box::pin(sender.send(3));
    for _ in 0..2 {
        assert!(poll_with(&mut sending, &waker()).is_pending());
    }
    assert_eq!(get(&receiver), Some(2));
    assert!(poll(&mut sending).is_ready());

    let mut gives_up = Box::pin(sender.send(4));
    assert!(poll_with(&mut gives_up, &waker()).is_pending());
    drop(gives_up);
    assert_eq!(get(&receiver), Some(3));
}

// In tasks.

#[test]
fn a_task_aborted_while_it_receives_loses_no_item() {
    let notes = support::notes_of(async {
        let (sender, receiver) = channel(1);
        let aborted = spawn({
            let receiver = receiver.clone();
            async move { say(format!("the first got {:?}", receiver.recv().await)) }
        });
        let stays = spawn(async move { say(format!("the second got {:?}", receiver.recv().await)) });
        sleep(SECOND).await;
        sender.send(1).await.unwrap(); // The first is woken, and has it granted,
        aborted.abort(); // but never runs again.
        stays.await.unwrap();
    });
    assert_eq!(notes, ["the second got Some(1) at 1"]);
}

/// The item went to the place in the line that `next` had left behind, and `recv` took another place, behind it.
#[test]
fn a_receiver_that_gave_up_as_an_iterator_may_go_on_with_recv() {
    let (sender, mut receiver) = channel(1);
    assert!(poll(&mut receiver.next()).is_pending());
    assert!(poll(&mut Box::pin(sender.send(1))).is_ready());
    assert_eq!(poll(&mut Box::pin(receiver.recv())), Poll::Ready(Some(1)));
}
