//! The loop: `async for` as a macro of a few lines, with nothing in it but a pin and a `while let`.

/// Runs a block for each item of an async iterator, one after the other: Python's `async for`.
///
/// `break`, `continue`, `?` and `return` do what they do in a `for`. The iterator is dropped when the loop is left, which
/// runs its destructors at once.
///
/// ```
/// use step5::{for_await, from_iter};
///
/// let sum = step4::run(async {
///     let mut sum = 0;
///     for_await!(n in from_iter(1..=100) => {
///         if n % 2 == 0 {
///             continue;
///         }
///         if n > 9 {
///             break;
///         }
///         sum += n;
///     });
///     sum
/// });
/// assert_eq!(sum, 1 + 3 + 5 + 7 + 9);
/// ```
///
/// What it stands for, in full:
///
/// ```
/// # use std::pin::pin;
/// # use step5::{AsyncIterator, from_iter};
/// # step4::run(async {
/// # let items = from_iter(1..=3);
/// match items {
///     items => {
///         let mut items = pin!(items);
///         while let Some(item) = items.next().await {
///             let n = item; // the pattern
///             { println!("{n}"); } // the block
///         }
///     }
/// }
/// # });
/// ```
///
/// The pattern has to fit every item, as in a `for`: one that does not is refused when it is compiled, and ends no loop.
///
/// ```compile_fail,E0005
/// # use step5::{for_await, from_iter};
/// # step4::run(async {
/// for_await!(Ok(n) in from_iter([Ok(1), Err("lost")]) => { println!("{n}"); });
/// # });
/// ```
///
/// The `match` keeps temporaries in the expression alive throughout, as the expansion of Rust's own `for` does.
#[macro_export]
#[rustfmt::skip] // Ten lines.
macro_rules! for_await {
    ($item:pat in $items:expr => $body:block) => {
        match $items { items => {
            let mut items = ::std::pin::pin!(items);
            while let ::std::option::Option::Some(item) = $crate::AsyncIterator::next(&mut items).await {
                let $item = item; $body
            }
        }}
    };
}
