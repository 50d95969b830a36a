// Asks the current zone for values of a type that has no default.
fn main() {
    memzone::alloc::<&f32>(8);
}
