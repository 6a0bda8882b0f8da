//! a question that is ready to be sent → when it may go, how long it is waited for, and whether it is tried again
//!
//! Hosted models limit how much is asked in a minute, fail now and then, and cost money. What to do then is decided
//! here, by state machines without I/O: the time (milliseconds of a clock that does not go back) and chance (a number
//! in 0…1) are handed in, and whoever sends does what they say. So ten minutes of a busy day can be simulated in a
//! test. A [`Limiter`] lets requests go one after the other, [`Retry`] says whether one that failed is sent again,
//! [`Watch`] when it is given up, a [`Spending`] what may be spent, and a [`Cache`] keeps answers.

mod amount;
mod bucket;
mod budget;
mod cache;
mod dates;
mod headers;
mod limiter;
mod retry;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod simulation;
mod watch;

pub use amount::Amount;
pub use budget::{Allowance, Budget, Cost, Spending};
pub use cache::Cache;
pub(super) use dates::number;
pub use headers::{Hints, Window};
pub use limiter::{Limiter, Limits, Outcome, Ready, Ticket};
pub use retry::{Failure, Retry};
pub use watch::{Timeout, Timeouts, Watch};

/// A day, in milliseconds: no wait is longer, whatever a server says.
const DAY: f64 = 86_400_000.0;

/// What a server or a caller said, within reason: 0 where it is no number or negative, and `most` where it is larger.
fn within(value: f64, most: f64) -> f64 {
    if value >= 0.0 { value.min(most) } else { 0.0 }
}
