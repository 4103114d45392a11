//! What came of building an asset partition in scratch, in words.

use crate::answer::{RebuildOutcome, WhyDifferent, WhyNotRebuilt};

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
