import { auditArchive } from '../../src/archive/audit.js';
import { type ArchiveProblem, type AuditResult } from '../../src/archive/archive.js';
import type { Directory } from '../../src/archive/directory.js';
import { readDirectory, readFooter } from '../../src/archive/reader.js';
import { MemorySource } from './archive-memory.js';

export interface Audited extends AuditResult {
  problems: ArchiveProblem[];
}

/** Audits an archive; with the directory of its own unless another is given. */
export async function audit(bytes: Buffer, directory?: Directory): Promise<Audited> {
  const source = new MemorySource(bytes);
  const problems: ArchiveProblem[] = [];
  const read = directory ?? (await readDirectory(source, await readFooter(source)));
  const result = await auditArchive(source, read, {
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
