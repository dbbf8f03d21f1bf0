//! Step 5's `channel`: from task to task, with a bound.

use std::rc::Rc;

use compared::{ms, say};
use step2::yield_now;
use step3::sleep;
use step4::{gather, spawn};
use step5::{Receiver, Sender, channel};

/// A full queue makes the producer wait until there is room.
pub(crate) async fn back_pressure() {
    let (sender, receiver) = channel(2);

    async fn producer(sender: Sender<u32>) {
        for item in 1..5 {
            sender.send(item).await.unwrap();
            say!("put {item}");
        }
    }

    let task = spawn(producer(sender));
    sleep(ms(40)).await;
    say!("{} in the queue", receiver.len());
    for _ in 0..4 {
        say!("got {}", receiver.recv().await.unwrap());
        sleep(ms(40)).await;
    }
    task.await.unwrap();
}

/// Items go to the getters in the order in which they came.
pub(crate) async fn getters_in_order() {
    let (sender, receiver) = channel(2);

    async fn getter(name: &str, receiver: Receiver<u32>) {
        say!("{name} got {}", receiver.recv().await.unwrap());
    }

    let tasks = ["first", "second"].map(|name| spawn(getter(name, receiver.clone())));
    yield_now().await;
    sender.send(1).await.unwrap();
    sender.send(2).await.unwrap();
    gather(tasks).await.unwrap();
}

/// A getter that is cancelled when an item has come for it leaves it to the next.
pub(crate) async fn a_cancelled_getter_loses_no_item() {
    let (sender, receiver) = channel(1);

    async fn getter(name: &str, receiver: Receiver<&str>) {
        say!("{name} got {}", receiver.recv().await.unwrap());
    }

    let (first, second) = (spawn(getter("first", receiver.clone())), spawn(getter("second", receiver)));
    yield_now().await;
    sender.send("the item").await.unwrap();
    first.abort();
    second.await.unwrap();
}

/// A producer that is cancelled while it waits for room has put nothing, and keeps nobody waiting.
pub(crate) async fn a_cancelled_putter_puts_nothing() {
    let (sender, receiver) = channel(1);
    let sender = Rc::new(sender);

    async fn putter(item: u32, sender: Rc<Sender<u32>>) {
        sender.send(item).await.unwrap();
        say!("put {item}");
    }

    sender.send(1).await.unwrap();
    let (first, second) = (spawn(putter(2, Rc::clone(&sender))), spawn(putter(3, sender)));
    yield_now().await;
    first.abort();
    yield_now().await;
    say!("got {}", receiver.recv().await.unwrap());
    second.await.unwrap();
    say!("got {}", receiver.recv().await.unwrap());
}
