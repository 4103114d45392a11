//! Everything fresh, known without looking at anything one by one: the seal of a check.
//!
//! It is made as a run's is: of each path that was looked at with its stamp, the lock file among them, of the manifest, of
//! the variables of the environment that count, and of the stretch of time in which no partition appears. Only a check of
//! everything that found nothing to tell is sealed; the instance is no part of it, as it decides nothing.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::answer::{CheckBasis, CheckReport, CheckedAsset, ManifestLine};
use crate::app::check::locked::{Gathered, Judged};
use crate::app::project::{MANIFEST_CACHE, OpenProject, Surroundings};
use crate::app::seal::{
    SealedVariables, are_set, make_room, read_signed, seal_code, seal_lock_file, seal_source,
    validity, write_signed,
};
use crate::digest::{Digest, Folding, Kind, Sink};
use crate::hash::{Found, Seal, Versions, holds};
use crate::lock::LockStatus;
use crate::look::OWN_FOLDER;
use crate::manifest;
use crate::model::{
    Asset, AssetKey, CheckOptions, CheckedOutputs, DataVersion, DataVersionRule, PartitionRef,
    SelectionRequest,
};
use crate::plan::{Row, Scope};

/// What was sealed besides the paths, which follow it in the file.
#[derive(Debug, Serialize, Deserialize)]
struct SealedCheck {
    manifest: Digest,
    /// Seconds between which no partition appears: from, and until before.
    now: (i64, i64),
    env: SealedVariables,
    assets: Vec<SealedAsset>,
    /// The length of the paths' part.
    len: u64,
}

/// An asset of which all is fresh, and where it is declared.
#[derive(Debug, Serialize, Deserialize)]
struct SealedAsset {
    asset: AssetKey,
    count: u32,
    file: String,
    line: u32,
}

/// The report on a project in which everything is fresh, as far as a seal can tell.
pub(super) fn report(surroundings: &Surroundings, request: &CheckOptions) -> Option<CheckReport> {
    if !can_be_sealed(request) {
        return None;
    }
    let root = manifest::find(&surroundings.directory).ok()?.0;
    let key = surroundings.cache_key(&root)?;
    let bytes = read_signed(&file(&root, request), &key)?;
    let (sealed, paths): (SealedCheck, &[u8]) = postcard::take_from_bytes(&bytes).ok()?;
    let now = surroundings.now.as_second();
    let cache = root.join(OWN_FOLDER).join(MANIFEST_CACHE);
    let same = paths.len() as u64 == sealed.len
        && (sealed.now.0..sealed.now.1).contains(&now)
        && are_set(&surroundings.environment, &sealed.env)
        && manifest::compiled_digest(&root, &cache, &key) == Some(sealed.manifest)
        && holds(&root, paths);
    let mut report = empty(request);
    report.assets = sealed.assets.into_iter().map(told).collect();
    same.then_some(report)
}

/// A look that found something or nothing to tell.
pub(super) struct CheckLook<'l> {
    pub project: &'l OpenProject,
    pub request: &'l CheckOptions,
    pub versions: &'l Versions<'l>,
    pub scope: &'l Scope<'l>,
    pub gathered: &'l Gathered,
    pub judged: &'l Judged<'l>,
}

impl CheckLook<'_> {
    /// Seals it, if its report tells of nothing but fresh assets, and all that it looked at can be sealed.
    pub fn seal(&self, report: &CheckReport) {
        let own = self.project.root().join(OWN_FOLDER);
        let mut of_fresh = empty(self.request);
        of_fresh.assets.clone_from(&report.assets);
        let all_fresh = report.assets.iter().all(|it| it.fresh == it.count);
        if !can_be_sealed(self.request) || !all_fresh || *report != of_fresh || !own.is_dir() {
            return;
        }
        let Some(key) = self.project.cache_key() else {
            return;
        };
        let Some((now, (paths, env))) = validity(self.project).zip(self.everything()) else {
            return;
        };
        let sealed = SealedCheck {
            manifest: self.project.manifest_digest(),
            now,
            env,
            assets: report.assets.iter().map(kept).collect(),
            len: paths.len() as u64,
        };
        let Ok(mut bytes) = postcard::to_stdvec(&sealed) else {
            return;
        };
        bytes.extend(paths);
        let file = file(self.project.root(), self.request);
        make_room(&file);
        write_signed(&file, key, bytes);
    }

    /// All paths and variables; `None` if any of it cannot be sealed, or anything is not fresh.
    fn everything(&self) -> Option<(Vec<u8>, SealedVariables)> {
        let (mut seal, mut env) = (Seal::default(), SealedVariables::new());
        let graph = self.project.graph();
        for row in self.scope.rows() {
            match graph.asset(row.asset) {
                Some(asset) => {
                    if let Some(recipe) = &asset.recipe {
                        let observed = self.gathered.codes.observed(row.asset);
                        env.extend(seal_code(
                            self.project,
                            self.versions,
                            &mut seal,
                            &observed,
                            recipe,
                        )?);
                    }
                    self.asset(&mut seal, row, asset)?;
                }
                None => seal_source(
                    self.versions,
                    &mut seal,
                    (self.scope, row),
                    &self.gathered.versions,
                    graph.source(row.asset)?,
                )?,
            }
        }
        seal_lock_file(self.versions, &mut seal)?;
        env.sort();
        env.dedup();
        Some((seal.into_bytes(), env))
    }

    fn asset(&self, seal: &mut Seal, row: &Row, asset: &Asset) -> Option<()> {
        if asset.is_volatile() || asset.data_version != DataVersionRule::Content {
            return None;
        }
        let keys = self.scope.keys(row.asset);
        for (cell, index) in row.cells().zip(row.set.iter()) {
            if self.judged.verdicts[cell.index()] != LockStatus::Fresh {
                return None;
            }
            if self.request.outputs == CheckedOutputs::Ignored {
                continue;
            }
            let line = self.judged.judge.line(cell)?;
            for (at, output) in asset.outputs.iter().enumerate() {
                let label = asset.output_label(at);
                let mut locked = line.outputs.iter();
                let locked = locked.find(|it| it.label.as_deref() == label.as_deref())?;
                let path = output.path.path(PartitionRef { keys, index });
                self.output(seal, &path, locked.version?)?;
            }
        }
        Some(())
    }

    fn output(&self, seal: &mut Seal, path: &str, version: DataVersion) -> Option<()> {
        if self.versions.seal_file(seal, path, version) {
            return Some(());
        }
        let may_be_absent = self.request.outputs == CheckedOutputs::Matching;
        let found = self.versions.of_path(path).ok()?;
        (may_be_absent && matches!(found, Found::Absent))
            .then(|| self.versions.seal_absent(seal, path))
    }
}

/// Whether everything is asked about, and nothing besides.
fn can_be_sealed(request: &CheckOptions) -> bool {
    request.selection == SelectionRequest::default()
        && request.since.is_none()
        && !request.staged
        && request.rebuild.is_none()
}

fn empty(request: &CheckOptions) -> CheckReport {
    CheckReport::of_nothing(CheckBasis::Lock, request.due, request.strictness)
}

fn kept(checked: &CheckedAsset) -> SealedAsset {
    SealedAsset {
        asset: checked.asset.clone(),
        count: checked.count,
        file: checked.place.file.clone(),
        line: checked.place.line,
    }
}

fn told(sealed: SealedAsset) -> CheckedAsset {
    CheckedAsset {
        asset: sealed.asset,
        count: sealed.count,
        fresh: sealed.count,
        place: ManifestLine {
            file: sealed.file,
            line: sealed.line,
        },
    }
}

/// The file of a request's seal.
fn file(root: &Path, request: &CheckOptions) -> PathBuf {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.text("root", &root.to_string_lossy());
    folding.text(
        "check",
        match request.outputs {
            CheckedOutputs::Matching => "matching",
            CheckedOutputs::Required => "required",
            CheckedOutputs::Ignored => "ignored",
        },
    );
    root.join(OWN_FOLDER)
        .join("seals")
        .join(folding.finish(Kind::Manifest).to_string())
}
