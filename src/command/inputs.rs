//! What a step reads: where its inputs are, how their values get there, and which of them is on standard input.

use std::borrow::Cow;

use crate::command::rendered::{Rendering, StepStdin};
use crate::io_manager::{Giving, Streams};
use crate::model::{
    Asset, Declaration, Dep, PartitionRef, PartitionSet, Place, SourceAsset, SourcePath,
};
use crate::plan::Cell;

/// How a command sees an input that it gets on standard input alone.
pub(super) const STDIN: &str = "/dev/stdin";

/// The paths that values of an asset partition are stored under: of all its outputs, or of one.
fn values_of<'a>(
    asset: &'a Asset,
    partition: PartitionRef<'a>,
    output: Option<usize>,
) -> impl Iterator<Item = Cow<'a, str>> {
    let read = asset.outputs.iter().enumerate();
    let read = read.filter(move |(at, _)| output.is_none_or(|output| output == *at));
    read.map(move |(_, it)| it.path.path(partition))
}

impl Rendering<'_> {
    /// What a step gets on standard input; `None` where there is no such input, or nothing at it.
    pub fn stdin(&self, asset: &Asset, cells: &[Cell], given: &str) -> Option<StepStdin> {
        let index = asset.recipe.as_ref()?.stdin? as usize;
        let dep = &asset.deps[index];
        let mapped = self.scope.read_by(cells, dep);
        if let Some(path) = self.piped(asset, index, &mapped) {
            return Some(StepStdin::Piped(path));
        }
        let output = dep.output.map(|output| output as usize);
        let path = self.input_paths(dep, &mapped, output, given).pop()?;
        Some(StepStdin::File(path))
    }

    /// The path that an input is stored under which goes from memory through a pipe.
    pub(super) fn piped(&self, asset: &Asset, dep: usize, mapped: &PartitionSet) -> Option<String> {
        let io_manager = self.workspace.io_manager;
        let is_stdin = asset.recipe.as_ref()?.stdin == Some(dep as u32);
        if !is_stdin || io_manager.streams() == Streams::Files {
            return None;
        }
        let dep = &asset.deps[dep];
        let up = self.scope.graph().asset(dep.asset)?;
        let (keys, index) = (self.scope.keys(dep.asset), mapped.first()?);
        let output = dep.output.map(|output| output as usize);
        let path = values_of(up, PartitionRef { keys, index }, output).next()?;
        (io_manager.giving(&path) == Giving::Loaded).then(|| path.into_owned())
    }

    /// The paths of a dep at these upstream partitions, relative to the project root, in the order of keys: of all its
    /// outputs, or of one.
    pub(super) fn input_paths(
        &self,
        dep: &Dep,
        mapped: &PartitionSet,
        output: Option<usize>,
        given: &str,
    ) -> Vec<String> {
        let keys = self.scope.keys(dep.asset);
        let mut paths = Vec::with_capacity(mapped.len() as usize);
        for index in mapped.iter() {
            let partition = PartitionRef { keys, index };
            match self.scope.graph().get(dep.asset) {
                Declaration::Asset(up) => {
                    for path in values_of(up, partition, output) {
                        let giving = self.workspace.io_manager.giving(&path);
                        paths.push(match giving {
                            Giving::AtPath => path.into_owned(),
                            Giving::Loaded => format!("{given}/{path}"),
                        });
                    }
                }
                Declaration::Source(source) => {
                    let cell = self.scope.cell(dep.asset, index);
                    self.source_paths(source, partition, cell, &mut paths);
                }
            }
        }
        paths
    }

    fn source_paths(
        &self,
        source: &SourceAsset,
        partition: PartitionRef<'_>,
        cell: Option<Cell>,
        paths: &mut Vec<String>,
    ) {
        match &source.place {
            Place::Paths(declared) => {
                if let [SourcePath::Exact(path)] = declared.as_slice() {
                    let path = path.path(partition).into_owned();
                    // Without a required source its step does not start.
                    if !source.optional || self.workspace.resolve(&path).exists() {
                        paths.push(path);
                    }
                } else if let Some(globbed) = cell.and_then(|cell| self.sources.globbed.get(&cell))
                {
                    paths.extend(globbed.iter().cloned());
                }
            }
            Place::Value { path, .. } => {
                let path = path.path(partition).into_owned();
                // A value that several partitions share is one input of a batch.
                if paths.last() != Some(&path) {
                    paths.push(path);
                }
            }
            Place::Observed { .. } => {}
        }
    }
}
