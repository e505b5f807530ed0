import { execFile } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { collect } from '../../../helpers/archive-memory.js';
import { expectDamaged } from '../../../helpers/archive-damage.js';
import { temporaryFolder } from '../../../helpers/backups.js';
import { type StoredArchive, auditStored, storeObjects } from '../../../helpers/stored-archives.js';

const content = Buffer.from('the bytes of an object');
const SECRET = Buffer.from('what lies elsewhere...');

let folder: string;
let destination: FolderDestination;
let stored: StoredArchive;
/** Of the object `deep/down/key`. */
let path: string;

beforeEach(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  destination = await FolderDestination.open(folder, { plain: true });
  stored = await storeObjects(destination, [
    { bucket: 'b', key: 'deep/down/key', content },
    { bucket: 'b', key: 'other', content },
  ]);
  path = join(folder, stored.lines[0]!.path);
  await writeFile(join(folder, 'elsewhere'), SECRET);
  return temporary.remove;
});

async function expectRefused(words: RegExp, named = stored.lines[0]!): Promise<void> {
  const { archive } = stored;
  await expectDamaged(collect(archive.read(named)), words);
  await expectDamaged(archive.readWhole(named), words);
}

describe('a path of an index that leads out of the archive', () => {
  it.each([
    '../elsewhere',
    'ID/../elsewhere',
    'ID/data/../../elsewhere',
    'ID/./data/b/other',
    'ID//data/b/other',
    '/etc/passwd',
    'ID',
    'ID/',
    '',
    'elsewhere',
    'IDX/data',
    'ID/data\\..\\..\\elsewhere',
    'ID/data/b/\u0000',
  ])('is refused: %j', async (name) => {
    const line = { ...stored.lines[0]!, path: name.replace('ID', stored.id) };
    await expectRefused(/outside the archive/, { ...line, size: SECRET.length });
    const chunk = { ...stored.directory.chunks[0]!, path: line.path };
    await expectDamaged(stored.archive.readChunk(chunk), /outside the archive/);
    const document = { ...stored.directory.documents[0]!, path: line.path };
    await expectDamaged(stored.archive.readDocument(document), /outside the archive/);
  });

  it('is refused where a chunk has none', async () => {
    const chunk = { ...stored.directory.chunks[0]!, path: undefined };
    await expectDamaged(stored.archive.readChunk(chunk), /does not name the file/);
  });
});

describe('a tree of which a part is not a file', () => {
  it('is refused: a link in the place of a file', async () => {
    await rm(path);
    await symlink(join(folder, 'elsewhere'), path);
    await expectRefused(/not a file/);
    const { problems, objects } = await auditStored(stored);
    expect(objects).toBe(1);
    expect(problems.map(({ kind }) => kind)).toEqual(['object', 'unexpected']);
  });

  it.each([
    ['deep/down', 2],
    ['deep', 1],
  ])('is refused: a link in the place of the folder %s', async (_, depth) => {
    const place = join(folder, stored.id, 'data/b', ...['deep', 'down'].slice(0, depth));
    await rename(place, join(folder, 'moved'));
    await symlink(join(folder, 'moved'), place);
    await expectRefused(/not a folder/);
    expect((await auditStored(stored)).problems.map(({ kind }) => kind)).toEqual([
      'object',
      'unexpected',
    ]);
  });

  it('is refused without waiting: a pipe', async () => {
    await rm(path);
    await promisify(execFile)('mkfifo', [path]);
    await expectRefused(/not a file/);
  });

  it('is refused: a folder, or a file where a folder should be', async () => {
    await rm(path);
    await mkdir(path);
    await expectRefused(/not a file/);
    await rm(dirname(path), { recursive: true });
    await writeFile(dirname(path), '');
    // What was looked at before the change is remembered by the other one.
    stored.archive = await destination.openArchive(stored.id);
    await expectRefused(/not a folder/);
  });

  it('is refused: a file that is missing', async () => {
    await rm(path);
    await expectRefused(/is missing/);
  });
});

describe('lengths that are no lengths', () => {
  it('are refused before anything is read', async () => {
    const { archive, directory, written } = stored;
    const huge = 2 ** 40;
    const chunk = { ...directory.chunks[0]!, size: huge };
    await expectDamaged(archive.readChunk(chunk), /larger than allowed/);
    await expectDamaged(archive.readWhole({ ...stored.lines[0]!, size: huge }), /larger than/);
    const place = { ...written.directory, length: huge };
    await expectDamaged(archive.readDirectory(place), /larger than/);
    await expectDamaged(
      archive.readDirectory({ ...place, length: written.directory.length - 1 }),
      /has \d+ bytes/,
    );
  });
});

describe('a name that would write on a terminal', () => {
  it('is shown as JSON', async () => {
    const line = { ...stored.lines[0]!, path: `${stored.id}/\u001b[2Jx` };
    await expectRefused(/outside the archive: ".*\\u001b/, line);
  });
});
