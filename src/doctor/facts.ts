/** Reads another fact; the signal is aborted when nobody waits any more. */
type Gather<Facts, Name extends keyof Facts> = (
  read: <Other extends keyof Facts>(name: Other) => Promise<Facts[Other]>,
  signal: AbortSignal,
) => Promise<Facts[Name]> | Facts[Name];

/** How each fact is gathered. A fact that depends on another one reads it. */
export type Gatherers<Facts> = { readonly [Name in keyof Facts]: Gather<Facts, Name> };

/** The same of some facts, which may read the others. */
export type GatherersOf<Facts, Own extends keyof Facts> = {
  readonly [Name in Own]: Gather<Facts, Name>;
};

/** Facts that are gathered when a check first needs them, once for all checks. */
export class FactBook<Facts extends object> {
  readonly #gatherers: Gatherers<Facts>;
  readonly #signal: AbortSignal;
  readonly #begun = new Map<keyof Facts, Promise<unknown>>();

  constructor(gatherers: Gatherers<Facts>, signal: AbortSignal) {
    this.#gatherers = gatherers;
    this.#signal = signal;
  }

  /** Resolves to the fact. Rejects with `NotLooked` where another check says why there is none. */
  read = <Name extends keyof Facts>(name: Name): Promise<Facts[Name]> => {
    const known = this.#begun.get(name);
    if (known !== undefined) return known as Promise<Facts[Name]>;
    const gathering = this.#gather(name);
    // Its failure is told by each check that reads it.
    gathering.catch(() => undefined);
    this.#begun.set(name, gathering);
    return gathering;
  };

  async #gather<Name extends keyof Facts>(name: Name): Promise<Facts[Name]> {
    this.#signal.throwIfAborted();
    return await this.#gatherers[name](this.read, this.#signal);
  }
}
