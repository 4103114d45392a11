//! What the engine works with: a project as it lies on disk.
//!
//! Paths of assetctl's own files about a step: its folders and its log.
//!
//! A name holds the asset and the partition and nothing else, percent-encoded, so that no two asset partitions share one
//! and none leads anywhere else. File systems take names of 255 bytes: of a longer one the end gives way to a digest of
//! the whole.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::executor::Executor;
use crate::hash::Versions;
use crate::io_manager::IoManager;
use crate::look::given_resource::GivenResources;
use crate::look::manifest_text::ManifestTexts;
use crate::model::{
    AssetGraph, AssetKey, Batch, KeysByDefinition, LONGEST_COMPONENT, PartitionKey, PartitionKeys,
    RunId, SHORTENED, StepName, encode_component, encode_whole_component, shortened,
};
use crate::sys::file::mount_of;

/// A project as it lies on disk, with the doors to the outside that its steps need.
#[derive(Clone, Copy)]
pub struct Workspace<'a> {
    /// The project root, absolute.
    pub root: &'a Path,
    /// The folder of the instance, absolute.
    pub home: &'a Path,
    /// The folder that runs work in, for staging, lists and logs: relative to the root, or absolute.
    pub own: &'a str,
    /// Whether that folder outlives the run.
    pub own_life: OwnLife,
    /// What is declared.
    pub graph: &'a AssetGraph,
    /// The files that it is declared in, for messages.
    pub manifests: &'a ManifestTexts,
    /// The keys of all partitions definitions.
    pub keys: &'a KeysByDefinition,
    /// The versions of what is on disk.
    pub versions: &'a Versions<'a>,
    /// The caller's environment, which commands inherit.
    pub environment: &'a [(OsString, OsString)],
    /// The variables that declarations may name: those of the `.env` file, and then the caller's.
    pub variables: &'a [(OsString, OsString)],
    /// The resources that a program gives.
    pub resources: &'a GivenResources,
    /// Where values are kept.
    pub io_manager: &'a dyn IoManager,
    /// Where commands run.
    pub executor: &'a dyn Executor,
}

/// The variable by which a command, and an `assetctl` that it starts, knows that nothing of the project is to be changed.
pub const IN_MEMORY: &str = "ASSETCTL_IN_MEMORY";

/// Whether the folder that a run works in outlives the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnLife {
    /// It stays: logs, and what a failed step wrote, can be looked at.
    Kept,
    /// It goes when the run ends, and nobody is sent there.
    Gone,
}

impl Workspace<'_> {
    /// A project-relative or absolute path as one that can be opened from anywhere.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A variable that declarations may name as text, if it is set.
    pub fn texts(&self) -> impl Fn(&str) -> Option<String> {
        |name| Some(self.variable(name)?.to_string_lossy().into_owned())
    }

    /// A variable that declarations may name, if it is set: the caller's wins over that of the `.env` file.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self
            .variables
            .iter()
            .rev()
            .find(|(variable, _)| variable == name);
        found.map(|(_, value)| value.as_os_str())
    }
}

/// The path `to` as it is seen from the folder `from`; both relative to the project root, without `.` and `..`.
///
/// An absolute path stays as it is.
pub fn relative(from: &str, to: &str) -> String {
    if from.is_empty() || to.starts_with('/') {
        return to.to_owned();
    }
    let (mut from, mut to) = (from.split('/').peekable(), to.split('/').peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..");
    up.chain(to).collect::<Vec<_>>().join("/")
}

/// The folder of assetctl's own files, relative to the project root.
pub const OWN_FOLDER: &str = ".assetctl";

/// The longest part of a log's name, of which there are up to three, in bytes.
const LONGEST_PART: usize = 80;

/// What stands between the first and the last key in the name of a batch's log; no encoded name holds it.
const TO: char = '~';

/// What stands before the number of an attempt that is not the first; no encoded name holds it.
const ATTEMPT: char = '#';

/// The folder of one asset partition for a purpose: `.assetctl/staging/clean/@2013-07-04`. `own` is the folder that a run
/// works in.
pub fn step_folder(own: &str, purpose: &str, step: &StepName) -> String {
    let asset = encode_whole_component(step.asset.as_str());
    let asset = shortened(asset, LONGEST_COMPONENT);
    match &step.partition {
        Some(key) => {
            let key = shortened(
                encode_component(key.as_str()).into_owned(),
                LONGEST_COMPONENT,
            );
            format!("{own}/{purpose}/{asset}/@{key}")
        }
        None => format!("{own}/{purpose}/{asset}"),
    }
}

/// The folder of assetctl's own files from which one rename leads to `path`, relative to the project root: [`OWN_FOLDER`], or, where
/// `path` lies on another file system, a folder of that name at the top of what of it lies in the project.
pub fn own_folder_near(root: &Path, path: &str) -> String {
    let mount = |folder: &str| mount_of(&root.join(folder));
    let (mut top, _) = path.rsplit_once('/').unwrap_or_default();
    let there = mount(top);
    if there.is_none() || there == mount(OWN_FOLDER) || there == mount("") {
        return OWN_FOLDER.to_owned();
    }
    while let Some((above, _)) = top.rsplit_once('/')
        && mount(above) == there
    {
        top = above;
    }
    format!("{top}/{OWN_FOLDER}")
}

/// The name of an asset partition's lock.
pub fn lock_name(step: &StepName) -> String {
    let partition = step.partition.as_ref();
    let partition = partition.map(|key| format!("@{}", key_part(key)));
    format!(
        "{}{}",
        asset_part(&step.asset),
        partition.unwrap_or_default()
    )
}

/// Where the log of a step's attempt goes. `own` is the folder that the run works in.
pub fn log_path(
    own: &str,
    run: RunId,
    (step, batch): (&StepName, Option<&Batch>),
    attempt: u32,
) -> String {
    let asset = asset_part(&step.asset);
    let partition = match (batch, &step.partition) {
        (Some(Batch { first, last, .. }), _) => {
            format!("@{}{TO}{}", key_part(first), key_part(last))
        }
        (None, Some(key)) => format!("@{}", key_part(key)),
        (None, None) => String::new(),
    };
    let attempt = match attempt {
        0 => String::new(),
        number => format!("{ATTEMPT}{number}"),
    };
    format!("{own}/logs/{run}/{asset}{partition}{attempt}.log")
}

/// The part of names in the folder of assetctl that stands for an asset: before the `@`, where a key follows.
pub fn asset_part(asset: &AssetKey) -> String {
    shortened(encode_whole_component(asset.as_str()), LONGEST_PART)
}

fn key_part(key: &PartitionKey) -> String {
    shortened(encode_component(key.as_str()).into_owned(), LONGEST_PART)
}

/// The folder that holds a folder of logs for each run, relative to the project root.
pub fn log_folder() -> String {
    format!("{OWN_FOLDER}/logs")
}

/// What a log tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logged {
    /// One partition, or the only one of an unpartitioned asset.
    One(Option<PartitionKey>),
    /// All partitions from the first to the last of these.
    Batch(PartitionKey, PartitionKey),
}

/// What the log of `asset` with this file name tells of; `None` if the log is another asset's. The inverse of
/// [`log_path`].
///
/// `keys` are those of the asset's definition: a key whose name was shortened is looked for among them.
pub fn logged(asset: &AssetKey, keys: &PartitionKeys, file_name: &str) -> Option<Logged> {
    let rest = file_name.strip_prefix(&asset_part(asset))?;
    let rest = rest.strip_suffix(".log")?;
    let rest = rest.split_once(ATTEMPT).map_or(rest, |(rest, _)| rest);
    keys_of(rest, keys)
}

/// The number of the attempt whose log has this file name.
pub fn logged_attempt(file_name: &str) -> u32 {
    let rest = file_name.strip_suffix(".log").unwrap_or(file_name);
    let number = rest.split_once(ATTEMPT).map(|(_, number)| number.parse());
    number.and_then(Result::ok).unwrap_or(0)
}

/// The partition of `asset` whose lock has this name: the inverse of `lock_name`.
pub fn locked_partition(
    asset: &AssetKey,
    keys: &PartitionKeys,
    lock_name: &str,
) -> Option<Option<PartitionKey>> {
    match keys_of(lock_name.strip_prefix(&asset_part(asset))?, keys)? {
        Logged::One(partition) => Some(partition),
        Logged::Batch(..) => None,
    }
}

fn keys_of(rest: &str, keys: &PartitionKeys) -> Option<Logged> {
    match rest.strip_prefix('@') {
        Some(encoded) => match encoded.split_once(TO) {
            Some((first, last)) => Some(Logged::Batch(key_of(first, keys)?, key_of(last, keys)?)),
            None => Some(Logged::One(Some(key_of(encoded, keys)?))),
        },
        None if rest.is_empty() => Some(Logged::One(None)),
        None => None,
    }
}

fn key_of(part: &str, keys: &PartitionKeys) -> Option<PartitionKey> {
    if part.contains(SHORTENED) {
        let mut all = keys.range().filter_map(|index| keys.key(index));
        return all.find(|key| key_part(key) == part);
    }
    let key = percent_decode_str(part).decode_utf8().ok()?;
    PartitionKey::parse(&key).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{
        Logged, OWN_FOLDER, lock_name, locked_partition, log_path, logged, relative, step_folder,
    };

    use crate::model::{AssetKey, Batch, NamedKeys, PartitionKeys, RunId, StepName};
    use crate::testkit::{asset, key};

    #[test]
    fn paths_are_seen_from_the_folder() {
        for (from, to, seen) in [
            ("", "build/x.csv", "build/x.csv"),
            ("pipelines/a", "pipelines/a/build/x.csv", "build/x.csv"),
            ("pipelines/a", "pipelines/b/x.csv", "../b/x.csv"),
            (
                "pipelines/a",
                ".assetctl/staging/x",
                "../../.assetctl/staging/x",
            ),
            ("a", "/mnt/raw", "/mnt/raw"),
            ("a", "../outside", "../../outside"),
        ] {
            assert_eq!(relative(from, to), seen, "{from} {to}");
        }
    }

    #[test]
    fn no_two_asset_partitions_share_a_folder() {
        let folder = |of: &str, partition: Option<&str>| {
            let step = StepName {
                asset: asset(of),
                partition: partition.map(key),
            };
            step_folder(OWN_FOLDER, "staging", &step)
        };
        let long = "ä ".repeat(120);
        let all = [
            folder("a", Some("b")),
            folder("a/b", None),
            folder("a/b", Some("c")),
            folder("a", Some("b/c")),
            folder("a", Some("..")),
            folder("a", Some("2024-01-01|eu: west")),
            folder("a", Some(&long)),
            folder("a", Some(&format!("{long}."))),
            folder(&"a".repeat(300), None),
        ];
        assert_eq!(all[0], ".assetctl/staging/a/@b");
        assert_eq!(all[4], ".assetctl/staging/a/@..");
        assert_eq!(all[5], ".assetctl/staging/a/@2024-01-01%7Ceu:%20west");
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{one}");
            assert!(one.split('/').all(|name| name.len() <= 255), "{one}");
        }
    }

    #[test]
    fn a_log_names_its_step() {
        let run = RunId(uuid::Uuid::nil());
        let long = format!("{} x", "y".repeat(200));
        let keys: Arc<[_]> = [key("x/y@z"), key(&long), key(&format!("{long}."))].into();
        let keys = PartitionKeys::Named(NamedKeys::declared(&keys));
        for (of, first, last) in [
            ("clean", None, None),
            ("clean", Some("2013-07-04"), None),
            ("stg/a-b", Some("x/y@z"), None),
            ("clean", Some("100% .."), None),
            ("clean", Some(long.as_str()), None),
            ("clean", Some("a."), Some(".b")),
            ("clean", Some("x/y@z"), Some(long.as_str())),
        ] {
            let step = StepName {
                asset: asset(of),
                partition: first.map(key),
            };
            let batch = first.zip(last).map(|(first, last)| Batch {
                first: key(first),
                last: key(last),
                len: 2,
            });
            let name = |attempt| {
                let path = log_path(OWN_FOLDER, run, (&step, batch.as_ref()), attempt);
                path.rsplit('/').next().expect("a file name").to_owned()
            };
            let (name, second) = (name(0), name(1));
            assert!(second.len() <= 255 && second != name, "{second}");
            let told = match &batch {
                Some(batch) => Logged::Batch(batch.first.clone(), batch.last.clone()),
                None => Logged::One(step.partition.clone()),
            };
            assert_eq!(logged(&asset("cle"), &keys, &name), None, "{name}");
            for name in [name, second] {
                let logged = logged(&step.asset, &keys, &name);
                assert_eq!(logged.as_ref(), Some(&told), "{name}");
            }
            let lock = lock_name(&step);
            let locked = |of: &AssetKey| locked_partition(of, &keys, &lock);
            assert_eq!(locked(&step.asset), Some(step.partition.clone()), "{lock}");
            assert_eq!(locked(&asset("cle")), None, "{lock}");
        }
    }
}
