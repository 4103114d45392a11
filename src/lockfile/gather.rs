//! Lines as they come, gathered by what they are about.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::lockfile::FORMAT;
use crate::lockfile::error::Damage;
use crate::lockfile::print::{push_added, push_block, push_line, push_manifest, push_source};
use crate::lockfile::words::{
    ADDED, Fields, HEADER, LineForm, MANIFEST, UNPARTITIONED, Words, Wrong, is_unknown_sign,
    range_of, unescaped,
};
use crate::model::{
    AddedKey, AssetKey, Fingerprint, Lock, LockBlock, LockLine, LockedAsset, LockedManifest,
    LockedSource, Name, PartitionKey, RULE,
};
use crate::sys::parallel;

/// Work on more lines is worth threads.
const MANY: usize = 10_000;

/// What lines gave so far.
pub struct Gathered<'t> {
    lock: Lock,
    /// The newest rule of all headers; `None` without a header.
    rule: Option<u32>,
    /// The places of the assets in the lock.
    places: HashMap<AssetKey, usize>,
    /// The asset of the line before, as it was written.
    last: Option<(&'t str, usize)>,
    fields: Fields,
}

/// What all lines gave, and what was met in them.
pub struct ReadLines {
    /// What they say, each once.
    pub lock: Lock,
    /// Whether there was a header.
    pub has_header: bool,
    /// Whether several lines are about the same, whether they say the same or not.
    pub has_repeats: bool,
}

/// Why a line gave nothing.
pub enum Refused {
    /// It cannot be read.
    Wrong(Wrong),
    /// It says that the others cannot be read: the number of a newer format, and where it stands.
    Format(String, Range<usize>),
    /// It says that the others cannot be judged: the number of a newer rule, and where it stands.
    Rule(u32, Range<usize>),
}

impl From<Wrong> for Refused {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl<'t> Gathered<'t> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            lock: Lock::default(),
            rule: None,
            places: HashMap::new(),
            last: None,
            fields: Fields::default(),
        }
    }

    /// Takes in a line. The errors name places in it.
    pub fn take(&mut self, line: &'t str) -> Result<(), Refused> {
        let mut words = Words::new(line, 0);
        let Some((start, first)) = words.next() else {
            return Ok(());
        };
        match first {
            HEADER => {
                let rule = read_header(&mut words)?;
                self.meet(Some(rule));
            }
            ADDED => self.lock.added.push(read_added(&mut words)?),
            MANIFEST => self.manifest(&mut words)?,
            _ if is_unknown_sign(first) => self.lock.unknown.push(line.to_owned()),
            _ => match first.strip_prefix('@') {
                Some(name) => self.source((start + 1, name), &mut words)?,
                None => self.asset((start, first), &mut words)?,
            },
        }
        Ok(())
    }

    /// Takes in what was gathered of the text behind.
    pub fn append(&mut self, next: Self) {
        self.meet(next.rule);
        self.lock.added.extend(next.lock.added);
        self.lock.sources.extend(next.lock.sources);
        self.lock.manifests.extend(next.lock.manifests);
        self.lock.unknown.extend(next.lock.unknown);
        for locked in next.lock.assets {
            if let Some(at) = self.places.get(&locked.asset) {
                let before = &mut self.lock.assets[*at];
                before.lines.extend(locked.lines);
                before.blocks.extend(locked.blocks);
            } else {
                let at = self.lock.assets.len();
                self.places.insert(locked.asset.clone(), at);
                self.lock.assets.push(locked);
            }
        }
    }

    /// Lines of an older rule beside a header of a newer one are wrong, as any line that cannot be computed again.
    fn meet(&mut self, rule: Option<u32>) {
        self.rule = self.rule.max(rule);
    }

    /// The lock, without lines that say the same as another.
    pub fn finish(mut self) -> ReadLines {
        let lock = &mut self.lock;
        let keys = leave_out_repeats(
            &mut lock.added,
            |added| (added.definition.as_str(), added.key.as_str()),
            push_added,
        );
        let sources = leave_out_repeats(
            &mut lock.sources,
            |source| (source.source.as_str(), text_of(source.partition.as_ref())),
            push_source,
        );
        let manifests = leave_out_repeats(
            &mut lock.manifests,
            |manifest| (manifest.path.as_str(), ""),
            push_manifest,
        );
        let mut seen = HashSet::new();
        lock.unknown.retain(|line| seen.insert(line.clone()));
        let lines: usize = lock.assets.iter().map(|it| it.lines.len()).sum();
        let few = if lines > MANY { 1 } else { usize::MAX };
        let assets = parallel::map(lock.assets.iter_mut(), few, leave_out_repeated_lines);
        lock.rule = self.rule.unwrap_or(lock.rule);
        ReadLines {
            lock: self.lock,
            has_header: self.rule.is_some(),
            has_repeats: keys || sources || manifests || assets.contains(&true),
        }
    }

    fn source(&mut self, name: (usize, &str), words: &mut Words<'_>) -> Result<(), Wrong> {
        let source = AssetKey::of_path(&read_name(name)?);
        let key = key_word(words)?;
        let partition = read_partition(key)?;
        self.fields.read(LineForm::Source, words)?;
        let version = self.fields.outputs.pop().and_then(|output| output.version);
        self.lock.sources.push(LockedSource {
            source,
            partition,
            version: present(version, LineForm::Source, "o", words)?,
        });
        Ok(())
    }

    fn manifest(&mut self, words: &mut Words<'_>) -> Result<(), Wrong> {
        let path = read_name(key_word(words)?)?.into_owned();
        self.fields.read(LineForm::Manifest, words)?;
        let fingerprint = present(self.fields.fingerprint, LineForm::Manifest, "i", words)?;
        let version = self.fields.outputs.pop().and_then(|output| output.version);
        self.lock.manifests.push(LockedManifest {
            path,
            fingerprint: Fingerprint(fingerprint),
            version: present(version, LineForm::Manifest, "o", words)?,
        });
        Ok(())
    }

    fn asset(&mut self, name: (usize, &'t str), words: &mut Words<'_>) -> Result<(), Wrong> {
        let key = key_word(words)?;
        if let Some((first, last)) = range_of(key.1) {
            let first = read_key((key.0, first))?;
            let last = read_key((key.0 + key.1.len() - last.len(), last))?;
            let block = self.block(first, last, words)?;
            self.locked(name)?.blocks.push(block);
        } else {
            let partition = read_partition(key)?;
            let line = self.line(partition, words)?;
            self.locked(name)?.lines.push(line);
        }
        Ok(())
    }

    fn line(
        &mut self,
        partition: Option<PartitionKey>,
        words: &mut Words<'_>,
    ) -> Result<LockLine, Wrong> {
        let fields = &mut self.fields;
        fields.read(LineForm::Line, words)?;
        let fingerprint = present(fields.fingerprint, LineForm::Line, "i", words)?;
        let first = fields.outputs.first().map(|_| ());
        present(first, LineForm::Line, "o", words)?;
        Ok(LockLine {
            partition,
            code: present(fields.code, LineForm::Line, "c", words)?,
            fingerprint: Fingerprint(fingerprint),
            outputs: fields.outputs.drain(..).collect(),
            contributions: fields.contributions.as_slice().into(),
            stand_in: fields.stand_in,
        })
    }

    fn block(
        &mut self,
        first: PartitionKey,
        last: PartitionKey,
        words: &mut Words<'_>,
    ) -> Result<LockBlock, Wrong> {
        let fields = &mut self.fields;
        fields.read(LineForm::Block, words)?;
        let some = fields.outputs.first().map(|_| ());
        present(some, LineForm::Block, "o", words)?;
        Ok(LockBlock {
            first,
            last,
            count: present(fields.count, LineForm::Block, "n", words)?,
            code: present(fields.code, LineForm::Block, "c", words)?,
            stand_in: present(fields.stand_in, LineForm::Block, "x", words)?,
            outputs: fields.outputs.drain(..).collect(),
        })
    }

    /// The asset of a line: mostly that of the line before.
    fn locked(&mut self, word: (usize, &'t str)) -> Result<&mut LockedAsset, Wrong> {
        let at = match self.last {
            Some((written, at)) if written == word.1 => at,
            _ => {
                let asset = AssetKey::of_path(&read_name(word)?);
                let assets = &mut self.lock.assets;
                let at = *self.places.entry(asset.clone()).or_insert_with(|| {
                    assets.push(LockedAsset {
                        asset,
                        lines: Vec::new(),
                        blocks: Vec::new(),
                    });
                    assets.len() - 1
                });
                self.last = Some((word.1, at));
                at
            }
        };
        Ok(&mut self.lock.assets[at])
    }
}

/// Leaves out lines of an asset that say the same as an earlier one.
fn leave_out_repeated_lines(locked: &mut LockedAsset) -> bool {
    let asset = &locked.asset;
    let of_lines = leave_out_repeats(
        &mut locked.lines,
        |line| ("", text_of(line.partition.as_ref())),
        |out, line| push_line(out, asset, line),
    );
    let of_blocks = leave_out_repeats(
        &mut locked.blocks,
        |block| (block.first.as_str(), block.last.as_str()),
        |out, block| push_block(out, asset, block),
    );
    of_lines || of_blocks
}

/// Reads `+ DEFINITION KEY` after its sign.
fn read_added(words: &mut Words<'_>) -> Result<AddedKey, Wrong> {
    let missing = |words: &Words<'_>| (0..words.rest().end, Damage::Incomplete);
    let name = words.next().ok_or_else(|| missing(words))?;
    let definition =
        Name::parse(&read_name(name)?).map_err(|invalid| (span_of(name), Damage::Name(invalid)))?;
    let word = words.next().ok_or_else(|| missing(words))?;
    let key = read_partition(word)?.ok_or_else(|| (span_of(word), Damage::NoKey))?;
    match words.next() {
        None => Ok(AddedKey { definition, key }),
        Some((start, _)) => Err((start..words.rest().end, Damage::Surplus)),
    }
}

/// Reads the rule of `format N rule N` after its first word.
fn read_header(words: &mut Words<'_>) -> Result<u32, Refused> {
    let whole = 0..words.rest().end;
    let wrong = || Refused::Wrong((whole.clone(), Damage::Header));
    let format = words.next().ok_or_else(wrong)?;
    let is_number = format.1.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || format.1.starts_with('0') {
        return Err(wrong());
    }
    let number = format.1.parse::<u32>();
    if !number.is_ok_and(|number| number <= FORMAT) {
        return Err(Refused::Format(format.1.to_owned(), span_of(format)));
    }
    words.next().filter(|it| it.1 == "rule").ok_or_else(wrong)?;
    let word = words.next().ok_or_else(wrong)?;
    let rule = word.1.parse().map_err(|_| wrong())?;
    if rule == 0 || words.next().is_some() {
        return Err(wrong());
    }
    if rule <= RULE {
        Ok(rule)
    } else {
        Err(Refused::Rule(rule, span_of(word)))
    }
}

/// A key as text; empty, as no key is, without partitions.
fn text_of(partition: Option<&PartitionKey>) -> &str {
    partition.map_or("", PartitionKey::as_str)
}

fn span_of(word: (usize, &str)) -> Range<usize> {
    word.0..word.0 + word.1.len()
}

fn read_name(word: (usize, &str)) -> Result<Cow<'_, str>, Wrong> {
    if word.1.is_empty() {
        return Err((word.0 - 1..word.0, Damage::Incomplete));
    }
    unescaped(word.1).ok_or_else(|| (span_of(word), Damage::Escape))
}

fn key_word<'l>(words: &mut Words<'l>) -> Result<(usize, &'l str), Wrong> {
    let end = words.rest().end;
    words.next().ok_or((0..end, Damage::Incomplete))
}

fn read_partition(word: (usize, &str)) -> Result<Option<PartitionKey>, Wrong> {
    match word.1 {
        UNPARTITIONED => Ok(None),
        _ => read_key(word).map(Some),
    }
}

fn read_key(word: (usize, &str)) -> Result<PartitionKey, Wrong> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%' && byte != b'.';
    if !word.1.is_empty() && word.1.bytes().all(is_plain) {
        // Neither an escape nor a control character nor the sign of a range can be in it.
        return Ok(PartitionKey::recorded(word.1));
    }
    let key = unescaped(word.1).ok_or_else(|| (span_of(word), Damage::Escape))?;
    PartitionKey::parse(&key).map_err(|invalid| (span_of(word), Damage::Key(invalid)))
}

/// A field that its kind of line must have; where it is missing, the whole line is marked.
fn present<T>(
    value: Option<T>,
    kind: LineForm,
    field: &'static str,
    words: &Words<'_>,
) -> Result<T, Wrong> {
    let line = kind.called();
    value.ok_or_else(|| (0..words.rest().end, Damage::Missing { line, field }))
}

/// Leaves out lines that say the same as an earlier one.
///
/// `about` is what a line is about, as a name and a key, `write` writes it out. Only where several lines are about the same are they written; whether any were.
pub fn leave_out_repeats<T>(
    lines: &mut Vec<T>,
    about: impl Fn(&T) -> (&str, &str),
    write: impl Fn(&mut String, &T),
) -> bool {
    let mut seen = HashSet::with_capacity(lines.len());
    if lines.iter().all(|line| seen.insert(about(line))) {
        return false;
    }
    let mut written = HashSet::new();
    lines.retain(|line| {
        let mut text = String::new();
        write(&mut text, line);
        written.insert(text)
    });
    true
}
