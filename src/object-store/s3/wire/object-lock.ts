import type { IncomingHttpHeaders } from 'node:http';
import type { ObjectLock, Retention } from '../../objects.js';
import { UnexpectedAnswer } from '../../unexpected-answer.js';
import { child, escapeXml, parseXml, S3_NAMESPACE, textOf, type XmlTree } from './xml.js';

/** Parses and writes object locks in headers and documents. Pure. */

const MODE = 'x-amz-object-lock-mode';
const UNTIL = 'x-amz-object-lock-retain-until-date';
const LEGAL_HOLD = 'x-amz-object-lock-legal-hold';

export function lockOf(headers: IncomingHttpHeaders): ObjectLock {
  return {
    retention: retentionOf(textIn(headers, MODE), textIn(headers, UNTIL)),
    legalHold: isOn(textIn(headers, LEGAL_HOLD)),
  };
}

export function lockHeaders({ retention, legalHold }: Partial<ObjectLock>): Record<string, string> {
  return {
    ...(retention === undefined || retention === null
      ? {}
      : { [MODE]: retention.mode, [UNTIL]: retention.until }),
    ...(legalHold === true ? { [LEGAL_HOLD]: 'ON' } : {}),
  };
}

/**
 * Returns `null` if the text is not a `Retention` document. An empty one means no retention.
 * Versity Gateway calls it `ObjectLockRetention`.
 */
export function parseRetention(xml: string): Pick<ObjectLock, 'retention'> | null {
  const root = retentionRoot(xml);
  if (root === null) return null;
  return { retention: retentionOf(textOf(root, 'Mode'), textOf(root, 'RetainUntilDate')) };
}

function retentionRoot(xml: string): XmlTree | null {
  return parseXml(xml, 'Retention') ?? parseXml(xml, 'ObjectLockRetention');
}

/**
 * As `parseRetention`, for who relies on it. Throws `UnexpectedAnswer` for a document that has a mode
 * or a date, but not both in a form that is known.
 */
export function parseCertainRetention(xml: string): Pick<ObjectLock, 'retention'> | null {
  const root = retentionRoot(xml);
  if (root === null) return null;
  const [mode = '', until = ''] = [textOf(root, 'Mode'), textOf(root, 'RetainUntilDate')];
  const retention = retentionOf(mode, until);
  if (retention === null && `${mode}${until}`.trim() !== '') {
    throw new UnexpectedAnswer('answered with a retention that has no known mode or no valid date');
  }
  return { retention };
}

/** The object lock of a bucket, and the retention that it gives to every new object. */
export interface BucketLock {
  /** `null` if it gives none. */
  byDefault: { mode: string; period: string } | null;
}

/** Returns `null` if the text is not the document of a bucket whose object lock is enabled. */
export function parseBucketLock(xml: string): BucketLock | null {
  const root = parseXml(xml, 'ObjectLockConfiguration');
  if (textOf(root ?? undefined, 'ObjectLockEnabled')?.trim() !== 'Enabled') return null;
  const rule = child(root ?? undefined, 'Rule');
  if (rule === undefined || rule === '') return { byDefault: null };
  const retention = child(rule, 'DefaultRetention');
  const [days, years] = [textOf(retention, 'Days'), textOf(retention, 'Years')];
  const period = days !== undefined ? `days: ${days.trim()}` : `years: ${years?.trim() ?? '?'}`;
  return { byDefault: { mode: textOf(retention, 'Mode')?.trim() ?? 'unknown', period } };
}

/** Returns `null` if the text is not a `LegalHold` document. */
export function parseLegalHold(xml: string): Pick<ObjectLock, 'legalHold'> | null {
  const root = parseXml(xml, 'LegalHold');
  return root === null ? null : { legalHold: isOn(textOf(root, 'Status')) };
}

/** The header with which keys that have the right bypass a lock in the mode GOVERNANCE. */
export function bypassHeader(isBypassed: boolean | undefined): Record<string, string> {
  return isBypassed === true ? { 'x-amz-bypass-governance-retention': 'true' } : {};
}

/** An empty document removes the retention. */
export function retentionDocument(retention: Retention | null): string {
  if (retention === null) return `<Retention ${S3_NAMESPACE}></Retention>`;
  const { mode, until } = retention;
  return `<Retention ${S3_NAMESPACE}><Mode>${mode}</Mode><RetainUntilDate>${escapeXml(until)}</RetainUntilDate></Retention>`;
}

export function legalHoldDocument(): string {
  return `<LegalHold ${S3_NAMESPACE}><Status>ON</Status></LegalHold>`;
}

function retentionOf(mode = '', until = ''): Retention | null {
  const upper = mode.trim().toUpperCase();
  const end = new Date(until.trim());
  if (upper !== 'GOVERNANCE' && upper !== 'COMPLIANCE') return null;
  return Number.isNaN(end.getTime()) ? null : { mode: upper, until: end.toISOString() };
}

function isOn(status = ''): boolean {
  return status.trim().toUpperCase() === 'ON';
}

function textIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
