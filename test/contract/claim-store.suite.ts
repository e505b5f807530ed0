import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeClaim, type ClaimStore } from '../../src/lock/claim.js';
import { STORE_CLOCK_GRAIN_MS } from '../../src/lock/claim-rules.js';

export interface Place {
  /** As another process would: nothing is shared but the place. */
  open: () => ClaimStore;
  /** Puts something into the place that is no claim of ours. */
  putForeign: (name: string, content: string) => Promise<void>;
  remove: () => Promise<void> | void;
}

/** What every place of claims does, on a real server. */
export function describeClaimStore(kind: string, create: () => Promise<Place>): void {
  describe(kind, () => {
    let place: Place;
    let store: ClaimStore;
    beforeEach(async () => {
      place = await create();
      store = place.open();
    });
    afterEach(() => place.remove());

    async function contents(of: ClaimStore): Promise<Record<string, string | undefined>> {
      return Object.fromEntries((await of.list()).map(({ name, content }) => [name, content]));
    }

    it('has no claims where none was ever put', async () => {
      expect(await store.list()).toEqual([]);
    });

    it('shows a claim to others as soon as it is put, and until it is removed', async () => {
      const other = place.open();
      for (const round of ['1', '2', '3']) {
        await store.put('one', `${round}, Sei \u{1F512}\n`);
        await other.put('two', round);
        expect(await contents(other)).toEqual({ one: `${round}, Sei \u{1F512}\n`, two: round });
        expect(await contents(store)).toEqual({ one: `${round}, Sei \u{1F512}\n`, two: round });
        await other.remove('one');
        expect(await contents(store)).toEqual({ two: round });
        await store.remove('two');
        expect(await contents(other)).toEqual({});
      }
    });

    it('removes what is not there without a word', async () => {
      await store.remove('never');
      await store.put('one', '1');
      await store.remove('one');
      await store.remove('one');
      expect(await store.list()).toEqual([]);
    });

    it('tells by its own clock when a claim was last put', async () => {
      await store.put('old', '');
      await store.put('renewed', '');
      const [before] = (await store.list()).filter(({ name }) => name === 'old');
      await new Promise((resolve) => setTimeout(resolve, STORE_CLOCK_GRAIN_MS + 500));
      await store.put('renewed', '');
      const times = Object.fromEntries(
        (await store.list()).map(({ name, modifiedAtMs }) => [name, modifiedAtMs]),
      );
      expect(times.old).toBe(before?.modifiedAtMs);
      const apartMs = times.renewed! - times.old!;
      expect(apartMs).toBeGreaterThan(500);
      expect(apartMs).toBeLessThan(60_000);
    });

    it('reads only those that are chosen among the names of all, in order', async () => {
      for (const name of ['b', 'd', 'a', 'c']) await store.put(name, name);
      const given: (readonly string[])[] = [];
      const last = await store.list(undefined, (names) => {
        given.push(names);
        return names.slice(-2);
      });
      expect(given[0]).toEqual(['a', 'b', 'c', 'd']);
      expect(last.map(({ name, content }) => [name, content]).sort()).toEqual([
        ['c', 'c'],
        ['d', 'd'],
      ]);
      expect(await store.list(undefined, (names) => names)).toHaveLength(4);
      expect(await store.list(undefined, () => [])).toEqual([]);
    });

    it('never shows a mixture of two contents, nor leaves out a claim that is replaced', async () => {
      const versions = ['a'.repeat(900), 'b'.repeat(40)];
      await store.put('one', versions[0]!);
      const replacing = (async () => {
        for (let i = 0; i < 150; i++) await store.put('one', versions[i % 2]!);
        return 'done';
      })();
      const other = place.open();
      const seen = new Set<string | undefined>();
      do seen.add((await contents(other)).one);
      while ((await Promise.race([replacing, Promise.resolve('still')])) !== 'done');
      for (const content of seen) expect(versions).toContain(content);
    });

    it('stands many that come and go at once', async () => {
      const comeAndGo = async (name: string): Promise<void> => {
        const own = place.open();
        for (let i = 0; i < 15; i++) {
          await own.put(name, `${i}`);
          expect((await contents(own))[name]).toBe(`${i}`);
          await own.remove(name);
          expect(Object.keys(await contents(own))).not.toContain(name);
        }
      };
      await Promise.all(['one', 'two', 'three', 'four'].map(comeAndGo));
      expect(await store.list()).toEqual([]);
    });

    it.each([
      ['nothing', ''],
      ['half a claim', '{"format":1,"state":"he'],
      ['what is far too long', 'x'.repeat(100_000)],
    ])('lists %s as a claim that says nothing, and removes it', async (_, content) => {
      await store.put('one', '1');
      await place.putForeign('foreign', content);
      const [foreign] = (await store.list()).filter(({ name }) => name === 'foreign');
      expect(foreign?.modifiedAtMs).toBeGreaterThan(Date.UTC(2020));
      expect(decodeClaim(foreign?.content)).toBeUndefined();
      await store.remove('foreign');
      expect(await contents(store)).toEqual({ one: '1' });
    });

    it('does nothing once the signal is aborted, and rejects with its reason', async () => {
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      await store.put('one', '1');
      await expect(store.put('two', '2', signal)).rejects.toBe(reason);
      await expect(store.remove('one', signal)).rejects.toBe(reason);
      await expect(store.list(signal)).rejects.toBe(reason);
      expect(await contents(store)).toEqual({ one: '1' });
    });
  });
}
