//! Transactions across `await`: a suspension point is a switch point.

use std::cell::Cell;

use compared::say;
use step2::yield_now;
use step4::join_all;
use step6::Mutex;

#[derive(Default)]
struct Account {
    balance: Cell<u32>,
}

async fn deposit(account: &Account) {
    let balance = account.balance.get();
    yield_now().await;
    account.balance.set(balance + 1);
}

/// A hundred deposits that read, await and write: all but one are lost.
pub(crate) async fn without_a_lock() {
    let account = Account::default();
    join_all((0..100).map(|_| deposit(&account))).await;
    say!("{}", account.balance.get());
}

/// The same, one at a time: none is lost.
pub(crate) async fn with_a_lock() {
    let (account, lock) = (Account::default(), Mutex::new(()));

    let locked = async || {
        let _guard = lock.lock().await;
        deposit(&account).await;
    };

    join_all((0..100).map(|_| locked())).await;
    say!("{}", account.balance.get());
}

/// No await between reading and writing: none is lost, and no lock is needed.
pub(crate) async fn without_an_await_in_between() {
    let account = Account::default();

    let at_once = async || {
        yield_now().await;
        account.balance.set(account.balance.get() + 1);
    };

    join_all((0..100).map(|_| at_once())).await;
    say!("{}", account.balance.get());
}
