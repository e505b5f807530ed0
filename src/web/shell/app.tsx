import lazy, { ErrorBoundary } from 'preact-iso/lazy';
import { LocationProvider } from 'preact-iso/router';
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiFailure } from '../data/api.js';
import { loadSession, session } from '../data/session.js';
import { waitMs } from '../data/decisions.js';
import { Heading, wantHeadFocus } from '../kit/heading.js';
import { Sprite } from '../kit/marks.js';
import { State } from '../kit/state.js';
import { addressOf, PAGES, type Address, type PageId } from '../routing/addresses.js';
import { Header } from './header.js';
import { Login } from './login.js';
import { useNavigation, useTitle } from '../routing/navigation.js';

/** What a page is given: the part of the path below it. */
interface PageProps {
  item: string | undefined;
}

interface LazyPage {
  (props: PageProps): preact.JSX.Element;
  preload(): Promise<unknown>;
}

/** The code of a page is loaded when it is first shown. */
const COMPONENTS: Readonly<Record<PageId, LazyPage>> = {
  jobs: page(() => import('../pages/jobs.js')),
  billing: page(() => import('../pages/billing.js')),
  users: page(() => import('../pages/users.js')),
  backups: page(() => import('../pages/backups.js')),
  schedule: page(() => import('../pages/schedule.js')),
};

function page(load: () => Promise<{ default: ComponentType<PageProps> }>): LazyPage {
  return lazy(() => load().catch(() => ({ default: NotLoaded }))) as unknown as LazyPage;
}

/** The server was renewed since this tab was opened, or is away. */
function NotLoaded() {
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Heading title="Not loaded" hidden />
      <State mark="warn" kind="near" title="This page could not be loaded">
        <p>The server may have been renewed since this tab was opened.</p>
        <button type="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </State>
    </main>
  );
}

/** Everything but `/api`, which the browser fetches by itself. */
const OURS = /^\/(?!api\/)/;

export function App() {
  return (
    <LocationProvider scope={OURS}>
      <Sprite />
      <Shell />
    </LocationProvider>
  );
}

function Shell() {
  const { path, replace } = useNavigation();
  const address = addressOf(path);
  const problem = useSession(address?.page.id);
  const visitor = session.value;
  const isLogin = path === '/login';
  const canEnter = visitor !== undefined && visitor.kind !== 'nobody';
  useEffect(() => {
    if (isLogin && canEnter) replace(PAGES[0].path);
  }, [isLogin, canEnter]);
  if (problem !== undefined && visitor === undefined) return <NoServer failure={problem} />;
  if (visitor === undefined) return null;
  // In the place of the page that was wanted, which is shown after the login.
  if (!canEnter) return visitor.auth === 'proxy' ? <NotNamed /> : <Login />;
  if (isLogin) return null;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header page={address?.page.id} />
      <ErrorBoundary>
        <Content address={address} isAdmin={visitor.kind === 'admin'} name={visitor.user_id} />
      </ErrorBoundary>
    </>
  );
}

/** Asks who the visitor is until there is an answer, while the code of the page loads. */
function useSession(page: PageId | undefined): ApiFailure | undefined {
  const [failure, setFailure] = useState<ApiFailure>();
  const failures = useRef(0);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        await loadSession(abort.signal);
        setFailure(undefined);
      } catch (error) {
        if (abort.signal.aborted || !(error instanceof ApiFailure)) return;
        // The cookie is no longer valid.
        if (error.reason === 401) {
          session.value = { kind: 'nobody', user_id: null, auth: 'token', version: '' };
          return;
        }
        setFailure(error);
        failures.current += 1;
        const wait = waitMs(failures.current, error.retryAfterMs, Math.random());
        timer = setTimeout(() => void load(), wait);
      }
    };
    if (page !== undefined) void COMPONENTS[page].preload().catch(() => undefined);
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, []);
  return failure;
}

function Content({
  address,
  isAdmin,
  name,
}: {
  address: Address | undefined;
  isAdmin: boolean;
  name: string | null;
}) {
  useFocusOnHead(address?.page.id);
  if (address === undefined) return <NoPage />;
  const { page: shown, item } = address;
  if (shown.access === 'admin' && !isAdmin)
    return <NoRights title={shown.title} name={name ?? ''} />;
  const Page = COMPONENTS[shown.id];
  return <Page item={item} />;
}

/** A new page is read from its beginning. The first one is by itself. */
function useFocusOnHead(page: PageId | undefined): void {
  const shown = useRef<PageId | 'none' | undefined>('none');
  if (shown.current !== page) {
    if (shown.current !== 'none') wantHeadFocus();
    shown.current = page;
  }
}

function NoRights({ title, name }: { title: string; name: string }) {
  useTitle(title);
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Heading title={title} hidden />
      <State mark="unknown" title="This page is for admins">
        <p>You are signed in as {name}, who has Jobs and Billing.</p>
        <a class="btn" href="/jobs">
          To your jobs
        </a>
      </State>
    </main>
  );
}

function NoPage() {
  useTitle('No such page');
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Heading title="No such page" hidden />
      <State mark="unknown" title="There is no page at this address">
        <a class="btn" href="/jobs">
          To the jobs
        </a>
      </State>
    </main>
  );
}

function NotNamed() {
  useTitle('Not signed in');
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Heading title="Not signed in" hidden />
      <State mark="failed" kind="failed" title="You are not signed in">
        <p>The proxy in front of this server signs people in, and has not said who you are.</p>
      </State>
    </main>
  );
}

function NoServer({ failure }: { failure: ApiFailure }) {
  useTitle('No answer');
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Heading title="No answer" hidden />
      <State mark="failed" kind="failed" title={failure.message}>
        <p role="status">It is tried again until there is an answer.</p>
      </State>
    </main>
  );
}
