// Uses a name of the macro's own, which the body does not see.
use memzone::beginz;

fn main() {
    beginz!(z => scope.end());
}
