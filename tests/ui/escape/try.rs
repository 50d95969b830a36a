// The `try_` twins give no longer lifetimes.
use memzone::{Zone, ZoneError};

fn gain<'a>() -> Result<&'a mut f32, ZoneError> {
    let zone = Zone::try_new(1024)?;
    zone.try_alloc(0.5)
}

fn main() {}
