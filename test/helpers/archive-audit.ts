import { type AuditSources, auditArchive } from '../../src/archive/audit.js';
import { type ArchiveProblem, type AuditResult } from '../../src/archive/archive.js';
import type { Directory } from '../../src/archive/directory.js';
import { ReadAhead } from '../../src/archive/read-ahead.js';
import { readDirectory, readFooter } from '../../src/archive/reader.js';
import { MemorySource } from './archive-memory.js';

export interface Audited extends AuditResult {
  problems: ArchiveProblem[];
}

/** The archive as an audit reads it. */
export function sourcesOf(bytes: Buffer, requests = 16): AuditSources {
  const source = new MemorySource(bytes);
  return { source, walked: new ReadAhead(source, { from: 0, to: bytes.length, requests }) };
}

/** Audits an archive; with the directory of its own unless another is given. */
export async function audit(bytes: Buffer, directory?: Directory): Promise<Audited> {
  const sources = sourcesOf(bytes);
  const { source } = sources;
  const problems: ArchiveProblem[] = [];
  const read = directory ?? (await readDirectory(source, await readFooter(source)));
  const result = await auditArchive(sources, read, {
    workers: 2,
    problem: (problem) => problems.push(problem),
    progress: () => undefined,
    signal: new AbortController().signal,
  });
  return { ...result, problems };
}

/** The keys that the problems name. */
export function namedKeys({ problems }: Audited): string[] {
  return problems.flatMap(({ key }) => (key === undefined ? [] : [key])).sort();
}
