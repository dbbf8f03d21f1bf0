//! What an answer to `two-objects` has to do: the first two as a program, the others under the model checker.

use super::{Object, sum, transfer};

#[cfg(not(feature = "loom"))]
mod as_a_program {
    use exercises::{check, note};

    use super::{Object, sum, transfer};

    #[test]
    fn a_transfer_moves_the_amount() {
        check(|_| {
            // One is at the lower address, whichever: both ways are tried.
            let objects = [Object::new(3), Object::new(40)];
            let numbers = || [*objects[0].lock(), *objects[1].lock()];
            transfer(&objects[0], &objects[1], 2);
            assert_eq!(numbers(), [1, 42], "from the first to the second");
            transfer(&objects[1], &objects[0], 12);
            assert_eq!(numbers(), [13, 30], "from the second to the first");
            assert_eq!((sum(&objects[0], &objects[1]), sum(&objects[1], &objects[0])), (43, 43));
            assert_eq!(numbers(), [13, 30], "a sum changes nothing");
        });
    }

    #[test]
    fn the_same_object_may_come_twice() {
        check(|watch| {
            watch.a_hang_means(
                "W7-two-arguments",
                "one object came twice, and its lock was taken twice by one thread",
            );
            let object = Object::new(21);
            note("a transfer from an object to itself");
            transfer(&object, &object, 5);
            assert_eq!(*object.lock(), 21, "after a transfer from an object to itself");
            note("the sum of an object and itself");
            assert_eq!(sum(&object, &object), 42, "the sum of an object and itself");
        });
    }
}

#[cfg(feature = "loom")]
mod as_a_model {
    use exercises::sync::{Arc, thread};
    use exercises::{misconception, model};

    use super::{Object, sum, transfer};

    const CIRCLE: &str = "each thread has one lock and waits for another one's, so all of them wait for ever";

    /// Makes objects with a hundred each. In an array, so that their addresses are in the same order in every execution.
    fn objects<const N: usize>() -> Arc<[Object; N]> {
        Arc::new(std::array::from_fn(|_| Object::new(100)))
    }

    #[test]
    fn opposite_transfers_come_to_their_end() {
        model("W7-given-order", CIRCLE, || {
            let objects = objects::<2>();
            let same = Arc::clone(&objects);
            let other = thread::spawn(move || transfer(&same[1], &same[0], 3));
            transfer(&objects[0], &objects[1], 20);
            other.join().expect("a transfer does not panic");
            assert_eq!((*objects[0].lock(), *objects[1].lock()), (83, 117), "after both transfers");
        });
    }

    #[test]
    fn no_sum_is_taken_in_the_middle() {
        model("W7-given-order", CIRCLE, || {
            let objects = objects::<2>();
            let same = Arc::clone(&objects);
            let other = thread::spawn(move || transfer(&same[0], &same[1], 20));
            let seen = sum(&objects[1], &objects[0]);
            if seen != 200 {
                let what =
                    format!("both objects have 200 together, and a sum of {seen} was seen during a transfer");
                misconception("W7-one-at-a-time", &what);
            }
            other.join().expect("a transfer does not panic");
        });
    }

    #[test]
    fn a_circle_of_transfers_comes_to_its_end() {
        model("W7-given-order", CIRCLE, || {
            let objects = objects::<3>();
            let others = [(1, 2, 10), (2, 0, 100)].map(|(from, to, amount)| {
                let same = Arc::clone(&objects);
                thread::spawn(move || transfer(&same[from], &same[to], amount))
            });
            transfer(&objects[0], &objects[1], 1);
            for other in others {
                other.join().expect("a transfer does not panic");
            }
            let numbers = [0, 1, 2].map(|at: usize| *objects[at].lock());
            assert_eq!(numbers, [199, 91, 10], "after all three transfers");
        });
    }
}
