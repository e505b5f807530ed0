import type { ChooseClaims, ClaimStore, StoredClaim } from '../../src/lock/claim.js';
import type { ClaimObjects } from '../../src/lock/lock-claims.js';

type Operation = 'put' | 'list' | 'remove';

/**
 * Claims in memory, for tests that decide when things happen. It passes the suite that the stores
 * of the program pass (test/contract/claim-store.test.ts).
 */
export class MemoryClaims implements ClaimStore, ClaimObjects {
  readonly location = 'memory';
  readonly claims = new Map<string, StoredClaim>();
  /** The clock of the store, in milliseconds. */
  now: () => number = Date.now;
  /** Called before each operation takes effect: may wait, or reject. */
  before: (operation: Operation, signal?: AbortSignal) => Promise<void> | void = () => undefined;

  async put(name: string, content: string, signal?: AbortSignal): Promise<void> {
    await this.#begin('put', signal);
    this.claims.set(name, { name, content, modifiedAtMs: this.now() });
  }

  async list(
    signal?: AbortSignal,
    choose: ChooseClaims = (names) => names,
  ): Promise<StoredClaim[]> {
    await this.#begin('list', signal);
    const names = choose([...this.claims.keys()].sort());
    return names.flatMap((name) => ({ ...this.claims.get(name)! }));
  }

  async names(signal?: AbortSignal): Promise<string[]> {
    await this.#begin('list', signal);
    return [...this.claims.keys()];
  }

  read(name: string, signal?: AbortSignal): Promise<StoredClaim | undefined> {
    signal?.throwIfAborted();
    const claim = this.claims.get(name);
    return Promise.resolve(claim && { ...claim });
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    await this.#begin('remove', signal);
    this.claims.delete(name);
  }

  async #begin(operation: Operation, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.before(operation, signal);
  }
}
