import { readFile, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PendingBackup } from '../../../../src/repository/destination.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { bucketsOf } from '../../../helpers/archive-samples.js';
import { temporaryFolder } from '../../../helpers/backups.js';
import { TEST_CLOCK } from '../../../helpers/stored-archives.js';
import { summaryOf } from '../../../helpers/summaries.js';

let folder: string;
let destination: FolderDestination;
beforeEach(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  destination = await FolderDestination.open(folder);
  return temporary.remove;
});

/** A run that sleeps after its last check; meanwhile another one removes its temporary summary. */
async function overslept(meanwhile: (mark: string) => Promise<void>): Promise<PendingBackup> {
  const pending = await destination.begin('full', TEST_CLOCK);
  await pending.writer.finish(bucketsOf([]));
  const { bytes } = await pending.seal();
  const summary = summaryOf({ at: pending.createdAt.toISOString(), sequence: 1 });
  const committing = pending.commit({ ...summary, archive_bytes: bytes }, async () => {
    await meanwhile(join(folder, `${pending.id}.json.partial`));
  });
  await expect(committing).rejects.toMatchObject({ code: 'locked' });
  return pending;
}

describe('an archive that got its name while another run took over', () => {
  it('is not left for ever', async () => {
    const pending = await overslept(unlink);
    expect(await readdir(folder)).toEqual([`${pending.id}.tar.gz`]);
    await pending.abandon();
    for (const leftover of await destination.leftovers()) await leftover.remove();
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves the temporary summary of the other run as it is', async () => {
    const pending = await overslept(async (mark) => {
      await unlink(mark);
      await writeFile(mark, 'of the other run');
    });
    await pending.abandon();
    const mark = join(folder, `${pending.id}.json.partial`);
    expect(await readFile(mark, 'utf8')).toBe('of the other run');
  });
});
