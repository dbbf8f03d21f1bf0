//! What an answer to `steal-queue` has to do: the first four as a program, the others under the model checker.

use super::Queue;

/// Makes a queue of these tasks.
fn queue(tasks: &[u32]) -> Queue {
    let queue = Queue::new();
    tasks.iter().for_each(|task| queue.push(*task));
    queue
}

/// Takes all tasks that are left.
fn rest(queue: &Queue) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop()).collect()
}

#[cfg(not(feature = "loom"))]
mod as_a_program {
    use exercises::{check, misconception};

    use super::{queue, rest};

    const HANGS: &str = "two locks are held at once, or the same one is taken twice";

    #[test]
    fn the_owner_pops_in_the_order_of_its_pushes() {
        check(|watch| {
            watch.a_hang_means("W4-both-locks", HANGS);
            let own = queue(&[1, 2, 3]);
            assert_eq!(own.pop(), Some(1));
            own.push(4);
            assert_eq!(rest(&own), [2, 3, 4]);
            assert_eq!(own.pop(), None, "it is empty");
        });
    }

    #[test]
    fn a_thief_takes_half_rounded_up_and_leaves_the_rest() {
        check(|watch| {
            watch.a_hang_means("W4-both-locks", HANGS);
            for (count, left) in [(5, 2), (4, 2), (1, 0)] {
                let (victim, thief) = (queue(&(1..=count).collect::<Vec<u32>>()), queue(&[]));
                assert!(thief.steal_from(&victim).is_some(), "there were {count} tasks");
                let rest = rest(&victim);
                if rest.is_empty() && left > 0 {
                    let text =
                        format!("the thief has taken all {count} tasks, and the victim is left with none");
                    misconception("W4-steals-all", &text);
                }
                assert_eq!(rest.len(), left, "how many of {count} tasks are left");
            }
        });
    }

    #[test]
    fn it_returns_the_oldest_and_keeps_the_others_behind_its_own() {
        check(|watch| {
            watch.a_hang_means("W4-both-locks", HANGS);
            let (victim, thief) = (queue(&[1, 2, 3, 4, 5]), queue(&[9]));
            assert_eq!(thief.steal_from(&victim), Some(1), "the oldest is run at once");
            assert_eq!(rest(&thief), [9, 2, 3], "the other two stand behind its own");
            assert_eq!(rest(&victim), [4, 5], "and the youngest stay");
        });
    }

    #[test]
    fn nothing_is_stolen_from_an_empty_queue() {
        check(|watch| {
            watch.a_hang_means("W4-both-locks", HANGS);
            let (victim, thief) = (queue(&[]), queue(&[9]));
            assert_eq!(thief.steal_from(&victim), None);
            assert_eq!(rest(&thief), [9], "its own are as they were");
        });
    }
}

#[cfg(feature = "loom")]
mod as_a_model {
    use exercises::sync::{Arc, thread};
    use exercises::{misconception, model};

    use super::{queue, rest};

    const HANGS: &str =
        "two thieves steal from each other: each holds its own lock, and waits for the other's";

    #[test]
    fn every_task_is_taken_once() {
        model("W4-both-locks", HANGS, || {
            let victim = Arc::new(queue(&[1, 2, 3]));
            let other = Arc::clone(&victim);
            let thief = thread::spawn(move || {
                let own = queue(&[]);
                let mut stolen: Vec<u32> = own.steal_from(&other).into_iter().collect();
                stolen.extend(rest(&own));
                stolen
            });
            let mut taken: Vec<u32> = victim.pop().into_iter().collect();
            taken.extend(thief.join().expect("stealing does not panic"));
            taken.extend(rest(&victim));
            taken.sort_unstable();
            if taken != [1, 2, 3] {
                let text = format!("of the tasks 1, 2 and 3, those that were taken are {taken:?}");
                misconception("W4-look-then-change", &text);
            }
        });
    }

    #[test]
    fn two_that_steal_from_each_other_come_to_an_end() {
        model("W4-both-locks", HANGS, || {
            let (one, two) = (Arc::new(queue(&[1])), Arc::new(queue(&[2])));
            let (its_own, its_victim) = (Arc::clone(&two), Arc::clone(&one));
            let thief = thread::spawn(move || its_own.steal_from(&its_victim));
            let mut taken: Vec<u32> = one.steal_from(&two).into_iter().collect();
            taken.extend(thief.join().expect("stealing does not panic"));
            taken.extend(rest(&one));
            taken.extend(rest(&two));
            taken.sort_unstable();
            assert_eq!(taken, [1, 2], "each task is taken once, whoever has stolen what");
        });
    }
}
