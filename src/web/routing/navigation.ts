import { useLocation } from 'preact-iso/router';
import { useEffect } from 'preact/hooks';
import { addressText } from './addresses.js';

type Parameters = Readonly<Record<string, string | undefined>>;

/** Where the page is, and how it goes elsewhere. Back returns, except over what was replaced. */
export function useNavigation() {
  const { path, query, route } = useLocation();
  return {
    path,
    query: query as Readonly<Record<string, string | undefined>>,
    go: (href: string) => route(href),
    replace: (href: string) => route(href, true),
    /** An address of this page with other parameters; `undefined` removes one. */
    withQuery: (change: Parameters, to: string = path) =>
      addressText(to, { ...(query as Parameters), ...change }),
  };
}

/** The title of the window. */
export function useTitle(...parts: readonly string[]): void {
  const text = [...parts, 'mangamotion'].join(', ');
  useEffect(() => {
    document.title = text;
  }, [text]);
}
