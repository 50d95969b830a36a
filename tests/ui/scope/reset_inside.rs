// Resets the scope's zone inside the scope.
use memzone::beginz;

fn main() {
    beginz!(z => z.reset().unwrap());
}
