//! Barrier: nobody goes on before all have come.

use std::rc::Rc;

use compared::{ms, say};
use step3::sleep;
use step4::{gather, spawn};
use step6::Barrier;

/// Nobody goes on before the last one has come.
pub(crate) async fn all_go_on_together() {
    async fn walker(barrier: Rc<Barrier>, name: &'static str, time: u64) -> &'static str {
        sleep(ms(time)).await;
        say!("{name} is there");
        barrier.wait().await;
        name
    }

    let barrier = Rc::new(Barrier::new(3));
    let walkers = [("first", 120), ("second", 40), ("third", 80)];
    let walkers = walkers.map(|(name, time)| spawn(walker(Rc::clone(&barrier), name, time)));
    say!("{}", format!("{:?}", gather(walkers).await.unwrap()).replace('"', "'"));
}

/// Each hears as how many it came, beginning with 0.
pub(crate) async fn in_the_order_in_which_they_came() {
    async fn walker(barrier: Rc<Barrier>, time: u64) -> usize {
        sleep(ms(time)).await;
        barrier.wait().await
    }

    let barrier = Rc::new(Barrier::new(3));
    let walkers = [120, 40, 80].map(|time| spawn(walker(Rc::clone(&barrier), time)));
    say!("{:?}", gather(walkers).await.unwrap());
}

/// When all have gone on, it is there for the next ones.
pub(crate) async fn again_and_again() {
    async fn walker(barrier: Rc<Barrier>, name: &'static str) {
        for lap in 1..4 {
            barrier.wait().await;
            if name == "first" {
                say!("lap {lap}");
            }
        }
    }

    let barrier = Rc::new(Barrier::new(2));
    gather(["first", "second"].map(|name| spawn(walker(Rc::clone(&barrier), name)))).await.unwrap();
}
