//! What an answer to `budget` has to do.

use std::future::{poll_fn, ready};
use std::rc::Rc;
use std::task::{Context, Poll};

use exercises::{CountingWaker, Task, check, misconception, note, notes};

use super::{Budget, Inbox, UNITS, WithBudget};

/// Receives from the inboxes by turns until they have no more, and notes every letter.
async fn reads(inboxes: Vec<Inbox>) {
    let mut open = inboxes;
    while !open.is_empty() {
        let mut still_open = Vec::new();
        for inbox in open {
            if let Some(letter) = poll_fn(|cx| inbox.receive(cx)).await {
                note(letter);
                still_open.push(inbox);
            }
        }
        open = still_open;
    }
}

/// Makes a budget that was filled up.
fn full() -> Rc<Budget> {
    let budget = Rc::new(Budget::default());
    budget.refill();
    budget
}

/// Spends until it is refused, and returns how many units there were.
fn spend_all(budget: &Budget, cx: &Context<'_>) -> u32 {
    let mut spent = 0;
    while budget.spend(cx).is_ready() {
        spent += 1;
        if spent > 100 * UNITS {
            let text = format!("of {UNITS} units, {spent} are spent, and the task still has its turn");
            misconception("W4-await-yields", &text);
        }
    }
    spent
}

#[test]
fn a_full_budget_is_spent_unit_by_unit() {
    check(|_| {
        let (budget, counting) = (full(), CountingWaker::new("task"));
        let waker = counting.waker();
        let cx = Context::from_waker(&waker);
        assert_eq!(spend_all(&budget, &cx), UNITS, "units after the first refill");
        assert_eq!(budget.spend(&cx), Poll::Pending, "there is none left until the next refill");
        budget.refill();
        budget.refill();
        assert_eq!(spend_all(&budget, &cx), UNITS, "units after two refills: it is full, and not twice so");
    });
}

#[test]
fn who_is_refused_is_polled_again() {
    check(|_| {
        let (budget, counting) = (full(), CountingWaker::new("task"));
        let waker = counting.waker();
        let cx = Context::from_waker(&waker);
        for _ in 0..UNITS {
            assert_eq!(budget.spend(&cx), Poll::Ready(()));
        }
        assert_eq!(counting.wakes(), 0, "who may go on has no need to be polled again");
        assert_eq!(budget.spend(&cx), Poll::Pending);
        if counting.wakes() == 0 {
            let text =
                "it is refused, and nobody was asked to poll it again: nothing else is going to happen";
            misconception("W2-forgets-waker", text);
        }
        assert_eq!(counting.wakes(), 1, "to ask once is enough");
    });
}

#[test]
fn letters_come_in_order() {
    check(|_| {
        let inbox = Inbox::new(&["a", "b"], &full());
        let waker = CountingWaker::new("task").waker();
        let cx = Context::from_waker(&waker);
        let received = [inbox.receive(&cx), inbox.receive(&cx), inbox.receive(&cx)];
        assert_eq!(received, [Poll::Ready(Some("a")), Poll::Ready(Some("b")), Poll::Ready(None)]);
    });
}

#[test]
fn no_letter_is_lost_when_the_budget_is_used_up() {
    check(|_| {
        let budget = full();
        let inbox = Inbox::new(&["a", "b"], &budget);
        let waker = CountingWaker::new("task").waker();
        let cx = Context::from_waker(&waker);
        spend_all(&budget, &cx);
        if inbox.receive(&cx).is_ready() {
            let text = "the task's budget is used up, and the inbox hands a letter out all the same";
            misconception("W4-budget-each", text);
        }
        budget.refill();
        let received = inbox.receive(&cx);
        if received == Poll::Ready(Some("b")) {
            let text = "`a` was taken out of the inbox before the price was refused, and is gone";
            misconception("W4-takes-then-pays", text);
        }
        assert_eq!(received, Poll::Ready(Some("a")), "it comes with the next poll");
    });
}

#[test]
fn each_poll_begins_with_a_full_budget() {
    check(|_| {
        let budget = Rc::new(Budget::default());
        let (inside, mut polls) = (Rc::clone(&budget), 0);
        let spends = poll_fn(move |cx| {
            note(format!("{} units", spend_all(&inside, cx)));
            polls += 1;
            if polls < 3 { Poll::Pending } else { Poll::Ready(7) }
        });
        assert_eq!(Task::new("task", WithBudget::new(spends, &budget)).run(), Some(7));
        assert_eq!(notes(), vec![format!("{UNITS} units"); 3], "in each of three polls");
        assert_eq!(Task::new("other", WithBudget::new(ready(8), &budget)).poll(), Poll::Ready(8));
    });
}

#[test]
fn all_that_one_poll_does_is_paid_from_one_budget() {
    check(|_| {
        let budget = Rc::new(Budget::default());
        let inboxes = [["a", "b", "c"], ["x", "y", "z"]].map(|letters| Inbox::new(&letters, &budget));
        let mut task = Task::new("two inboxes", WithBudget::new(reads(inboxes.into()), &budget));
        assert_eq!(task.poll(), Poll::Pending);
        assert_eq!(notes(), ["a", "x", "b", "y"]);
        assert_eq!(task.run(), Some(()), "it is woken until it is over");
        assert_eq!(notes(), ["a", "x", "b", "y", "c", "z"]);
    });
}

#[test]
fn a_hog_and_a_modest_task_take_turns() {
    check(|_| {
        let budget = Rc::new(Budget::default());
        let hogs = Inbox::new(&["h1", "h2", "h3", "h4", "h5", "h6"], &budget);
        let modest = Inbox::new(&["m1", "m2"], &budget);
        let mut hog = Task::new("hog", WithBudget::new(reads(vec![hogs]), &budget));
        let mut modest = Task::new("modest", WithBudget::new(reads(vec![modest]), &budget));
        let states = [hog.poll(), modest.poll(), hog.poll()];
        assert_eq!(notes(), ["h1", "h2", "h3", "h4", "m1", "m2", "h5", "h6"]);
        assert_eq!(states, [Poll::Pending, Poll::Ready(()), Poll::Ready(())]);
        assert_eq!((hog.wakes(), modest.wakes()), (1, 0), "only who is refused is polled again");
    });
}
