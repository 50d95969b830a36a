// Says of a parameter that it stays, where a field of that type would be copied.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Marked<#[deep_copy(keep)] T> {
    value: T,
}

fn main() {}
