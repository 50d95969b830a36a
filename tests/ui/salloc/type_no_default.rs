// A type has to have a default.
use memzone::salloc;

#[derive(Clone, Copy)]
struct Frame;

fn main() {
    salloc!(Frame; 4);
}
