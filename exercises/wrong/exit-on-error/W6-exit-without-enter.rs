//! A wrong answer to `exit-on-error`: the exit stands behind a failed enter, too.

use std::future::Future;

async fn with<T, E>(
    enter: impl Future<Output = Result<(), E>>,
    body: impl Future<Output = Result<T, E>>,
    exit: impl Future<Output = ()>,
) -> Result<T, E> {
    let result = async {
        enter.await?;
        body.await
    }
    .await;
    exit.await;
    result
}

#[cfg(test)]
#[path = "../../checks/exit-on-error.rs"]
mod checks;
