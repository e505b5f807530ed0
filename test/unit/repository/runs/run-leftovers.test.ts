import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type { Destination } from '../../../../src/repository/destination.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { partIdOf } from '../../../../src/repository/names.js';
import { findAllLeftovers } from '../../../../src/repository/runs/run-leftovers.js';
import { filesIn, temporaryFolder } from '../../../helpers/backups.js';
import { type MadeOfParts, makeOfParts, objectsOf } from '../../../helpers/backups-of-parts.js';

let folder: string;
let removeFolder: () => void;
let destination: FolderDestination;
let full: MadeOfParts;
let next: MadeOfParts;

beforeEach(async () => {
  ({ folder, remove: removeFolder } = temporaryFolder());
  destination = await FolderDestination.open(folder);
  const at = (day: number): string => `2024-01-0${day}T02:00:00.000Z`;
  full = await makeOfParts(destination, {
    ...{ at: at(1), sequence: 1, shards: [objectsOf('a'), objectsOf('b')] },
  });
  next = await makeOfParts(destination, {
    ...{ at: at(2), sequence: 2, type: 'incremental', parent: full.id },
    ...{ shards: [objectsOf('new')], earlier: full.parts },
  });
  await destination.remove(full.id);
});
afterEach(() => {
  removeFolder();
});

/** Removes what a later backup finds; resolves to what it warned of. */
async function removeLeftovers(on: Destination): Promise<string[]> {
  const warnings: string[] = [];
  const leftovers = await findAllLeftovers(on, {
    ...{ goesOn: undefined, now: new Date('2024-01-03T02:00:00Z') },
    warn: (line) => warnings.push(line),
  });
  for (const leftover of leftovers) await leftover.remove();
  return warnings;
}

async function partsLeft(): Promise<string[]> {
  const ids = (await filesIn(folder)).map(partIdOf).filter((id) => id !== undefined);
  return [...new Set(ids)].sort();
}

/** The destination with another listing. The methods of the real one do the rest. */
function listing(list: Destination['list']): Destination {
  return new Proxy<Destination>(destination, {
    get: (target, name) => {
      if (name === 'list') return list;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('the parts of a run whose backup is gone', () => {
  it('are removed where no backup needs them, and only then', async () => {
    const needed = [...full.parts, ...next.parts].map(({ id }) => id).sort();
    expect(await removeLeftovers(destination)).toEqual([]);
    expect(await partsLeft()).toEqual(needed);
    await destination.remove(next.id);
    expect(await removeLeftovers(destination)).toEqual([]);
    expect(await partsLeft()).toEqual([]);
  });

  it('stay where the listing lacks a summary that lies there', async () => {
    const before = await partsLeft();
    const blind = listing(async () => (await destination.list()).slice(0, 0));
    const why = 'stay: the server does not show that it has listed every backup';
    expect(await removeLeftovers(blind)).toEqual([
      `2 parts of ${full.id} ${why}`,
      `1 part of ${next.id} ${why}`,
    ]);
    expect(await partsLeft()).toEqual(before);
  });

  it('stay where the server does not show that its listing is whole', async () => {
    const before = await partsLeft();
    const unproven = listing(async (options) => {
      if (options?.proven === true) throw new MangamotionError('refused', 'it may be cut');
      return (await destination.list()).filter(({ id }) => id !== next.id);
    });
    expect(await removeLeftovers(unproven)).toHaveLength(2);
    expect(await partsLeft()).toEqual(before);
  });
});
