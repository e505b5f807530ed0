import { randomUUID } from 'node:crypto';
import { LOCKS_NOT_KEPT_HINT } from '../../../config/hints.js';
import { MangamotionError, isMangamotionError } from '../../../errors.js';
import type { ObjectVersion, Retention } from '../../../object-store/port.js';
import type { LockProof } from '../../locks.js';
import type { PlaceRequests } from '../place-requests.js';
import { contentOf } from '../s3-upload-sink.js';
import { isAtLeast } from './retry-lock.js';

/** The folder of the tiny objects with which locks are proved. */
const PROOFS_FOLDER = '.mangamotion-lock-proof/';
/** How long they are locked. The second is for a server that took longer to answer than the first. */
const RETENTIONS_MS = [20_000, 300_000];
/** A proof that comes later than this before the end of the lock proves nothing. */
const MARGIN_MS = 2000;

const PROOF_TEXT = 'This object shows whether the server keeps locks. It may be removed.\n';

/**
 * Proves that the server keeps a lock: a version that is locked for seconds resists its deletion, and
 * one that is not locked does not. Rejects with `refused` if the server does not keep the lock.
 */
export async function proveLock(
  requests: PlaceRequests,
  mode: Retention['mode'],
  nowMs: () => number,
): Promise<LockProof> {
  const mayDelete = await deletesUnlocked(requests);
  for (const retentionMs of RETENTIONS_MS) {
    const until = new Date(Math.ceil((nowMs() + retentionMs) / 1000) * 1000);
    const retention = { mode, until: until.toISOString() };
    const version = await putProof(requests, retention);
    await checkShown(requests, version, retention);
    await checkResists(requests, version);
    if (nowMs() < until.getTime() - MARGIN_MS) return mayDelete ? 'resists' : 'unproved';
  }
  throw noProof(requests, 'answers too slowly to prove that it keeps locks');
}

interface Proof {
  key: string;
  versionId: string;
}

async function putProof(requests: PlaceRequests, retention: Retention | null): Promise<Proof> {
  const { store, bucket, prefix, signal } = requests.place;
  const key = `${prefix}${PROOFS_FOLDER}${randomUUID()}`;
  const options = { attributes: { retention }, signal };
  const content = contentOf(Buffer.from(PROOF_TEXT));
  const { versionId } = await requests.ask(store.putObject(bucket, key, content, options));
  if (versionId !== null) return { key, versionId };
  await requests.ask(store.deleteObject(bucket, key, { signal }));
  throw noProof(requests, 'names no version of what it stores');
}

/** Resolves to false if the keys may delete no version. */
async function deletesUnlocked(requests: PlaceRequests): Promise<boolean> {
  const proof = await putProof(requests, null);
  try {
    await deleteProof(requests, proof);
    return true;
  } catch (error) {
    if (!isMangamotionError(error, 'access_denied')) throw error;
    return false;
  }
}

async function deleteProof(requests: PlaceRequests, proof: Proof): Promise<void> {
  const { store, bucket, signal } = requests.place;
  await requests.ask(store.deleteVersion(bucket, proof, { signal }));
}

async function checkShown(
  requests: PlaceRequests,
  { key, versionId }: Proof,
  wanted: Retention,
): Promise<void> {
  const { store, bucket } = requests.place;
  const options = { ...requests.options(), versionId };
  const shown = await requests.ask(store.getRetention(bucket, key, options));
  if (isAtLeast(shown, wanted)) return;
  const what = shown === null ? 'none' : `${shown.mode} until ${shown.until}`;
  throw noProof(
    requests,
    `accepted a retention in the mode ${wanted.mode} until ${wanted.until}, and shows ${what}`,
  );
}

async function checkResists(requests: PlaceRequests, proof: Proof): Promise<void> {
  try {
    await deleteProof(requests, proof);
  } catch (error) {
    if (!isMangamotionError(error, 'access_denied', 'refused')) throw error;
    await checkThere(requests, proof);
    return;
  }
  throw noProof(requests, 'accepts locks and does not keep them: it deleted a locked version');
}

async function checkThere(requests: PlaceRequests, { key, versionId }: Proof): Promise<void> {
  const { store, bucket } = requests.place;
  try {
    await requests.ask(store.headObject(bucket, key, { ...requests.options(), versionId }));
  } catch (error) {
    if (!isMangamotionError(error, 'not_found')) throw error;
    throw noProof(requests, 'refused to delete a locked version, and deleted it');
  }
}

function noProof({ place }: PlaceRequests, what: string): MangamotionError {
  return new MangamotionError('refused', `${place.url}: ${place.store.endpoint} ${what}`, {
    hint: LOCKS_NOT_KEPT_HINT,
  });
}

/**
 * Removes the versions and delete markers that proofs have left. Resolves to the keys of those that
 * cannot be removed yet, each once.
 */
export async function clearProofs(requests: PlaceRequests): Promise<string[]> {
  const folder = requests.place.prefix + PROOFS_FOLDER;
  const left = new Set<string>();
  for (const version of await proofsIn(requests, folder)) {
    try {
      await deleteProof(requests, version);
    } catch (error) {
      if (!isMangamotionError(error, 'access_denied', 'refused')) throw error;
      left.add(version.key);
    }
  }
  return [...left];
}

/** One page is more than proofs leave: what is behind it goes the next time. */
async function proofsIn(requests: PlaceRequests, folder: string): Promise<ObjectVersion[]> {
  const { store, bucket } = requests.place;
  const options = { ...requests.options(), prefix: folder };
  try {
    return (await requests.ask(store.listVersionPage(bucket, options))).versions;
  } catch (error) {
    // Keys that may not list versions leave the proofs to others.
    if (!isMangamotionError(error, 'access_denied')) throw error;
    return [];
  }
}
