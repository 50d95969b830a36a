// Ends a scope on another thread, by the macros' own means.
use memzone::__private::Scope;

fn main() {
    let scope = Scope::new(1024);
    std::thread::spawn(move || scope.end());
}
