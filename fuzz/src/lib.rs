//! What must hold of any text, whatever gives the texts.

use assetctl::lockfile;
use assetctl::select::parse;
use assetctl::select::steps::{StepGraph, select_steps};

/// A text is a selection or has errors that point into it; a selection that is printed says the same when it is read again.
pub fn selection(text: &str) {
    let selection = match parse(text) {
        Ok(selection) => selection,
        Err(errors) => {
            assert!(!errors.is_empty(), "what is refused has a reason");
            for error in errors {
                let quoted = text.get(error.span.clone());
                assert!(quoted.is_some(), "{error} points at {:?}", error.span);
            }
            return;
        }
    };
    let printed = selection.to_string();
    let again = match parse(&printed) {
        Ok(again) => again,
        Err(errors) => panic!("{printed:?} is what {text:?} was printed as: {errors:?}"),
    };
    assert_eq!(printed, again.to_string(), "of {text:?}");
}

/// Clauses, one a line, select steps that exist, or all that select none are told.
pub fn steps(text: &str) {
    let clauses: Vec<&str> = text.lines().collect();
    match select_steps(&clauses, &Chain) {
        Ok(selected) => assert!(selected.ones().all(|step| step < Chain.len())),
        Err(errors) => {
            let wrong = |clause: &&str| select_steps(&[*clause], &Chain).is_err();
            let expected: Vec<&str> = clauses.into_iter().filter(wrong).collect();
            let told: Vec<&str> = errors.iter().map(|error| error.clause.as_str()).collect();
            assert_eq!(told, expected);
        }
    }
}

/// What is read of any text is the same after it was written, and damaged lines are told by places in the text.
pub fn lockfile(bytes: &[u8]) {
    if let Ok(parsed) = lockfile::parse("Assets.lock", bytes) {
        let printed = lockfile::print(&parsed.lock);
        let again = match lockfile::parse("Assets.lock", printed.as_bytes()) {
            Ok(again) => again,
            Err(error) => panic!("{printed:?} is what was written: {error:?}"),
        };
        assert_eq!(printed, lockfile::print(&again.lock));
    }
    if let Ok((_, damaged)) = lockfile::salvage("Assets.lock", bytes) {
        for line in damaged {
            assert!(bytes.get(line.span.clone()).is_some(), "{line:?} is in the text");
        }
    }
}

/// Steps that each wait for the one before, some with names that hold signs.
struct Chain;

const NAMES: [&str; 6] = ["a", "a@1", "a@1+", "b/c", "a@*", "+"];

impl StepGraph for Chain {
    fn len(&self) -> usize {
        NAMES.len()
    }

    fn find(&self, name: &str) -> Vec<usize> {
        NAMES.iter().position(|known| *known == name).into_iter().collect()
    }

    fn names(&self) -> Vec<String> {
        NAMES.map(str::to_owned).to_vec()
    }

    fn upstream(&self, step: usize, each: &mut dyn FnMut(usize)) {
        if let Some(up) = step.checked_sub(1) {
            each(up);
        }
    }

    fn downstream(&self, step: usize, each: &mut dyn FnMut(usize)) {
        if step + 1 < NAMES.len() {
            each(step + 1);
        }
    }
}
