import type { DestinationContent } from '../reports/backups/list.js';
import type { Summary } from '../repository/summary.js';

/** The failures that each summary keeps if the content is too large. */
const FEW_FAILURES = 100;
const TOO_LARGE = {
  kind: 'damaged',
  reason: 'the summaries here are too large to be kept',
} as const;

/**
 * Returns the content with summaries of at most so many bytes of JSON. What is too large first loses
 * failures, which are counted in `failures_omitted`; summaries that still do not fit are left out, and
 * named as such, the oldest first.
 */
export function withinBound(content: DestinationContent, mostBytes: number): DestinationContent {
  if (fits(content.backups, mostBytes)) return content;
  let leftBytes = mostBytes;
  const backups = content.backups.toReversed().map((backup) => {
    if (backup.summary.kind !== 'valid') return backup;
    const summary = withFewFailures(backup.summary.summary);
    leftBytes -= bytesOf(summary);
    return { ...backup, summary: leftBytes < 0 ? TOO_LARGE : { kind: 'valid' as const, summary } };
  });
  return { ...content, backups: backups.reverse() };
}

function fits(backups: DestinationContent['backups'], mostBytes: number): boolean {
  let leftBytes = mostBytes;
  return backups.every(({ summary }) => {
    if (summary.kind === 'valid') leftBytes -= bytesOf(summary.summary);
    return leftBytes >= 0;
  });
}

function withFewFailures(summary: Summary): Summary {
  const { failures, failures_omitted: omitted } = summary;
  if (failures.length <= FEW_FAILURES) return summary;
  const failures_omitted = omitted + failures.length - FEW_FAILURES;
  return { ...summary, failures: failures.slice(0, FEW_FAILURES), failures_omitted };
}

function bytesOf(summary: Summary): number {
  return Buffer.byteLength(JSON.stringify(summary));
}
