//! Causes of several partitions told as one.

use crate::model::{Cause, DataChange};

/// Whether two lists of causes say the same of two partitions: the same kinds, inputs and fields, whatever the keys and
/// versions are.
#[must_use]
pub fn alike(a: &[Cause], b: &[Cause]) -> bool {
    let mut a: Vec<String> = a.iter().map(shape).collect();
    let mut b: Vec<String> = b.iter().map(shape).collect();
    a.dedup();
    b.dedup();
    a == b
}

/// The causes of the first of several partitions as causes of all: without keys and versions that are its own.
#[must_use]
pub fn of_all(causes: &[Cause]) -> Vec<Cause> {
    let mut all: Vec<Cause> = Vec::new();
    for cause in causes {
        let cause = match cause {
            Cause::Data(change) => Cause::Data(DataChange {
                partition: None,
                path: None,
                old: None,
                new: None,
                root: of_all(&change.root),
                ..change.clone()
            }),
            other => other.clone(),
        };
        if !all.contains(&cause) {
            all.push(cause);
        }
    }
    all
}

fn shape(cause: &Cause) -> String {
    match cause {
        Cause::Code(change) => format!("code {} {:?}", change.what, change.path),
        Cause::Dependency { input, change } => {
            format!("dependency {input} {:?}", std::mem::discriminant(change))
        }
        Cause::DependencyRemoved => "dependency removed".to_owned(),
        Cause::Data(change) => {
            let root: Vec<String> = change.root.iter().map(shape).collect();
            let presence = change.presence;
            format!("data {} {presence:?} {}", change.input, root.join(", "))
        }
        Cause::Output { output, change, .. } => {
            format!("output {output:?} {:?}", std::mem::discriminant(change))
        }
        Cause::Rule { .. } | Cause::Forced | Cause::Volatile | Cause::FailedBefore => {
            cause.kind().word().to_owned()
        }
    }
}
