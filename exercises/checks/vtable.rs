//! What an answer to `vtable` has to do. The bells here are never freed, so that a wrong count is a wrong number and no more.

use std::iter::repeat_n;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;

use exercises::{check, misconception};

use super::{Bell, waker};

/// A bell with counts to spare, which tells how many more there are.
struct Counted(Arc<Bell>);

const SPARE: usize = 32;

/// Where the spare counts stay: what is in a static is never freed, and no leak to those who look for such.
static SPARES: Mutex<Vec<Arc<Bell>>> = Mutex::new(Vec::new());

impl Counted {
    fn new() -> Self {
        let bell = Arc::new(Bell::default());
        SPARES.lock().expect("nothing panics under this lock").extend(repeat_n(Arc::clone(&bell), SPARE));
        Self(bell)
    }

    fn waker(&self) -> Waker {
        waker(Arc::clone(&self.0))
    }

    /// The counts that wakers own: less than 0 if too many were given back.
    fn counts(&self) -> isize {
        Arc::strong_count(&self.0).cast_signed() - SPARE.cast_signed() - 1
    }

    fn rings(&self) -> usize {
        self.0.rings.load(SeqCst)
    }
}

#[test]
fn making_a_waker_hands_a_count_over() {
    check(|_| {
        let bell = Counted::new();
        let waker = bell.waker();
        assert_eq!((bell.counts(), bell.rings()), (1, 0), "(counts, rings) while there is one waker");
        std::mem::forget(waker);
    });
}

#[test]
fn a_clone_adds_a_count() {
    check(|_| {
        let bell = Counted::new();
        let first = bell.waker();
        let second = first.clone();
        let (counts, rings) = (bell.counts(), bell.rings());
        std::mem::forget((first, second));
        if counts == 1 {
            misconception("W2-uncounted-clone", "there are two wakers now, and one count");
        }
        assert_eq!((counts, rings), (2, 0), "(counts, rings) while there are two wakers");
    });
}

#[test]
fn a_drop_takes_the_count_away() {
    check(|_| {
        let bell = Counted::new();
        drop(bell.waker());
        assert_eq!((bell.counts(), bell.rings()), (0, 0), "(counts, rings) after the only waker was dropped");
    });
}

#[test]
fn wake_rings_and_takes_the_count_away() {
    check(|_| {
        let bell = Counted::new();
        bell.waker().wake();
        assert_eq!(bell.rings(), 1, "rings after one `wake`");
        if bell.counts() == 1 {
            misconception(
                "W2-wake-keeps-count",
                "the waker is used up, and its count is still there: a leak",
            );
        }
        assert_eq!(bell.counts(), 0, "counts after the only waker was used up");
    });
}

#[test]
fn wake_by_ref_rings_and_keeps_the_count() {
    check(|_| {
        let bell = Counted::new();
        let waker = bell.waker();
        waker.wake_by_ref();
        let counts = bell.counts();
        std::mem::forget(waker);
        assert_eq!(bell.rings(), 1, "rings after one `wake_by_ref`");
        if counts == 0 {
            misconception("W2-reference-takes-count", "the waker is still there, and its count is gone");
        }
        assert_eq!(counts, 1, "counts while there is one waker");
    });
}

#[test]
fn clones_ring_the_same_bell_and_all_counts_balance() {
    check(|_| {
        let bell = Counted::new();
        let first = bell.waker();
        let others: Vec<_> = (0..4)
            .map(|_| {
                let waker = first.clone();
                thread::spawn(move || {
                    let another = waker.clone();
                    another.wake_by_ref();
                    another.wake();
                    drop(waker);
                })
            })
            .collect();
        for other in others {
            other.join().expect("waking does not panic");
        }
        drop(first);
        assert_eq!((bell.counts(), bell.rings()), (0, 8), "(counts, rings) after all wakers are gone");
    });
}
