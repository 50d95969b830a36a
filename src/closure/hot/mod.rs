//! Closures that are redefined while another thread plays them.
//!
//! I23 to I25 live here. The first two are kept by `mailbox`.

mod mailbox;

mod caller;

mod fade;

// Its curves need sines.
#[cfg(feature = "std")]
mod block_fade;

#[cfg(feature = "std")]
pub use block_fade::{Block, BlockFader, Fade, Sample};
pub use caller::{Binder, Caller, hot, try_hot};
pub use fade::{Fader, Mix};
