//! What the arguments of a selection stand for, before their partitions are looked at.

use std::collections::BTreeSet;

use crate::app::error::{AppError, Quoted, RequestError};
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::lookups::{check_revisions, is_of_declarations_alone, look_up};
use crate::app::selection::{ArgumentPosition, Errors, Range};
use crate::model::{AssetId, Job, PartitionKey, RANGE_SIGN, SelectionText};
use crate::select::{Lookups, Mention, SelectedAssets, evaluate, parse, with_jobs};

/// How an asset or source came to be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// By its name: what it lacks is an error.
    Named,
    /// With all others, or by an expression: where it lacks what is asked for, it is left out.
    Reached,
}

/// What the arguments of a selection stand for.
pub(super) struct Members {
    /// What is selected as a whole, in order of declaration.
    pub(super) whole: Vec<(AssetId, Manner)>,
    /// Partitions that are named with their assets.
    pub(super) single: Vec<Single>,
    /// What is named alone.
    pub(super) alone: Vec<AssetId>,
    /// What the user should know of the instance, where it was asked.
    pub(super) notices: Vec<Notice>,
}

/// A partition that is named with its asset.
pub(super) struct Single {
    /// The asset or source.
    pub(super) asset: AssetId,
    /// The partition, or the first of a range.
    pub(super) key: PartitionKey,
    /// The last partition of a range.
    pub(super) last: Option<PartitionKey>,
    /// Which argument it is, or is in.
    pub(super) argument: ArgumentPosition,
    text: String,
    /// Where the name starts in the argument, the `@` stands, and the key ends.
    start: usize,
    at: usize,
    end: usize,
}

impl Members {
    /// Reads and evaluates the arguments; without any everything in `range`. What is wrong with them is added to
    /// `errors`.
    ///
    /// # Errors
    ///
    /// What cannot be looked up.
    pub(super) fn read(
        project: &OpenProject,
        arguments: &[SelectionText],
        range: Range,
        errors: &mut Errors,
    ) -> Result<Self, AppError> {
        let graph = project.graph();
        let mut members = Self {
            whole: Vec::new(),
            single: Vec::new(),
            alone: Vec::new(),
            notices: Vec::new(),
        };
        if arguments.is_empty() {
            let ids = graph.ids();
            let ids = ids.filter(|id| range.admits(project, *id, Manner::Reached));
            members.whole = ids.map(|id| (id, Manner::Reached)).collect();
            return Ok(members);
        }
        let (positions, selected) = evaluated(project, arguments, &mut members.notices, errors)?;
        for mention in &selected.mentions {
            let position = positions[mention.selection];
            if let Err(error) = range.check(project, mention.asset) {
                errors.push((ArgumentPosition::Argument(position), error));
                continue;
            }
            members.alone.push(mention.asset);
            match Single::of(mention, position, &arguments[position]) {
                Some(Ok(single)) => members.single.push(single),
                Some(Err(error)) => errors.push((ArgumentPosition::Argument(position), error)),
                None => {}
            }
        }
        for id in selected.whole.iter() {
            let manner = if selected.named.contains(id) {
                Manner::Named
            } else {
                Manner::Reached
            };
            if range.admits(project, id, manner) {
                members.whole.push((id, manner));
            }
        }
        Ok(members)
    }
}

impl Members {
    /// Keeps what a job selects, too; what is named and does not belong to it is an error.
    pub(super) fn keep_among(
        &mut self,
        of_job: &Self,
        project: &OpenProject,
        job: &Job,
        errors: &mut Errors,
    ) {
        let ids: BTreeSet<AssetId> = of_job.whole.iter().map(|(id, _)| *id).collect();
        let mut refused = BTreeSet::new();
        let mut check = |id: AssetId, place: ArgumentPosition| {
            if !ids.contains(&id) && refused.insert(id) {
                let asset = project.graph().key(id).to_string();
                let job = job.name.to_string();
                errors.push((place, RequestError::NotOfJob { asset, job }));
            }
        };
        for (id, manner) in &self.whole {
            if *manner == Manner::Named {
                check(*id, ArgumentPosition::Flag);
            }
        }
        for single in &self.single {
            check(single.asset, single.argument);
        }
        self.whole.retain(|(id, _)| ids.contains(id));
        self.single.retain(|single| ids.contains(&single.asset));
        self.alone.retain(|id| ids.contains(id));
    }
}

/// What the arguments stand for that can be read, with the position of each of those.
fn evaluated(
    project: &OpenProject,
    arguments: &[SelectionText],
    notices: &mut Vec<Notice>,
    errors: &mut Errors,
) -> Result<(Vec<usize>, SelectedAssets), AppError> {
    let mut selections = Vec::new();
    let mut positions = Vec::new();
    for (position, argument) in arguments.iter().enumerate() {
        match parse(argument.as_str()) {
            Ok(selection) => {
                selections.push(selection);
                positions.push(position);
            }
            Err(all) => {
                let place = ArgumentPosition::Argument(position);
                errors.extend(all.into_iter().map(|error| (place, error.into())));
            }
        }
    }
    let graph = project.graph();
    let mut wrong = Vec::new();
    let mut selected = evaluate(graph, &selections, &Lookups::default(), &mut wrong);
    let with_jobs = with_jobs(graph, &selections);
    let checked = check_revisions(project, &with_jobs, &mut wrong);
    if wrong.is_empty() && errors.is_empty() {
        checked?;
        if !with_jobs.iter().all(is_of_declarations_alone) {
            let lookups = look_up(project, &with_jobs, notices)?;
            selected = evaluate(graph, &selections, &lookups, &mut wrong);
        }
    }
    for error in wrong {
        let mut texts = arguments.iter().map(SelectionText::as_str);
        let position = texts.position(|text| text == error.text);
        let place = position.map_or(ArgumentPosition::Flag, ArgumentPosition::Argument);
        errors.push((place, error.into()));
    }
    Ok((positions, selected))
}

impl Range {
    /// Refuses what is named and not in it.
    pub(super) fn check(self, project: &OpenProject, id: AssetId) -> Result<(), RequestError> {
        if self.admits(project, id, Manner::Named) {
            return Ok(());
        }
        let name = project.graph().key(id).to_string();
        Err(match project.graph().source(id) {
            Some(_) => RequestError::SourceSelected { name },
            None => RequestError::AssetSelected { name },
        })
    }

    fn admits(self, project: &OpenProject, id: AssetId, manner: Manner) -> bool {
        let is_source = project.graph().is_source(id);
        match self {
            Self::Assets => !is_source,
            Self::AssetsAndNamed => !is_source || manner == Manner::Named,
            Self::Sources => is_source,
            Self::All => true,
        }
    }
}

impl Single {
    /// The partition that is named with a name that stands alone, if one is.
    fn of(
        mention: &Mention,
        position: usize,
        argument: &SelectionText,
    ) -> Option<Result<Self, RequestError>> {
        let value = mention.partition.as_ref()?;
        let parse = |text: &str| {
            PartitionKey::parse(text).map_err(|error| RequestError::InvalidKey {
                key: value.text.clone(),
                reason: error.to_string(),
                argument: Quoted::part(argument.as_str(), value.span.clone()),
            })
        };
        // As ranges are printed: `clean@2024-01-01...2024-01-08`.
        let keys = match value.text.split_once(RANGE_SIGN) {
            Some((first, last)) => parse(first).and_then(|it| Ok((it, Some(parse(last)?)))),
            None => parse(&value.text).map(|key| (key, None)),
        };
        Some(keys.map(|(key, last)| Self {
            asset: mention.asset,
            key,
            last,
            argument: ArgumentPosition::Argument(position),
            text: argument.to_string(),
            start: mention.span.start,
            at: mention.span.end,
            end: value.span.end,
        }))
    }

    /// A partition of an asset, as a word of its own.
    pub(super) fn word(asset: AssetId, name: &str, key: PartitionKey) -> Self {
        let text = format!("{name}@{key}");
        Self {
            asset,
            key,
            last: None,
            argument: ArgumentPosition::Argument(0),
            start: 0,
            at: name.len(),
            end: text.len(),
            text,
        }
    }

    /// As it is written.
    pub(super) fn written(&self) -> String {
        self.text[self.start..self.end].to_owned()
    }

    /// Where the key is, with its `@`.
    pub(super) fn place_of_key(&self) -> Quoted {
        Quoted::part(&self.text, self.at..self.end)
    }

    /// Where the key alone is.
    pub(super) fn place_of_key_alone(&self) -> Quoted {
        Quoted::part(&self.text, self.at + 1..self.end)
    }
}
