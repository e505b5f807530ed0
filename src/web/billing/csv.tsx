import { useState } from 'preact/hooks';
import { Mark } from '../kit/marks.js';

/** Saves the days as rows: the same address answers with CSV to who asks for it. */
export function CsvButton({ path, name }: { path: string; name: string }) {
  const [state, setState] = useState<'ready' | 'asking' | 'failed'>('ready');
  const save = async (): Promise<void> => {
    setState('asking');
    try {
      const response = await fetch(path, {
        headers: { accept: 'text/csv' },
        credentials: 'same-origin',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(String(response.status));
      saveAs(await response.blob(), name);
      setState('ready');
    } catch {
      setState('failed');
    }
  };
  return (
    <>
      {state === 'failed' && (
        <span class="err" role="alert">
          <Mark name="failed" />
          <span>The server gave no CSV. Try again.</span>
        </span>
      )}
      <button
        type="button"
        class="push"
        aria-disabled={state === 'asking'}
        onClick={() => state !== 'asking' && void save()}
      >
        CSV of the days
      </button>
    </>
  );
}

const TIMEOUT_MS = 15_000;

function saveAs(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), TIMEOUT_MS);
}
