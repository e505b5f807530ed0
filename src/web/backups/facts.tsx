import type { ShownBackupDocument } from '../data/backup-documents.js';
import { Utc } from '../kit/time.js';
import { countOf, formatBytes, formatCount } from '../text/numbers.js';
import { durationText } from '../text/times.js';

/** The summary of a backup. */
export function Facts({ backup }: { backup: ShownBackupDocument }) {
  if (backup.status === 'legacy') {
    return (
      <dl class="facts">
        <dt>Made by</dt>
        <dd>backup-minio.sh, as a {backup.form}</dd>
        <dt>Archive</dt>
        <dd>{backup.archive_bytes === null ? '?' : formatBytes(backup.archive_bytes)}</dd>
      </dl>
    );
  }
  const { objects, failures, suspicious, references, parts = [] } = backup;
  const ofParts = new Set(parts.map(({ id }) => id));
  const others = references.filter((id) => !ofParts.has(id));
  const partBytes = parts.reduce((sum, { archive_bytes: bytes }) => sum + bytes, 0);
  const failed = failures.length + backup.failures_omitted;
  return (
    <dl class="facts">
      <dt>State</dt>
      <dd>
        {backup.type}, {backup.status}
        {backup.untrusted_because !== undefined && `: ${backup.untrusted_because}`}
      </dd>
      <dt>Created</dt>
      <dd>
        <Utc time={backup.created_at} />, took {durationText(backup.duration_seconds)}
      </dd>
      <dt>Source</dt>
      <dd>{backup.source.name ?? backup.source.endpoint}</dd>
      <dt>Objects</dt>
      <dd>
        {formatCount(objects.captured + objects.unchanged)}, {formatBytes(backup.bytes)} in{' '}
        {countOf(backup.buckets.length, 'bucket')}
      </dd>
      <dt>Archive</dt>
      <dd>
        {formatBytes(backup.archive_bytes)}
        {parts.length > 0 && ` and ${countOf(parts.length, 'part')}, ${formatBytes(partBytes)}`}
        {others.length > 0 && `; needs ${countOf(others.length, 'other backup')}`}
      </dd>
      {backup.encryption !== undefined && (
        <>
          <dt>Encrypted to</dt>
          <dd class="mono">{backup.encryption.recipients.join(', ')}</dd>
        </>
      )}
      {backup.has_signature === true && (
        <>
          <dt>Signature</dt>
          <dd>there, not checked</dd>
        </>
      )}
      {backup.lock !== undefined && (
        <>
          <dt>Lock set until</dt>
          <dd>
            <Utc time={backup.lock.until} />
          </dd>
        </>
      )}
      {failed > 0 && (
        <>
          <dt>Failed</dt>
          <dd class="failed">
            {countOf(failed, 'object')}: {failures[0]?.reason}
          </dd>
        </>
      )}
      {suspicious.map(({ bucket, before, deleted }) => (
        <>
          <dt>Suspect</dt>
          <dd class="suspect">
            {bucket}: {formatCount(deleted)} of {formatCount(before)} objects are gone
          </dd>
        </>
      ))}
    </dl>
  );
}
