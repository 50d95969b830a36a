// A value is copied into each place, and none is dropped.
use memzone::salloc_with;

fn main() {
    salloc_with(4, String::new(), |_| ()).unwrap();
}
