//! The last materialization of an asset partition as one column: big-endian numbers and digests, one after the other.

use jiff::Timestamp;

use crate::digest::Digest;
use crate::model::{
    CodeVersion, DataVersion, Fingerprint, MaterializationId, MaterializedRef, Provenance,
};
use crate::store::error::Fault;

/// Writes a materialization, its time to the microsecond.
pub(super) fn encode(id: MaterializationId, last: MaterializedRef<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(60 + 16 * last.outputs.len());
    bytes.extend(id.0.to_be_bytes());
    bytes.extend(last.rule.to_be_bytes());
    bytes.extend(last.time.as_microsecond().to_be_bytes());
    bytes.extend(last.duration_ms.to_be_bytes());
    bytes.extend(last.fingerprint.0.as_bytes());
    bytes.extend(last.code_version.0.as_bytes());
    for version in last.outputs {
        bytes.extend(version.0.as_bytes());
    }
    bytes
}

/// Reads a materialization; its outputs replace those in `outputs`.
pub(super) fn decode<'a>(
    mut bytes: &[u8],
    outputs: &'a mut Vec<DataVersion>,
) -> Result<MaterializedRef<'a>, Fault> {
    let id = i64::from_be_bytes(take(&mut bytes)?);
    let rule = u32::from_be_bytes(take(&mut bytes)?);
    let time = i64::from_be_bytes(take(&mut bytes)?);
    let duration_ms = u64::from_be_bytes(take(&mut bytes)?);
    let fingerprint = Digest::from_bytes(take(&mut bytes)?);
    let code_version = Digest::from_bytes(take(&mut bytes)?);
    let (versions, rest) = bytes.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Fault::Undecodable("a list of versions has another length"));
    }
    let version = |bytes: &[u8; 16]| DataVersion(Digest::from_bytes(*bytes));
    outputs.clear();
    outputs.extend(versions.iter().map(version));
    Ok(MaterializedRef {
        provenance: Provenance::Recorded(MaterializationId(id)),
        rule,
        fingerprint: Fingerprint(fingerprint),
        code_version: CodeVersion(code_version),
        time: Timestamp::from_microsecond(time)
            .map_err(|_| Fault::Undecodable("a time is out of range"))?,
        outputs,
        duration_ms,
    })
}

fn take<const LEN: usize>(bytes: &mut &[u8]) -> Result<[u8; LEN], Fault> {
    let (first, rest) = bytes
        .split_first_chunk()
        .ok_or(Fault::Undecodable("a materialization is too short"))?;
    *bytes = rest;
    Ok(*first)
}
