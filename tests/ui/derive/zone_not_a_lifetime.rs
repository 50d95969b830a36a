// Names the zone's lifetime without its quote.
use memzone::DeepCopy;

#[derive(DeepCopy)]
#[deep_copy(zone = z)]
struct Token<'z, 'src> {
    text: &'src str,
    next: Option<&'z Token<'z, 'src>>,
}

fn main() {}
