//! The zones on a timeline, for <https://ui.perfetto.dev> or `chrome://tracing`.

use std::path::Path;

/// Writes the trace until it is dropped.
#[cfg(feature = "tracing")]
pub(crate) type Trace = tracing_chrome::FlushGuard;

/// Writes each scope from here on as a span to a file.
#[cfg(feature = "tracing")]
pub(crate) fn start(path: &Path) -> Result<Trace, String> {
    use tracing_subscriber::prelude::*;

    let file = std::fs::File::create(path)
        .map_err(|error| format!("{}: cannot be written: {error}", path.display()))?;
    let (layer, trace) =
        tracing_chrome::ChromeLayerBuilder::new().writer(file).include_args(true).build();
    tracing_subscriber::registry().with(layer).init();
    Ok(trace)
}

#[cfg(not(feature = "tracing"))]
pub(crate) type Trace = ();

#[cfg(not(feature = "tracing"))]
pub(crate) fn start(_path: &Path) -> Result<Trace, String> {
    Err("--trace needs the feature `tracing`: \
         cargo run --release --features tracing --example denoise -- --trace out.json"
        .to_owned())
}
