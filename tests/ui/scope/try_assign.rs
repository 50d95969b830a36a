// `try_letz!` refuses the same.
use memzone::{ZoneError, try_letz};

fn main() -> Result<(), ZoneError> {
    let mut window: &mut [f32] = &mut [];
    try_letz!(z; a = [0.0_f32; 64] => {
        window = a;
        z.used()
    })?;
    window.fill(1.0);
    Ok(())
}
