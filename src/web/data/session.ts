import { signal } from '@preact/signals';
import { getDocument, postDocument } from './api.js';
import type { SessionDocument } from './documents.js';

/** Who looks at the page; `undefined` until it is known. */
export const session = signal<SessionDocument | undefined>(undefined);
/** The login was valid, and is no longer. */
export const hasEnded = signal(false);

export async function loadSession(abort?: AbortSignal): Promise<void> {
  session.value = await getDocument<SessionDocument>('/api/session', { signal: abort });
}

/** A request was refused with 401. */
export function endSession(): void {
  const known = session.peek();
  if (known === undefined || known.kind === 'nobody') return;
  hasEnded.value = true;
  session.value = { ...known, kind: 'nobody', user_id: null };
}

/** Rejects with `ApiFailure`. */
export async function signIn(token: string): Promise<void> {
  await postDocument('/api/login', { token });
  await loadSession();
  hasEnded.value = false;
}

export async function signOut(): Promise<void> {
  await postDocument('/api/logout');
  hasEnded.value = false;
  await loadSession();
}
