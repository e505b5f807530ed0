/** What a check has found: one line, and what ends the trouble. */
export interface Finding {
  status: CheckStatus;
  /** One line, lower case, no full stop. */
  message: string;
  /** The command or the setting that fixes it; present for each warning and failure. */
  hint?: string;
  /** What the line of its topic says of it where all is well: a few words. Not part of the JSON answer. */
  fact?: string;
}

/** `skipped`: the thing is not configured, or could not be looked at. It says nothing about it. */
export type CheckStatus = 'ok' | 'warning' | 'failure' | 'skipped';

export function ok(message: string, fact?: string): Finding {
  return { status: 'ok', message, ...(fact === undefined ? {} : { fact }) };
}

export function warning(message: string, hint: string): Finding {
  return { status: 'warning', message, hint };
}

export function failure(message: string, hint: string): Finding {
  return { status: 'failure', message, hint };
}

export function skipped(message: string, hint?: string): Finding {
  return { status: 'skipped', message, ...(hint === undefined ? {} : { hint }) };
}

/** Thrown where a fact cannot be gathered because of something that another check reports. */
export class NotLooked extends Error {
  override readonly name = 'NotLooked';
}
