import { signal } from '@preact/signals';
import { ApiFailure, getDocument, postDocument } from './api.js';
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

/** Asks whether the login is still valid, and ends the session if it is not. */
export function checkSession(): void {
  getDocument<SessionDocument>('/api/session').then(
    ({ kind }) => {
      if (kind === 'nobody') endSession();
    },
    (error: unknown) => {
      if (error instanceof ApiFailure && error.reason === 401) endSession();
    },
  );
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
