import { useEffect, useRef } from 'preact/hooks';

let isFocusWanted = false;

/** Has the next heading that is shown take the focus: a new page is read from its beginning. */
export function wantHeadFocus(): void {
  isFocusWanted = true;
}

/** The name of a page. `hidden`: only for those who hear the page. */
export function Heading({ title, hidden = false }: { title: string; hidden?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFocusWanted) return;
    isFocusWanted = false;
    scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <h1 class={hidden ? 'vh' : undefined} tabIndex={-1} ref={heading}>
      {title}
    </h1>
  );
}
