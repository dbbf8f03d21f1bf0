//! Generators: what runs when they are left.

use compared::{Finally, ms, run, say};
use step2::yield_now;
use step3::sleep;
use step5::{AsyncIterator, Generator, for_await, generator};

fn letters() -> Generator<'static, char> {
    generator(|y| async move {
        y.finally(async {
            yield_now().await;
            say!("clean-up");
        });
        for letter in "abc".chars() {
            yield_now().await;
            y.emit(letter).await;
        }
    })
}

/// At its end, its clean-up has run before the loop goes on.
pub(crate) async fn to_its_end() {
    for_await!(letter in letters() => {
        say!("{letter}");
    });
    say!("after the loop");
}

/// `break` closes nothing: the clean-up runs later, in another task.
pub(crate) async fn break_is_not_close() {
    for_await!(letter in letters() => {
        say!("{letter}");
        break;
    });
    say!("after the loop");
    sleep(ms(40)).await;
    say!("later");
}

/// Closed explicitly, its clean-up has run when the close is over.
pub(crate) async fn closed() {
    let mut items = letters();
    for_await!(letter in &mut items => {
        say!("{letter}");
        break;
    });
    say!("after the loop");
    items.close().await;
    say!("closed");
}

/// Closing it twice is fine, and so is closing what was never begun; neither cleans up again.
pub(crate) async fn closed_twice() {
    let mut items = letters();
    items.close().await;
    say!("never begun");
    let mut items = letters();
    say!("{}", items.next().await.unwrap());
    items.close().await;
    items.close().await;
    say!("closed");
    for_await!(_letter in items => {
        say!("never printed");
    });
}

/// It runs only while it is asked for an item.
pub(crate) async fn runs_only_when_asked() {
    fn numbers() -> Generator<'static, u32> {
        generator(|y| async move {
            for number in [1, 2] {
                say!("making {number}");
                y.emit(number).await;
            }
            say!("no more");
        })
    }

    let mut items = numbers();
    say!("made");
    say!("got {}", items.next().await.unwrap());
    sleep(ms(40)).await;
    say!("asking again");
    say!("got {}", items.next().await.unwrap());
    say!("got {}", items.next().await.map_or("nothing".to_owned(), |number| number.to_string()));
}

/// `run` closes the generators that are left, before it returns.
pub(crate) fn left_when_main_ends() {
    async fn main() {
        let mut items = letters();
        say!("{}", items.next().await.unwrap());
        say!("main ends");
    }

    run(main());
    say!("run has returned");
}

/// A clean-up that is still waiting when the main coroutine ends.
pub(crate) async fn still_cleaning_up_as_main_ends() {
    fn letters() -> Generator<'static, char> {
        generator(|y| async move {
            y.finally(async {
                say!("cleaning up");
                sleep(ms(80)).await;
                say!("cleaned up");
            });
            y.emit('a').await;
            y.emit('b').await;
        })
    }

    for_await!(letter in letters() => {
        say!("{letter}");
        break;
    });
    sleep(ms(40)).await;
    say!("main ends");
}

/// A clean-up that does not wait, after `break`.
pub(crate) async fn plain_clean_up_after_break() {
    fn numbers() -> Generator<'static, u32> {
        generator(|y| async move {
            let _finally = Finally("clean-up");
            y.emit(1).await;
            y.emit(2).await;
        })
    }

    for_await!(number in numbers() => {
        say!("{number}");
        break;
    });
    say!("after the loop");
    sleep(ms(40)).await;
    say!("later");
}
