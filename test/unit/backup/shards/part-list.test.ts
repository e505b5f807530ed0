import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PartList } from '../../../../src/backup/shards/part-list.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import type { RunPlan } from '../../../../src/repository/runs/run-plan.js';
import { decodeSummary, encodeSummary } from '../../../../src/repository/summary-codec.js';
import type { ShardRecord } from '../../../../src/repository/summary.js';
import { temporaryFolder } from '../../../helpers/backups.js';
import { type MadePart, makePart, objectsOf } from '../../../helpers/backups-of-parts.js';

let folder: string;
let removeFolder: () => void;
let destination: FolderDestination;
let part: MadePart;

beforeEach(async () => {
  ({ folder, remove: removeFolder } = temporaryFolder());
  destination = await FolderDestination.open(folder);
  part = await makePart(destination, { at: '2024-01-01T02:00:00.000Z' }, objectsOf('a'), 0);
});
afterEach(() => {
  removeFolder();
});

async function tell(more: Partial<ShardRecord>): Promise<void> {
  const path = join(folder, `${part.id}.json`);
  const decoded = decodeSummary(await readFile(path));
  if (decoded.kind !== 'valid' || decoded.summary.shard === undefined) throw new Error(path);
  const shard = { ...decoded.summary.shard, ...more };
  await writeFile(path, encodeSummary({ ...decoded.summary, shard }));
}

/** The parts that a head with this plan of the bucket finds. */
async function found({ gone, givenUp = false }: { gone?: true; givenUp?: boolean } = {}) {
  const { run, token, range } = part.manifest.shard!;
  const plan = {
    ...{ run, token, type: 'full', recipients: [] },
    shards: [{ range, ...(gone === undefined ? {} : { gone }) }],
  } as unknown as RunPlan;
  const warnings: string[] = [];
  const parts = new PartList(destination, plan, (line) => warnings.push(line));
  if (givenUp) parts.takeGivenUp(part.id);
  await parts.refresh();
  await parts.refresh();
  return { ids: parts.parts.map(({ id }) => id), warnings };
}

it('takes a part by the plan that it was captured by, and no other', async () => {
  const taken = { ids: [part.id], warnings: [] };
  const refused = {
    ids: [],
    warnings: [`${part.id} is not used: sample has come or gone since it was captured`],
  };
  expect(await found()).toEqual(taken);
  expect(await found({ gone: true })).toEqual(refused);
  await tell({ gone: true });
  expect(await found({ gone: true })).toEqual(taken);
  expect(await found()).toEqual(refused);
});

it('takes a part that this head has given up, and not one of an earlier head', async () => {
  await tell({ given_up: true });
  expect(await found()).toEqual({
    ids: [],
    warnings: [
      `${part.id} is not used: an earlier head gave up on its range, which is now tried again`,
    ],
  });
  expect(await found({ givenUp: true })).toEqual({ ids: [part.id], warnings: [] });
});
