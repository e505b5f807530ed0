import { useEffect, useRef } from 'preact/hooks';

let isWanted = false;

/** Has the next heading of a page take the focus: a new page is read from its beginning. */
export function wantHeadFocus(): void {
  isWanted = true;
}

/** For the heading of a page: it takes the focus when it is shown, if that is wanted. */
export function useHeadFocus() {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isWanted) return;
    isWanted = false;
    scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}
