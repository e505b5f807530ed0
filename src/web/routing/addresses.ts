/** Every page, in the order of the header. */
export const PAGES = [
  { id: 'jobs', path: '/jobs', title: 'Jobs', access: 'user' },
  { id: 'billing', path: '/billing', title: 'Billing', access: 'user' },
  { id: 'users', path: '/users', title: 'Users', access: 'admin' },
  { id: 'backups', path: '/backups', title: 'Backups', access: 'admin' },
  { id: 'schedule', path: '/schedule', title: 'Schedule', access: 'admin' },
] as const;
type Page = (typeof PAGES)[number];
export type PageId = Page['id'];

/** The paths that the server answers with the document. `/*` stands for all paths below. */
export const documentPaths: readonly string[] = [
  '/',
  '/login',
  ...PAGES.map(({ path }) => path),
  '/jobs/*',
];

export interface Address {
  page: Page;
  /** What the path names below its page, decoded: the id of a job. */
  item: string | undefined;
}

/** Returns the page of a path, `undefined` for one that has none. `/` is the first page. */
export function addressOf(path: string): Address | undefined {
  const [, name = '', ...rest] = path.split('/');
  const page = name === '' ? PAGES[0] : PAGES.find(({ id }) => id === name);
  if (page === undefined) return undefined;
  const item = decoded(rest.join('/'));
  if (item === '') return { page, item: undefined };
  return page.id === 'jobs' && item !== undefined ? { page, item } : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Returns an address of this page, with the parameters in the order given. Those that are empty or
 * `undefined` are left out.
 */
export function addressText(
  path: string,
  parameters: Readonly<Record<string, string | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== '') query.set(name, value);
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
