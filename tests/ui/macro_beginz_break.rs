// Leaves a loop that is not there.
use memzone::beginz;

fn main() {
    beginz!({ break; });
}
