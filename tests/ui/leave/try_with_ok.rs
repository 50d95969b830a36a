// The value is a `Result` whose error nobody names: `?` behind the scope says it too late.
use memzone::{ZoneError, try_letz};

enum Failure {
    Memory(ZoneError),
    Number,
}

impl From<ZoneError> for Failure {
    fn from(error: ZoneError) -> Self {
        Failure::Memory(error)
    }
}

fn sum(n: usize, text: &str) -> Result<f32, Failure> {
    try_letz!(block = [0.0_f32; n] => {
        block.fill(text.parse().map_err(|_| Failure::Number)?);
        Ok(block.iter().sum::<f32>())
    })?
}

fn main() {
    let _ = sum(4, "0.5");
}
