import { session, signOut } from '../data/session.js';
import type { SessionDocument } from '../data/documents.js';
import { Mark } from '../kit/marks.js';
import { clockText } from '../text/times.js';
import { PAGES, type PageId } from '../routing/addresses.js';
import { BrandMark } from './brand.js';
import { freshness } from '../kit/freshness.js';

/** Where one is, who one is, and how new what one sees is. */
export function Header({ page }: { page: PageId | undefined }) {
  const visitor = session.value;
  return (
    <header class="top">
      <a class="brand" href="/jobs">
        <BrandMark />
        mangamotion
      </a>
      {visitor !== undefined && <span class="version quiet wide-only">{visitor.version}</span>}
      <nav aria-label="Pages">
        {PAGES.filter(({ access }) => access === 'user' || visitor?.kind === 'admin').map(
          ({ id, path, title }) => (
            <a key={id} href={path} aria-current={id === page ? 'page' : undefined}>
              {title}
            </a>
          ),
        )}
      </nav>
      {visitor !== undefined && <Who visitor={visitor} />}
    </header>
  );
}

function Who({ visitor }: { visitor: SessionDocument }) {
  const name = visitor.user_id ?? 'admin';
  return (
    <div class="who">
      <Live />
      <span class="name">{visitor.auth === 'none' ? `no login: ${name}` : name}</span>
      {visitor.auth === 'token' && (
        <button class="bare" type="button" onClick={() => void signOut().catch(() => undefined)}>
          Sign out
        </button>
      )}
    </div>
  );
}

function Live() {
  const known = freshness.value;
  switch (known?.kind) {
    case undefined:
      return null;
    case 'live':
      return <span class="live">live</span>;
    case 'every':
      return <span class="live poll">every {known.seconds} s</span>;
    case 'stale':
      return (
        <span class="live stale">
          <Mark name="warn" />
          {clockText(known.asOf)}
        </span>
      );
  }
}
