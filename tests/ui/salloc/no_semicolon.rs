// A value or a type, and no length.
use memzone::salloc;

fn main() {
    salloc![0.0];
    salloc!(Vec<u8>);
}
