// Names a lifetime that the type does not have.
use memzone::DeepCopy;

#[derive(DeepCopy)]
#[deep_copy(zone = 'zone)]
struct Token<'z, 'src> {
    text: &'src str,
    next: Option<&'z Token<'z, 'src>>,
}

fn main() {}
