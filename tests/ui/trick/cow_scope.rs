// Returns a borrowed `Cow` from a scope.
use memzone::beginz;
use std::borrow::Cow;

fn main() {
    let _name: Cow<str> = beginz!(z => Cow::Borrowed(&*z.alloc_str("name")));
}
