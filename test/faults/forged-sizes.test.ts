import { beforeEach, describe, expect, it } from 'vitest';
import type { Directory } from '../../src/archive/directory.js';
import { peakOf } from '../bench/processes.js';
import { headerBlock } from '../helpers/archive-tar.js';
import { temporaryFolder } from '../helpers/backups.js';
import { runProcess } from '../helpers/cli.js';
import { type Changes, FORMS, forgeBackup } from '../helpers/forged-backups.js';
import { rounds } from '../helpers/rounds.js';

/** Backups that are small or large on the disk, and would take all memory if they were believed. */

const MIB = 1024 * 1024;
const MOST_MIB = 300;
/** Behind the files of a plain folder, the same code reads both forms: verify alone is the sample. */
const PLAIN_IS_READ_BY_ALL = rounds({ sample: 0, all: 1 }) > 0;

let folder: string;
beforeEach(() => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  return temporary.remove;
});

/** Directories of many entries, as text: they need not be made one by one. */
function withMany(field: 'chunks' | 'buckets', count: number, entry: string) {
  return (directory: Directory): string => {
    const text = JSON.stringify({ ...directory, [field]: [] });
    const list = Array<string>(count).fill(entry).join(',');
    return text.replace(`"${field}":[]`, `"${field}":[${list}]`);
  };
}

const chunk = JSON.stringify({
  ...{ archive: 'n', offset: 0, length: 1, path: 'n/index/0', size: 1, sha256: '0'.repeat(64) },
  ...{ first: { bucket: 'alpha', key: 'a' }, last: { bucket: 'alpha', key: 'b' } },
  ...{ objects: 1, bytes: 1 },
});

const cases: [string, number, Changes][] = [
  [
    'a document of 64 MiB',
    5,
    {
      document: (path, text) => (path.endsWith('policy.json') ? Buffer.alloc(64 * MIB, ' ') : text),
    },
  ],
  ['a directory of 700,000 chunks', 5, { directory: withMany('chunks', 700_000, chunk) }],
  [
    'a directory of 200,000 buckets',
    5,
    { directory: withMany('buckets', 200_000, '{"name":"b"}') },
  ],
  ['a directory of ten million nothings', 5, { directory: withMany('chunks', 1e7, '{}') }],
  [
    'a directory of blanks',
    5,
    { directory: (directory) => JSON.stringify(directory) + ' '.repeat(150 * MIB) },
  ],
  ['a chunk of 40 MiB', 5, { lines: () => '\n'.repeat(40 * MIB) }],
  ['a chunk of ten million nothings', 5, { lines: () => `[${'{},'.repeat(1e7)}{}]` }],
  [
    'a summary of ten million nothings',
    5,
    { summary: () => `{\n  "a": [${'{},'.repeat(1e7)}{}]\n}` },
  ],
  ['a summary of 300 MiB', 5, { summary: () => `{\n  "a": "${' '.repeat(300 * MIB)}"\n}` }],
];
// Tar entries that no reader but verify comes across.
const folders: Changes = {
  extra: Array<Buffer>(20_000).fill(
    headerBlock({ type: 'Directory', path: 'n/d/', size: 2 ** 33 }),
  ),
};

async function measure(args: readonly string[]) {
  const program = runProcess(args);
  let peakMib = 0;
  const poll = setInterval(() => (peakMib = Math.max(peakMib, peakOf(program.pid))), 10);
  const outcome = await program;
  clearInterval(poll);
  if (process.env.FORGED_MEASURES !== undefined) {
    process.stderr.write(`${args.slice(0, -1).join(' ')}: ${Math.round(peakMib)} MiB\n`);
  }
  const { exitCode, stdout, stderr } = outcome;
  return { exitCode, stdout, stderr, peakMib };
}

async function expectBounded(command: readonly string[], id: string, statuses: number[]) {
  const { exitCode, stdout, stderr, peakMib } = await measure([...command, `${folder}/${id}`]);
  expect(stderr).not.toContain('this is a bug');
  expect(statuses).toContain(exitCode);
  expect(peakMib).toBeLessThan(MOST_MIB);
  return stdout;
}

describe.each(FORMS)('a backup (%s) with', (form) => {
  it.each(cases)('%s is damaged, in little memory', async (what, status, changes) => {
    const id = await forgeBackup(folder, form, changes);
    await expectBounded(['backup', 'verify'], id, [status]);
    // A list of objects needs no document, and a plan names one that cannot be restored.
    const isDocument = what.includes('document');
    if (form === 'plain' && !PLAIN_IS_READ_BY_ALL) return;
    await expectBounded(['backup', 'ls'], id, isDocument ? [0] : [status]);
    const plan = await expectBounded(['restore', '--dry-run'], id, isDocument ? [0] : [status]);
    if (isDocument) expect(plan).toContain('the policy of alpha cannot be restored');
  });
});

it('folders with a content are damaged for verify, in little memory', async () => {
  await expectBounded(['backup', 'verify'], await forgeBackup(folder, 'tar', folders), [5]);
});
