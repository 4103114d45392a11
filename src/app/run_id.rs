//! The id of a new run.

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use crate::model::RunId;

/// An id that nobody else has, of a run that begins at `time`: ids are sorted by it, to the millisecond.
pub(super) fn new_run_id(time: Timestamp) -> RunId {
    // The ids of this form begin in 1970.
    let time = time.max(Timestamp::UNIX_EPOCH);
    let seconds = time.as_second().unsigned_abs();
    let nanoseconds = time.subsec_nanosecond().unsigned_abs();
    let time = uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds);
    RunId(Uuid::new_v7(time))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::new_run_id;

    #[test]
    fn it_begins_with_the_time_and_is_never_the_same() {
        for (time, begins) in [
            (Timestamp::UNIX_EPOCH, "00000000-0000-7"),
            (Timestamp::MIN, "00000000-0000-7"),
            (
                "2001-02-03T04:05:06Z".parse().expect("a time"),
                "00e47279-7550-7",
            ),
        ] {
            let (one, other) = (new_run_id(time), new_run_id(time));
            assert!(one.to_string().starts_with(begins), "{one}");
            assert_ne!(one, other);
        }
    }
}
