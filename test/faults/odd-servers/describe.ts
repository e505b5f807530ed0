import { describe, it } from 'vitest';
import { judge } from './judge.js';
import { loadQuirks } from './load.js';
import type { Quirk } from './quirk.js';
import { runQuirk } from './run.js';

/** A test for each quirk of a group: a file for each group, so that workers share them. */
export async function describeQuirks(group: Quirk['group']): Promise<void> {
  const quirks = (await loadQuirks()).filter((quirk) => quirk.group === group);
  describe(`a server with odd ${group}`, () => {
    it.each(quirks)('$name: $what', async (quirk) => {
      judge(quirk, await runQuirk(quirk));
    });
  });
}
