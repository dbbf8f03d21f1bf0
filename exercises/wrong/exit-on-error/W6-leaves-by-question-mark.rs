//! A wrong answer to `exit-on-error`: the body is left by `?`, past the exit.

use std::future::Future;

async fn with<T, E>(
    enter: impl Future<Output = Result<(), E>>,
    body: impl Future<Output = Result<T, E>>,
    exit: impl Future<Output = ()>,
) -> Result<T, E> {
    enter.await?;
    let value = body.await?;
    exit.await;
    Ok(value)
}

#[cfg(test)]
#[path = "../../checks/exit-on-error.rs"]
mod checks;
