// Neither a value nor a type.
use memzone::salloc;

fn main() {
    salloc![1 +; 64];
}
