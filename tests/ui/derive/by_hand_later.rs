// Moves what is left to copy later out of the copy that it belongs to.
use memzone::__private::Work;
use memzone::{DeepCopy, Zone, ZoneError};
use std::cell::RefCell;

thread_local! {
    static LATER: RefCell<Vec<Work<'static>>> = const { RefCell::new(Vec::new()) };
}

struct Voice;

impl<'z> DeepCopy<'z> for Voice {
    type Copied = Voice;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(Voice)
    }
    fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> impl Future<Output = Result<Self::Copied, ZoneError>> + 's
    where
        'z: 's,
    {
        LATER.with_borrow_mut(|later| later.push(work));
        async move { self.deep_copy(to) }
    }
}

fn main() {}
