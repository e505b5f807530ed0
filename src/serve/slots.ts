import { RequestFailure } from './failure.js';

/** Bounds how many requests do costly work at the same time. */
export class Slots {
  readonly #most: number;
  readonly #refusal: string;
  #taken = 0;

  /** `refusal` is the sentence of the answer to one request too many. */
  constructor(most: number, refusal: string) {
    this.#most = most;
    this.#refusal = refusal;
  }

  /** Returns the function that gives the slot back. Throws 429 if all slots are taken. */
  take(): () => void {
    if (this.#taken >= this.#most) {
      throw new RequestFailure(429, this.#refusal, {
        code: 'too_many_requests',
        headers: { 'retry-after': '1' },
      });
    }
    this.#taken += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.#taken -= 1;
      isTaken = false;
    };
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const giveBack = this.take();
    try {
      return await work();
    } finally {
      giveBack();
    }
  }
}
