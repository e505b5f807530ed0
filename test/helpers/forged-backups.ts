import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Directory } from '../../src/archive/directory.js';
import { FORMAT_VERSION, encodeFooter } from '../../src/archive/footer.js';
import { MemberKind } from '../../src/archive/gzip.js';
import type { IndexLine } from '../../src/archive/index-line.js';
import { END_OF_TAR } from '../../src/archive/tar.js';
import type { Summary } from '../../src/repository/summary.js';
import { deflatedMember } from './archive-members.js';
import { sha256 } from './archive-samples.js';
import { tarEntry } from './archive-tar.js';
import { summaryOf } from './summaries.js';

/**
 * Backups that none of our code wrote: by hand, with any part changed by somebody who can compute a
 * SHA-256. All digests are right, unless the change is one of them.
 */

const FORGED_AT = '2024-01-15T02:00:00.000Z';
const FORGED_ID = 'minio_backup_full_20240115_020000';
export const FORMS = ['tar', 'plain'] as const;
export type Form = (typeof FORMS)[number];

/** What may be changed, in the order in which it is written. A text is taken as it is. */
export interface Changes {
  objects?: readonly (readonly [bucket: string, key: string])[][];
  /** What is put into a document in place of its content. */
  document?: (path: string, content: string) => string | Buffer;
  lines?: (lines: IndexLine[], chunk: number) => unknown[] | string;
  /** Tar entries in a member of their own, behind the objects. */
  extra?: Buffer[];
  directory?: (directory: Directory) => unknown;
  summary?: (summary: Summary) => unknown;
}

/** By chunk. The bucket `empty` has none. */
const OBJECTS = [
  [
    ['alpha', 'a'],
    ['alpha', 'b/c'],
    ['beta', 'a'],
  ],
  [
    ['beta', 'z'],
    ['gamma', 'only'],
  ],
] as const;
const BUCKETS = ['alpha', 'beta', 'empty', 'gamma'];
const POLICY = '{"Version":"2012-10-17","Statement":[]}';

/** Lays files into an archive of either form. */
class Layout {
  readonly members: Buffer[] = [];
  readonly files: { path: string; content: Buffer }[] = [];
  #offset = 0;

  constructor(readonly form: Form) {}

  add(kind: MemberKind, path: string, content: Buffer) {
    this.files.push({ path, content });
    if (this.form === 'plain') return { offset: 0, length: content.length, inner: 0 };
    const entry = tarEntry({ path, content });
    const head = entry.length - content.length - ((512 - (content.length % 512)) % 512);
    return { ...this.addMember(kind, entry), inner: head };
  }

  addMember(kind: MemberKind, content: Buffer): { offset: number; length: number } {
    const member = deflatedMember(kind, content);
    const place = { offset: this.#offset, length: member.length };
    this.members.push(member);
    this.#offset += member.length;
    return place;
  }
}

/** Writes the backup into the folder; resolves to its id. */
export async function forgeBackup(folder: string, form: Form, changes: Changes): Promise<string> {
  const layout = new Layout(form);
  const id = FORGED_ID;
  const facts = BUCKETS.map((name) => ({ name, created_at: FORGED_AT, region: null }));
  const documents = [
    ['metadata/buckets.json', JSON.stringify({ buckets: facts }, null, 2)],
    ['metadata/alpha/policy.json', POLICY],
  ].map(([name = '', original = '']) => {
    const path = `${id}/${name}`;
    const content = Buffer.from(changes.document?.(name, original) ?? original);
    const place = layout.add(MemberKind.data, path, content);
    return { path, ...place, size: content.length, sha256: sha256(content) };
  });

  const totals = new Map(BUCKETS.map((name) => [name, { objects: 0, bytes: 0 }]));
  const chunks = (changes.objects ?? OBJECTS).map((objects, number) => {
    const lines = objects.map(([bucket, key]): IndexLine => {
      const content = Buffer.from(`content of ${bucket}/${key}`);
      const path = `${id}/data/${bucket}/${key}`;
      const { offset, length, inner } = layout.add(MemberKind.data, path, content);
      return {
        ...{ bucket, key, size: content.length },
        etag: createHash('md5').update(content).digest('hex'),
        last_modified: FORGED_AT,
        sha256: sha256(content),
        ...{ path, archive: id, offset, length, inner },
      };
    });
    const changed = changes.lines?.(lines, number) ?? lines;
    const text =
      typeof changed === 'string'
        ? changed
        : changed
            .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
            .join('\n');
    const content = Buffer.from(`${text}\n`);
    const read = linesIn(changed, lines);
    for (const { bucket, size } of read) {
      const total = totals.get(bucket);
      if (total === undefined) continue;
      total.objects += 1;
      total.bytes += size;
    }
    const path = `${id}/index/0000${number}.ndjson`;
    const { offset, length } = layout.add(MemberKind.chunk, path, content);
    const nameOf = (line = lines[0]!) => ({ bucket: line.bucket, key: line.key });
    return {
      ...{ archive: id, offset, length, ...(form === 'plain' ? { path } : {}) },
      ...{ size: content.length, sha256: sha256(content) },
      ...{ first: nameOf(read[0]), last: nameOf(read.at(-1)) },
      objects: read.length,
      bytes: read.reduce((sum, { size }) => sum + size, 0),
    };
  });
  for (const entry of changes.extra ?? []) layout.addMember(MemberKind.data, entry);

  const sumOf = (field: 'objects' | 'bytes') =>
    chunks.reduce((sum, chunk) => sum + chunk[field], 0);
  const directory: Directory = {
    format: FORMAT_VERSION,
    archive: id,
    objects: sumOf('objects'),
    bytes: sumOf('bytes'),
    buckets: facts.map((bucket) => ({ ...bucket, ...totals.get(bucket.name)! })),
    documents,
    chunks,
  };
  const counts = { objects: directory.objects, bytes: directory.bytes };
  const buckets = directory.buckets.map(({ name, objects, bytes }) => ({ name, objects, bytes }));
  const directoryBytes = Buffer.from(`${textOf(directory, changes.directory)}\n`);
  const digest = sha256(directoryBytes);
  const place = layout.add(MemberKind.directory, `${id}/index/directory.json`, directoryBytes);
  const archive = await writeArchive(folder, layout, { ...place, digest });

  const base = summaryOf({ at: FORGED_AT, sequence: 1, archiveBytes: archive.bytes });
  const summary: Summary = {
    ...base,
    objects: { ...base.objects, total: counts.objects, captured: counts.objects },
    bytes: counts.bytes,
    buckets,
    fidelity: {
      not_captured: [],
      documents: [{ bucket: 'alpha', document: 'policy', state: 'captured' }],
      losses: [],
    },
    archive: {
      file: form === 'plain' ? id : `${id}.tar.gz`,
      sha256: form === 'plain' ? digest : archive.sha256,
      directory: { offset: place.offset, length: place.length, sha256: digest },
    },
  };
  await writeFile(join(folder, `${id}.json`), signed(textOf(summary, changes.summary, 2)));
  return id;
}

async function writeArchive(
  folder: string,
  layout: Layout,
  place: { offset: number; length: number; digest: string },
): Promise<{ bytes: number; sha256: string }> {
  if (layout.form === 'plain') {
    for (const { path, content } of layout.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const bytes = layout.files.reduce((sum, { content }) => sum + content.length, 0);
    return { bytes, sha256: '' };
  }
  layout.addMember(MemberKind.end, END_OF_TAR);
  const { offset, length, digest } = place;
  const footer = encodeFooter({ version: FORMAT_VERSION, offset, length, sha256: digest });
  const archive = Buffer.concat([...layout.members, footer]);
  await writeFile(join(folder, `${FORGED_ID}.tar.gz`), archive);
  return { bytes: archive.length, sha256: sha256(archive) };
}

/** Lines that tell of an object; what else there is counts for nothing. */
function linesIn(changed: unknown, original: IndexLine[]): IndexLine[] {
  if (!Array.isArray(changed)) return original;
  return changed.filter((line: unknown): line is IndexLine => {
    const { bucket, key, size } = (line ?? {}) as Partial<Record<keyof IndexLine, unknown>>;
    return typeof bucket === 'string' && typeof key === 'string' && Number.isSafeInteger(size);
  });
}

function textOf<Value>(
  value: Value,
  change: ((value: Value) => unknown) | undefined,
  indent?: number,
): string {
  const changed = change?.(value) ?? value;
  return typeof changed === 'string' ? changed : JSON.stringify(changed, null, indent);
}

/** A summary with the digest of the rest of it as last field. */
function signed(text: string): string {
  return `${text.slice(0, -2)},\n  "digest": "${sha256(Buffer.from(text))}"\n}\n`;
}
