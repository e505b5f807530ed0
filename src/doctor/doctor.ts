import {
  type DestinationFacts,
  type DestinationParts,
  destinationGatherers,
} from './destinations/facts.js';
import { destinationChecks } from './destinations/destination-checks.js';
import { type OffsiteFacts, offsiteChecks } from './destinations/offsite-checks.js';
import { setMaxListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { isS3Url } from '../repository/s3/s3-location.js';
import { evidenceChecks } from './evidence/evidence-checks.js';
import { type EvidenceFacts, evidenceGatherers } from './evidence/facts.js';
import { FactBook } from './facts.js';
import { hostChecks, hostGatherers, laterChecks, type HostFacts, type HostParts } from './host.js';
import { type ProbeFacts, probeGatherers } from './probe/facts.js';
import { probeChecks } from './probe/probe-checks.js';
import { type CheckResult, runChecks } from './run-checks.js';

/** The versions of servers, by what they are; `null` where it is not known. */
export type Servers = Readonly<Record<string, string | null>>;

export interface DoctorParts
  extends Omit<HostParts, 'onOpen'>, Omit<DestinationParts, 'config' | 'now'> {
  /** Whether to write into a bucket of its own to find out what the server does. */
  probes: boolean;
  /** As the user named them. */
  destinations: readonly string[];
  /** Aborted by the user. */
  signal: AbortSignal;
  /** Called with how many checks have ended, of how many. */
  onProgress: (ended: number, total: number) => void;
}

/**
 * Runs all checks at once, and resolves to their results in the order in which they are shown. Rejects
 * only with the reason of the signal.
 */
export async function examine(
  parts: DoctorParts,
): Promise<{ checks: CheckResult[]; servers: Servers }> {
  const { destinations, signal, onProgress } = parts;
  const closes: (() => void)[] = [];
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  // Each request to a server listens to it.
  setMaxListeners(0, until);
  const onOpen = (close: () => void): void => {
    if (until.aborted) close();
    else closes.push(close);
  };
  const host = new FactBook(hostGatherers({ ...parts, onOpen }), until);
  const config = () => host.read('config');
  const openBackupStore: DestinationParts['openBackupStore'] = async (settings) => {
    const store = await parts.openBackupStore(settings);
    onOpen(() => store.close());
    return store;
  };
  const books = destinations.map((text) => ({
    text,
    book: new FactBook<DestinationFacts>(
      destinationGatherers(text, { ...parts, config, openBackupStore }),
      until,
    ),
  }));
  const offsite = new FactBook<OffsiteFacts>(
    {
      maxAgeMs: () => parts.maxAgeMs,
      copies: () =>
        Promise.all(
          books.map(async ({ text, book }) => {
            const lines = await book.read('lines').catch(() => undefined);
            return { text, isRemote: isS3Url(text), lines };
          }),
        ),
    },
    until,
  );
  const evidence = new FactBook<EvidenceFacts>(
    evidenceGatherers({
      ...parts,
      destinations: books.map(({ text, book }) => ({
        text,
        open: async () => {
          const opened = await book.read('opened');
          if (opened.kind === 'failed') throw opened.error;
          return opened.destination;
        },
      })),
    }),
    until,
  );
  // The signal of the user alone: it removes what it has made before the connections are closed.
  const probe = new FactBook<ProbeFacts>(probeGatherers(host, parts), signal);
  const asked = parts.probes ? probeChecks : [];
  const total =
    asked.length +
    hostChecks.length +
    laterChecks.length +
    evidenceChecks.length +
    offsiteChecks.length +
    books.length * destinationChecks.length;
  let ended = 0;
  const onResult = (): void => onProgress(++ended, total);
  const run = { aborted: rejectionOf(signal), onResult };
  try {
    const results = await Promise.all([
      runChecks({ checks: hostChecks, facts: host, ...run }),
      ...books.map(({ text, book }) =>
        runChecks({ checks: destinationChecks, facts: book, subject: text, ...run }),
      ),
      runChecks({ checks: offsiteChecks, facts: offsite, ...run }),
      runChecks({ checks: laterChecks, facts: host, ...run }),
      runChecks({ checks: evidenceChecks, facts: evidence, ...run }),
      runChecks({ checks: asked, facts: probe, ...run }),
    ]);
    return { checks: results.flat(), servers: await versionsOf(host) };
  } finally {
    if (parts.probes) await probe.read('probe').catch(() => undefined);
    over.abort(new Error('all checks have ended'));
    for (const close of closes) close();
  }
}

/** Facts that are known by now: nothing is waited for. */
async function versionsOf(host: FactBook<HostFacts>): Promise<Servers> {
  const soon = async <T>(fact: Promise<T>): Promise<T | undefined> =>
    await Promise.race([fact.catch(() => undefined), setImmediate(undefined)]);
  const [info, queue] = await Promise.all([soon(host.read('info')), soon(host.read('queue'))]);
  return {
    redis: info?.text('redis_version') ?? null,
    bullmq: queue?.version ?? null,
  };
}

/** Rejects with the reason of the signal when it is aborted. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = new Promise<never>((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  // It may come before anybody waits.
  rejection.catch(() => undefined);
  return rejection;
}
