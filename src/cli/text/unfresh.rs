//! Why asset partitions are not fresh, or cannot be judged, in words.

use crate::answer::{
    Certainty, CheckBasis, RebuildOutcome, StaleRange, Unverifiable, WhyDifferent, WhyNotRebuilt,
    WhyUnverifiable,
};
use crate::cli::text::cause::summary;
use crate::cli::text::{count, subject};
use crate::model::{Cause, CodeChange, DataChange, Presence, Status};

/// How many causes are told.
const CAUSES: usize = 3;

/// Why partitions are not fresh: `steps/clean.py changed`.
pub fn why(stale: &StaleRange, basis: CheckBasis) -> String {
    let mut causes: Vec<_> = stale.causes.iter().map(|it| told(it, stale)).collect();
    causes.dedup();
    let text = match (causes.len(), stale.status) {
        (0, status) => without_cause(status, basis).to_owned(),
        (many, _) if many > CAUSES => {
            let more = count(many as u64 - (CAUSES as u64 - 1), "more cause");
            format!("{}, and {more}", causes[..CAUSES - 1].join(", "))
        }
        _ => causes.join(", "),
    };
    match stale.certainty {
        Certainty::Exact => text,
        Certainty::Cautious => format!("{text}; they are one block in Assets.lock"),
    }
}

/// A cause of partitions. A lock file tells that something changed, and not from what to what.
fn told(cause: &Cause, stale: &StaleRange) -> String {
    match cause {
        Cause::Code(CodeChange {
            what,
            path: None,
            new: None,
            ..
        }) if what == "code" => "its code cannot be read".to_owned(),
        Cause::Code(CodeChange {
            what, path: None, ..
        }) if what == "code" || what.starts_with("code or ") => format!("its {what} changed"),
        Cause::Code(CodeChange {
            what, path: None, ..
        }) if what == "lock line" => "its line in Assets.lock was changed".to_owned(),
        Cause::Data(change) if change.old.is_none() && change.new.is_none() => {
            let verb = match change.presence {
                Presence::Missing => "is missing",
                Presence::Unreadable => "cannot be read",
                Presence::ToBeMade => "is not up to date",
                Presence::Removed => "is not read any more",
                Presence::There => "changed",
            };
            format!("{} {verb}", read(change, stale))
        }
        _ if stale.range.count == 1 => summary(cause),
        _ => subject(cause),
    }
}

/// What is read: a file or a partition, where it is the only one of its input.
fn read(change: &DataChange, stale: &StaleRange) -> String {
    let of_input = |cause: &&Cause| matches!(cause, Cause::Data(it) if it.input == change.input);
    let is_only = stale.range.count == 1 && stale.causes.iter().filter(of_input).count() == 1;
    match (&change.path, &change.partition) {
        (Some(path), _) if is_only => path.clone(),
        (_, Some(partition)) if is_only => format!("{}@{partition}", change.asset),
        _ => change.asset.to_string(),
    }
}

/// The word for the status of partitions.
pub fn status_word(stale: &StaleRange) -> &'static str {
    match (stale.certainty, stale.status) {
        (Certainty::Cautious, Status::Stale) => "may be stale",
        (_, status) => status.word(),
    }
}

fn without_cause(status: Status, basis: CheckBasis) -> &'static str {
    match (status, basis) {
        (Status::Missing, CheckBasis::Lock) => "not in Assets.lock",
        (Status::Missing, CheckBasis::Instance) => "never materialized",
        (Status::Failed, _) => "the last attempt failed",
        (Status::Pending, _) => "an upstream is not fresh",
        (Status::Blocked, CheckBasis::Lock) => "its partitions definition has no keys now",
        (Status::Blocked, CheckBasis::Instance) => "an upstream is missing",
        (_, CheckBasis::Lock) => "its line in Assets.lock is not what its inputs give",
        (_, CheckBasis::Instance) => "it is not what its inputs give",
    }
}

/// Why nothing tells whether outputs are those of a line in the lock file.
pub const UNVERIFIABLE: &str = "only a record could say whether the outputs here are up to date";

/// Why partitions cannot be judged, and how they can be: `data/a.csv is a Git LFS pointer: git lfs pull`.
pub fn why_unverifiable(unverifiable: &Unverifiable) -> String {
    let path = &unverifiable.path;
    match unverifiable.why {
        WhyUnverifiable::LfsPointer => {
            format!("{path} is a pointer of Git LFS: `git lfs pull` fetches it")
        }
        WhyUnverifiable::NotCheckedOut => {
            format!("{path} is not checked out: `git sparse-checkout add` fetches it")
        }
        WhyUnverifiable::AnnexLink => {
            format!("{path} is a link of git-annex: `git annex get` fetches its content")
        }
        WhyUnverifiable::NoRecord => format!(
            "{path} is here, and only a record could say whether it is up to date: `assetctl accept {}` makes one",
            unverifiable.range.asset
        ),
    }
}

/// What is wrong with it, to follow its name; that it came out the same is nothing wrong.
pub fn not_the_same(outcome: &RebuildOutcome) -> String {
    match outcome {
        RebuildOutcome::Same => "comes out the same".to_owned(),
        RebuildOutcome::Failed { message, .. } => format!(
            "fails in scratch, with only its declared inputs ({message}): it probably reads something else, too"
        ),
        RebuildOutcome::Different { outputs, why } => {
            let outputs = outputs.join(", ");
            match why {
                WhyDifferent::Undeclared => format!(
                    "makes another {outputs} in scratch, with only its declared inputs: it reads something else, too"
                ),
                WhyDifferent::Irreproducible => {
                    format!("makes another {outputs} each time: the command is not reproducible")
                }
            }
        }
    }
}

/// Why something is not rebuilt, to follow `as`.
pub fn why_not_rebuilt(why: WhyNotRebuilt) -> &'static str {
    match why {
        WhyNotRebuilt::NoCommand => "no command makes it",
        WhyNotRebuilt::Volatile => "it is volatile",
        WhyNotRebuilt::Incremental => "it starts from its previous output",
        WhyNotRebuilt::DataVersionOfInputs => "its data version depends only on its inputs",
        WhyNotRebuilt::Folded => "Assets.lock has only a block of it",
        WhyNotRebuilt::ObservedInput => "it reads an observed source",
        WhyNotRebuilt::InputsNotHere => "its inputs are not here as locked",
    }
}

#[cfg(test)]
mod tests {
    use super::why;
    use crate::answer::{Certainty, CheckBasis, ManifestLine, StaleRange};
    use crate::cli::fixtures::{code, data, range};
    use crate::model::{Cause, Status};

    #[test]
    fn reasons() {
        let place = ManifestLine {
            file: "Assets.toml".into(),
            line: 1,
        };
        let of = |count: u32, status, causes: &[Cause], certainty| StaleRange {
            range: range("day", "2013-07-04", "2013-07-05", count),
            status,
            causes: causes.to_vec(),
            certainty,
            place: place.clone(),
        };
        let changed = data("clean", "2013-07-04", vec![]);
        let many = ["a", "b", "c", "d"].map(code);
        for (stale, told) in [
            (
                of(1, Status::Missing, &[], Certainty::Exact),
                "not in Assets.lock",
            ),
            (
                of(
                    1,
                    Status::Stale,
                    std::slice::from_ref(&changed),
                    Certainty::Exact,
                ),
                "clean@2013-07-04 changed",
            ),
            (
                of(2, Status::Stale, &[changed], Certainty::Exact),
                "clean changed",
            ),
            (
                of(2, Status::Stale, &many, Certainty::Cautious),
                "a changed, b changed, and 2 more causes; they are one block in Assets.lock",
            ),
        ] {
            assert_eq!(why(&stale, CheckBasis::Lock), told);
        }
    }
}
