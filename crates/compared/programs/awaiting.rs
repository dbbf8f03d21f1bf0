//! What `await` does: a call in line, unless what is awaited has to wait.

use compared::{ms, say};
use step2::yield_now;
use step3::sleep;
use step4::spawn;

async fn say_soon(text: &'static str) {
    say!("{text}");
}

/// Awaiting a coroutine runs it in line; no other task has a turn.
pub(crate) async fn awaiting_a_coroutine_is_a_call() {
    async fn inner() {
        say!("inner");
    }

    let other = spawn(say_soon("other task"));
    say!("before");
    inner().await;
    say!("after");
    other.await.unwrap();
}

/// Others run when the innermost await has to wait, however deep that is.
pub(crate) async fn only_a_suspension_lets_others_run() {
    async fn innermost() {
        say!("innermost begins");
        yield_now().await;
        say!("innermost ends");
    }

    async fn middle() {
        innermost().await;
    }

    let other = spawn(say_soon("other task"));
    middle().await;
    other.await.unwrap();
}

/// Awaiting what is done already does not wait.
pub(crate) async fn awaiting_what_is_done() {
    let done = spawn(say_soon("done"));
    yield_now().await;
    let other = spawn(say_soon("other task"));
    done.await.unwrap();
    say!("awaited");
    other.await.unwrap();
}

/// Two coroutines awaited one after the other add up; two tasks overlap.
pub(crate) async fn two_coroutines_in_a_row() {
    async fn wait(text: &str) {
        sleep(ms(60)).await;
        say!("{text}");
    }

    async fn clock() {
        sleep(ms(90)).await;
        say!("0.09 s have passed");
    }

    let ticking = spawn(clock());
    let (first, second) = (wait("first coroutine"), wait("second coroutine"));
    first.await;
    second.await;
    ticking.await.unwrap();

    let ticking = spawn(clock());
    let (first, second) = (spawn(wait("first task")), spawn(wait("second task")));
    first.await.unwrap();
    second.await.unwrap();
    ticking.await.unwrap();
}
