import { useRef, useState } from 'preact/hooks';
import type { TargetedSubmitEvent } from 'preact';
import { ApiFailure } from '../data/api.js';
import { hasEnded, signIn } from '../data/session.js';
import { Mark, type MarkName } from '../kit/marks.js';
import { BrandMark } from './brand.js';
import { useTitle } from '../routing/navigation.js';

/** Takes a token, which the server puts into a cookie that no script can read. */
export function Login() {
  useTitle('Sign in');
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (isBusy || token === '') {
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      await signIn(token);
    } catch (error) {
      setProblem(problemText(error));
      field.current?.select();
    } finally {
      setBusy(false);
    }
  };
  const shown = problem ?? (hasEnded.value ? ENDED : undefined);
  return (
    <main id="main" class="page" tabIndex={-1}>
      <form class="login" onSubmit={(event) => void submit(event)}>
        <h1 class="brand">
          <BrandMark />
          mangamotion
        </h1>
        {problem === undefined && shown !== undefined && <Problem mark="warn" text={shown} />}
        <label>
          Token
          <input
            ref={field}
            type="password"
            autoComplete="current-password"
            spellcheck={false}
            aria-invalid={problem === undefined ? undefined : 'true'}
            aria-describedby={shown === undefined ? undefined : 'login-problem'}
            autoFocus
          />
        </label>
        {problem !== undefined && <Problem mark="failed" text={problem} />}
        <button class="main" type="submit" aria-disabled={isBusy}>
          Sign in
        </button>
        <p class="note">An access token of MangaMotion, or the admin’s.</p>
      </form>
    </main>
  );
}

const ENDED = 'Your session has ended. Sign in again; you come back to this page.';

function Problem({ mark, text }: { mark: MarkName; text: string }) {
  return (
    <p class="err" id="login-problem" role="alert">
      <Mark name={mark} />
      <span>{text}</span>
    </p>
  );
}

/** What to do about a failed login. */
function problemText(error: unknown): string {
  if (!(error instanceof ApiFailure)) return String(error);
  const { reason, retryAfterMs } = error;
  if (reason === 401) return 'This token is not valid. Check that all of it was copied.';
  if (reason === 429) {
    const wait = retryAfterMs === undefined ? 'Wait a minute' : `Wait ${retryAfterMs / 1000} s`;
    return `Too many tries from this address. ${wait}.`;
  }
  return `${error.message}. Try again.`;
}
