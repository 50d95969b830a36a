// Derives for what is no type.
use memzone::DeepCopy;

#[derive(DeepCopy)]
fn voice() {}

fn main() {}
