// `try_letz!` refuses the same.
use memzone::{ZoneError, try_letz};

fn main() -> Result<(), ZoneError> {
    let window: &mut [f32];
    try_letz!(a = [0.0_f32; 64] => {
        window = a;
    })?;
    window.fill(1.0);
    Ok(())
}
