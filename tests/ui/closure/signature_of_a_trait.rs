// Adds what is no signature: a trait of one's own, or a closure that other threads may share.
trait Process {}

memzone::signature!(Process);
memzone::signature!(Fn(&[f32]) -> f32);

fn main() {}
