import { useState } from 'preact/hooks';
import { ApiFailure, getBlob } from '../data/api.js';
import { reactionTo } from '../data/decisions.js';
import { endSession } from '../data/session.js';
import { Mark } from './marks.js';

interface CsvButtonProps {
  /** Of an answer that is CSV for whoever prefers it. */
  path: string;
  /** Of the file. */
  name: string;
  children: string;
  timeoutMs?: number;
}

/** Saves rows as a file. */
export function CsvButton({ path, name, children, timeoutMs }: CsvButtonProps) {
  const [state, setState] = useState<'ready' | 'asking' | ApiFailure>('ready');
  const save = async (): Promise<void> => {
    setState('asking');
    try {
      saveAs(await getBlob(path, 'text/csv', { timeoutMs }), name);
      setState('ready');
    } catch (error) {
      const failure = error instanceof ApiFailure ? error : new ApiFailure(0, String(error));
      if (reactionTo(failure.reason) === 'login') endSession();
      setState(failure);
    }
  };
  const isAsking = state === 'asking';
  return (
    <>
      {state instanceof ApiFailure && (
        <span class="err" role="alert">
          <Mark name="failed" />
          <span>No CSV: {state.message}. Try again.</span>
        </span>
      )}
      <button
        type="button"
        class="push"
        aria-disabled={isAsking}
        aria-busy={isAsking}
        onClick={() => !isAsking && void save()}
      >
        {children}
      </button>
    </>
  );
}

/** The browser needs the address for a moment after the click. */
const KEPT_MS = 15_000;

function saveAs(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
