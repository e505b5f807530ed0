import { useState } from 'preact/hooks';
import { ApiFailure, getDocument } from '../data/api.js';
import type { DownloadDocument, ShownJobDocument } from '../data/documents.js';
import { Mark } from '../kit/marks.js';
import { formatBytes } from '../text/numbers.js';
import { endingOf, resultKind } from './words.js';

/** Downloads the result from the object store, by an address that is made when it is asked for. */
export function Download({ job }: { job: ShownJobDocument }) {
  const [state, setState] = useState<'ready' | 'asking' | ApiFailure>('ready');
  const { id, artifacts, status } = job;
  const result = artifacts?.find(({ kind }) => kind === 'result');
  const label = `Download ${result === undefined ? 'result' : resultKind(result.key)}`;
  const obstacle = obstacleOf(job, result !== undefined);
  if (obstacle !== undefined) {
    return (
      <div class="actions">
        <button type="button" aria-disabled="true">
          {label}
        </button>
        <span class="quiet">{obstacle}</span>
      </div>
    );
  }
  const download = async (): Promise<void> => {
    setState('asking');
    try {
      const path = `/api/jobs/${encodeURIComponent(id)}/download`;
      const { download_url: url } = await getDocument<DownloadDocument>(path);
      setState('ready');
      // The store answers with an attachment: the page stays.
      location.assign(url);
    } catch (error) {
      setState(error instanceof ApiFailure ? error : new ApiFailure(0, String(error)));
    }
  };
  return (
    <>
      <div class="actions">
        <button
          class="main"
          type="button"
          aria-disabled={state === 'asking'}
          onClick={() => state !== 'asking' && void download()}
        >
          {label}
        </button>
        {result !== undefined && (
          <span class="quiet nowrap">
            {[endingOf(result.key), formatBytes(result.size_bytes)].filter(Boolean).join(', ')}
          </span>
        )}
      </div>
      {state instanceof ApiFailure && status === 'completed' && (
        <p class="err" role="alert">
          <Mark name="failed" />
          <span>{state.message}. Try again.</span>
        </p>
      )}
    </>
  );
}

/** Why there is nothing to download. */
function obstacleOf(
  { status, artifacts }: ShownJobDocument,
  hasResult: boolean,
): string | undefined {
  if (status === 'failed') return 'The job has no result.';
  if (status !== 'completed') return 'When it is completed.';
  // `null`: the store was not asked, so that only it can tell.
  if (artifacts === null || hasResult) return undefined;
  return 'Its result is no longer in the object store.';
}
